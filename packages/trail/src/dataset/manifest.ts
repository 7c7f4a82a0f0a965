// The dataset manifest: an in-toto Statement v1 (https://in-toto.io/Statement/v1) in a DSSE envelope.
import { z } from 'zod';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '../encoding/canonical.ts';
import { describeIssues } from '../encoding/issues.ts';
import { TrailError } from '../errors.ts';
import { type Hash, sha256 } from '../log/hashing.ts';
import { count, digest, seconds, token } from '../record/fields.ts';

export const DATASET_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const DATASET_PREDICATE_TYPE = 'https://testigo.example/dataset-manifest/v1';

const statementSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  predicateType: z.literal(DATASET_PREDICATE_TYPE),
  subject: z.tuple([z.strictObject({ name: token, digest: z.strictObject({ 'rfc6962-sha256': digest }) })]),
  predicate: z.strictObject({
    version: z.literal(1),
    name: token,
    size: count,
    labels: z.array(token).min(2).max(64),
    /** How many live samples each split and label has: `splits[split][label]`. */
    splits: z.record(token, z.record(token, count)),
    /** Samples that trained the model: RFC 6962 root over the chosen leaves, in order. */
    selection: z.strictObject({ root: digest, size: count }),
    licence: token,
    sources: z.array(token).min(1).max(64),
    collectedAt: seconds,
    /** SHA-256 of the Croissant metadata file, where there is one. */
    croissant: digest.optional(),
  }),
});

export type DatasetStatement = z.infer<typeof statementSchema>;

export interface DatasetDescription {
  readonly name: string;
  /** Hex. */
  readonly root: string;
  readonly size: number;
  readonly labels: readonly string[];
  readonly splits: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly selection: { readonly root: string; readonly size: number };
  readonly licence: string;
  readonly sources: readonly string[];
  readonly collectedAt: number;
  readonly croissant?: string;
}

function check(value: unknown): DatasetStatement {
  const parsed = statementSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-manifest', describeIssues(parsed.error));
  return parsed.data;
}

/** @throws TrailError `bad-manifest` */
export function buildDatasetManifest({ root, ...predicate }: DatasetDescription): DatasetStatement {
  return check({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: DATASET_PREDICATE_TYPE,
    subject: [{ name: predicate.name, digest: { 'rfc6962-sha256': root } }],
    predicate: { version: 1, ...predicate },
  });
}

/** The payload to sign. @throws TrailError `bad-manifest` */
export const encodeDatasetManifest = (statement: DatasetStatement): Uint8Array =>
  encodeCanonical(check(statement) as unknown as CanonicalValue);

/** @throws TrailError `not-canonical` or `bad-manifest` */
export const parseDatasetManifest = (payload: Uint8Array): DatasetStatement =>
  check(decodeCanonical(payload));

/** What the custodian approves on chain: SHA-256 of the payload. */
export const datasetManifestDigest = (payload: Uint8Array): Hash => sha256(payload);

export const datasetRootIn = (statement: DatasetStatement): string =>
  statement.subject[0].digest['rfc6962-sha256'];
