import { z } from 'zod';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '../encoding/canonical.ts';
import { describeIssues } from '../encoding/issues.ts';
import { TrailError } from '../errors.ts';
import { type Hash, sha256 } from '../log/hashing.ts';
import { count, digest, seconds, token } from '../record/fields.ts';

const ppm = z.int().min(0).max(1_000_000);
const fileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);

const modelManifestSchema = z.strictObject({
  type: z.literal('testigo.model'),
  version: z.literal(1),
  name: token,
  architecture: token,
  parameters: count,
  /** Every file of the model bundle but the manifest itself and the dataset envelope. */
  files: z
    .array(z.strictObject({ name: fileName, role: token, bytes: count, sha256: digest }))
    .min(1)
    .max(32),
  /** Output order. */
  labels: z.array(token).min(2).max(64),
  /** SHA-256 of the canonical preprocessing description. */
  preprocessing: digest,
  dataset: z.strictObject({ root: digest, size: count, manifest: digest, selection: digest }),
  training: z.strictObject({
    config: digest,
    seed: count,
    epochs: count,
    backend: token,
    /** Head of the hash-chained training transcript; absent for weights trained elsewhere. */
    transcript: digest.optional(),
    trainedAt: seconds,
  }),
  /** Named figures in ppm, for instance `publictest-accuracy`. */
  evaluation: z.record(token, ppm),
  calibration: z.strictObject({
    /** Softmax temperature times 10^6. */
    temperaturePpm: z.int().min(10_000).max(100_000_000),
    /** Label smoothing of the training, which the probabilities undo; absent for none. */
    labelSmoothingPpm: z.int().min(1).max(500_000).optional(),
    /** LAC conformal quantile: labels with probability >= 1 - q are in the set. */
    conformalQuantilePpm: ppm.optional(),
    /** 1 - alpha of the conformal set. */
    conformalCoveragePpm: ppm.optional(),
  }),
});

/** Everything that makes a model what it is; its digest is the model version (docs/spec/model-manifest.md). */
export type ModelManifest = z.infer<typeof modelManifestSchema>;

function check(value: unknown): ModelManifest {
  const parsed = modelManifestSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-manifest', describeIssues(parsed.error));
  const { files, labels } = parsed.data;
  if (new Set(files.map((file) => file.name)).size !== files.length)
    throw new TrailError('bad-manifest', 'A file is listed twice.');
  if (new Set(labels).size !== labels.length)
    throw new TrailError('bad-manifest', 'A label is listed twice.');
  return parsed.data;
}

/** @throws TrailError `bad-manifest` */
export const encodeModelManifest = (manifest: ModelManifest): Uint8Array =>
  encodeCanonical(check(manifest) as unknown as CanonicalValue);

/** @throws TrailError `not-canonical` or `bad-manifest` */
export const parseModelManifest = (bytes: Uint8Array): ModelManifest => check(decodeCanonical(bytes));

/** The model version: SHA-256 of the manifest's canonical bytes. */
export const modelVersionOf = (manifestBytes: Uint8Array): Hash => sha256(manifestBytes);
