import { type Finding, fromHex, keyIdOf, openDsse, parseDsse, sha256, toHex } from '@testigo/trail';
import { z } from 'zod';
import { makeFinding } from '../findings/table.ts';
import { VERDICT_PAYLOAD_TYPE } from '../poisoning/dataset-verdict.ts';
import { verifyFast } from '../signing/verify-fast.ts';
import type { Trust } from '../trust/trust-file.ts';
import { attempt, type Checked } from '../verify/checked.ts';

/** The part of a dataset verdict that says what it is about and what it comes to. */
const verdictSchema = z.object({
  type: z.literal('testigo-dataset-verdict'),
  version: z.literal(1),
  conclusion: z.enum(['poisoned', 'clean', 'inconclusive']),
  samples: z.object({ size: z.number().int().positive(), rowsSha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});

export interface SignedVerdict {
  readonly conclusion: z.infer<typeof verdictSchema>['conclusion'];
  readonly samples: { readonly size: number; readonly rowsSha256: string };
  /** Hex SHA-256 of the signed bytes: what the chain gets to know of the verdict. */
  readonly digest: string;
}

/** Whose verdict is it? Without a pinned signer it is nobody's, and nothing may be published from it. */
export function checkVerdict(text: string, trust: Trust | undefined, source: string): Checked<SignedVerdict> {
  const keys = (trust?.auditors ?? []).map((key) => fromHex(key));
  const opened = attempt(() => {
    const { payload, verifiedBy } = openDsse(
      parseDsse(JSON.parse(text)),
      VERDICT_PAYLOAD_TYPE,
      keys,
      verifyFast,
    );
    const { conclusion, samples } = verdictSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
    return { verifiedBy, value: { conclusion, samples, digest: toHex(sha256(payload)) } };
  });
  if ('reason' in opened)
    return { findings: [makeFinding('verdict-malformed', { seen: opened.reason, source })] };
  const { verifiedBy, value } = opened.value;
  const expected = `a signature by ${trust?.auditors.join(' or ') || 'a pinned auditor'}`;
  if (keys.length === 0)
    return { findings: [makeFinding('verdict-auditors-unpinned', { expected, source })], value };
  const signer = trust?.auditors.find((key) => verifiedBy.includes(keyIdOf(fromHex(key))));
  const finding =
    signer === undefined
      ? makeFinding('verdict-signature-invalid', { expected, seen: 'no signature that fits', source })
      : makeFinding('verdict-signed', { expected, seen: `${value.conclusion}, signed by ${signer}`, source });
  return { findings: [finding], value };
}

/** Is the verdict about these rows? A verdict names rows, the registry a root; the samples tie the two together. */
export function checkVerdictRows(
  { samples }: SignedVerdict,
  seen: { readonly size: number; readonly rowsSha256: string },
  source: string,
): Finding {
  const describe = ({ size, rowsSha256 }: typeof seen) => `${size} rows with digest ${rowsSha256}`;
  const isSame = samples.size === seen.size && samples.rowsSha256 === seen.rowsSha256;
  return makeFinding(isSame ? 'verdict-about-samples' : 'verdict-samples-mismatch', {
    expected: describe(samples),
    seen: describe(seen),
    source,
  });
}
