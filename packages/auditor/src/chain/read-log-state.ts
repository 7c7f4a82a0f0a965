import { toSeconds } from './read-logs.ts';
import { bare, type RegistryReader } from './registry-reader.ts';

export interface LogState {
  readonly head?: { readonly size: number; readonly root: string };
  readonly isStale?: boolean;
  /** Seconds since 1970. */
  readonly frozenAt?: number;
}

/** Head, staleness and freeze of a log, at the latest block: an alarm should not wait for finality. */
export async function readLogState(reader: RegistryReader, logId: string): Promise<LogState> {
  const [head, stale, log] = await Promise.all([
    reader.call('headOf', logId, 'latest'),
    reader.call('isStale', logId, 'latest'),
    reader.call('logOf', logId, 'latest'),
  ]);
  const frozenAt = toSeconds((log?.[0] as { frozenAt?: bigint } | undefined)?.frozenAt ?? 0n);
  return {
    ...(head && { head: { size: Number(head[0]), root: bare(String(head[1])) } }),
    ...(stale && { isStale: Boolean(stale[0]) }),
    ...(frozenAt > 0 && { frozenAt }),
  };
}
