import { parseVerifierKey } from '@testigo/trail';
import { z } from 'zod';
import { AuditError } from '../errors.ts';
import { countWitnesses, parseWitnessKey } from '../log/cosignature.ts';
import { attempt } from '../verify/checked.ts';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^(0x)?[0-9a-fA-F]{${bytes * 2}}$`), `${bytes} bytes as hex`);
const hexOf = (bytes: number) => hex(bytes).transform((text) => text.replace(/^0x/, '').toLowerCase());

const isParsed = (parse: (text: string) => unknown) => (text: string) =>
  'value' in attempt(() => parse(text));
const isVerifierKey = isParsed(parseVerifierKey);
const isWitnessKey = isParsed(parseWitnessKey);

/**
 * The trust file is what the auditor decided to believe before looking at any evidence: which contract on which
 * chain, with which code, and whose keys. Everything else is derived or checked. Unknown keys are rejected, so
 * that a misspelt pin cannot silently pin nothing.
 */
export const trustFileSchema = z
  .strictObject({
    chainId: z.number().int().positive(),
    registry: hexOf(20),
    /** keccak256 of the runtime code at `registry`. */
    codeHash: hexOf(32),
    /** First block an anchor can be in; saves an auditor from scanning a chain from its birth. */
    deployedAtBlock: z.number().int().nonnegative().default(0),
    logs: z
      .array(
        z.strictObject({
          origin: z.string().min(1),
          verifierKey: z.string().refine(isVerifierKey, 'a C2SP verifier key'),
        }),
      )
      .min(1),
    /** Ed25519 public keys of those who may sign a dataset manifest, 32 bytes as hex. */
    custodians: z.array(hexOf(32)).default([]),
    /** Ed25519 public keys of those whose signed verdicts on datasets count, 32 bytes as hex. */
    auditors: z.array(hexOf(32)).default([]),
    /** C2SP verifier keys of witnesses, and how many of them must have signed a checkpoint. */
    witnesses: z.array(z.string().refine(isWitnessKey, 'a C2SP witness key')).default([]),
    witnessQuorum: z.number().int().nonnegative().default(0),
  })
  .refine(
    ({ witnesses, witnessQuorum }) =>
      !witnesses.every(isWitnessKey) || witnessQuorum <= countWitnesses(witnesses),
    'witnessQuorum is more than there are witnesses',
  );

export type Trust = z.infer<typeof trustFileSchema>;

/** @throws AuditError `trust-file-invalid` with every problem listed */
export function parseTrustFile(text: string, path: string): Trust {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditError('trust-file-invalid', `${path} is not JSON`, { cause });
  }
  const result = trustFileSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new AuditError('trust-file-invalid', `${path}: ${problems.join('; ')}`);
}
