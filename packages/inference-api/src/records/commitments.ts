import { commitField, deriveSalt, toHex } from '@testigo/trail';

/** A committed field in the clear: text, exactly as its commitment hashes it. */
export type FieldValues = Readonly<Record<string, string>>;

/** Hex commitments for a record, one salt a field (docs/spec/commitments.md). */
export const commitFields = <F extends FieldValues>(
  subjectKey: Uint8Array,
  recordId: string,
  values: F,
): { [K in keyof F]: string } => {
  const committed = Object.entries(values).map(([name, value]) => {
    const salt = deriveSalt(subjectKey, recordId, name);
    return [name, toHex(commitField({ salt, name, value }))];
  });
  return Object.fromEntries(committed) as { [K in keyof F]: string };
};
