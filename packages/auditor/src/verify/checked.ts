import type { Finding } from '@testigo/trail';

/** What a check found and, where it could read it, what the next check builds on. */
export interface Checked<T> {
  readonly findings: readonly Finding[];
  readonly value?: T;
}

/** Reads hostile input: the reader's exception becomes undefined, for the caller to turn into a finding. */
export function attempt<T>(read: () => T): { readonly value: T } | { readonly reason: string } {
  try {
    return { value: read() };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
