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
  const breach = describeBreach(parsed.data);
  if (breach !== undefined) throw new TrailError('bad-manifest', breach);
  return parsed.data;
}

function describeBreach({ subject, predicate }: DatasetStatement): string | undefined {
  const { name, labels, splits, selection, size, sources } = predicate;
  if (subject[0].name !== name) return 'The subject and the predicate name different datasets.';
  if (new Set(labels).size !== labels.length) return 'A label is listed twice.';
  if (new Set(sources).size !== sources.length) return 'A source is listed twice.';
  const counts = Object.values(splits).flatMap((split) => Object.entries(split));
  if (counts.some(([label]) => !labels.includes(label))) return 'A split counts a label that is not listed.';
  const live = counts.reduce((sum, [, n]) => sum + n, 0);
  if (live > size || selection.size > live) return 'The sizes of selection, splits and dataset contradict.';
  return undefined;
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
