import { z } from 'zod';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '../encoding/canonical.ts';
import { describeIssues } from '../encoding/issues.ts';
import { TrailError } from '../errors.ts';
import { address, count, digest } from '../record/fields.ts';

const proof = z.array(digest).max(63);
const base64 = z
  .string()
  // First: what is far longer would only end in the pattern's own limits.
  .max(1_400_000, { abort: true })
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
/** Notes of our logs are ASCII but for the em dash, so what Unicode version a reader knows cannot matter. */
const noteText = z
  .string()
  .regex(/^[\n\x20-\x7e\u2014]+$/)
  .max(262_144);
const MAX_EVIDENCE_BYTES = 32 * 1024 * 1024;

const evidenceSchema = z.strictObject({
  type: z.literal('testigo.evidence'),
  version: z.literal(1),
  /** The record's canonical bytes. */
  record: base64,
  /** Tells a changed record from a changed proof. A verifier never uses it in place of the record's own hash. */
  leafHash: digest.optional(),
  leafIndex: count,
  /** In the log of the checkpoint's size, leaf end first. */
  inclusionProof: proof,
  /** Signed note. */
  checkpoint: noteText,
  /** Absent while no anchor covers the record. */
  anchor: z
    .strictObject({
      chainId: count,
      registry: address,
      logId: digest,
      size: count,
      root: digest,
      transaction: z.string().regex(/^0x[0-9a-f]{64}$/),
      blockNumber: count,
      /** Between the checkpoint and the anchor, from the smaller size to the larger. */
      consistencyProof: proof,
    })
    .optional(),
  /** Canonical bytes; absent for records that name no model. */
  modelManifest: base64.optional(),
  /** The DSSE envelope of the dataset manifest, as JSON text. */
  datasetEnvelope: z
    .string()
    .regex(/^[\n\x20-\x7e]+$/)
    .max(1_400_000)
    .optional(),
  /** Chosen openings of the record's commitments; `value` is base64. */
  disclosures: z
    .array(
      z.strictObject({ field: z.string().regex(/^[a-z][a-zA-Z0-9]{0,31}$/), salt: digest, value: base64 }),
    )
    .max(32),
});

/** Everything needed to verify one record offline, but the pinned trust and the chain (docs/spec/evidence-bundle.md). */
export type EvidenceBundle = z.infer<typeof evidenceSchema>;

function check(value: unknown): EvidenceBundle {
  const parsed = evidenceSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-evidence', describeIssues(parsed.error));
  const fields = parsed.data.disclosures.map(({ field }) => field);
  if (new Set(fields).size !== fields.length)
    throw new TrailError('bad-evidence', 'A field is disclosed twice.');
  return parsed.data;
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_EVIDENCE_BYTES)
    throw new TrailError('too-large', `An evidence bundle has at most ${MAX_EVIDENCE_BYTES} bytes.`);
  return bytes;
}

/** @throws TrailError `bad-evidence` or `too-large` */
export const encodeEvidenceBundle = (bundle: EvidenceBundle): Uint8Array =>
  checkSize(encodeCanonical(check(bundle) as unknown as CanonicalValue));

/**
 * One trailing newline is allowed, as editors add it.
 * @throws TrailError `not-canonical`, `bad-evidence` or `too-large`
 */
export const parseEvidenceBundle = (bytes: Uint8Array): EvidenceBundle =>
  check(decodeCanonical(checkSize(bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes)));
