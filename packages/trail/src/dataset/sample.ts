import { z } from 'zod';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '../encoding/canonical.ts';
import { describeIssues } from '../encoding/issues.ts';
import { TrailError } from '../errors.ts';
import { type Hash, hashLeaf } from '../log/hashing.ts';
import { computeRoot } from '../log/verify.ts';
import { count, digest, token } from '../record/fields.ts';

const sampleSchema = z.strictObject({
  type: z.literal('sample'),
  version: z.literal(1),
  /** Position in the dataset tree. */
  index: count,
  /** Stable name, for instance `fer2013:28709`. */
  id: token,
  /** SHA-256 of the source's own bytes (the file, or the CSV row's pixel text). */
  contentSha256: digest,
  /** SHA-256 of the decoded grey pixels, row-major: the same for every file format. */
  pixelsSha256: digest,
  /** One of the manifest's labels. */
  label: token,
  split: token,
  source: token,
  licence: token,
  /** Index of an earlier leaf that this one corrects. Leaves are never changed in place. */
  supersedes: count.optional(),
  /** This leaf withdraws the one it supersedes. */
  tombstone: z.literal(true).optional(),
});

/** One training image and its label, without its pixels. */
export type Sample = z.infer<typeof sampleSchema>;

function check(value: unknown): Sample {
  const parsed = sampleSchema.safeParse(value);
  if (!parsed.success) throw new TrailError('bad-sample', describeIssues(parsed.error));
  const sample = parsed.data;
  if (sample.supersedes !== undefined && sample.supersedes >= sample.index)
    throw new TrailError('bad-sample', `Sample ${sample.index} supersedes a later one.`);
  if (sample.tombstone && sample.supersedes === undefined)
    throw new TrailError('bad-sample', `Tombstone ${sample.index} names no sample.`);
  return sample;
}

/** @throws TrailError `bad-sample` */
export const encodeSample = (sample: Sample): Uint8Array =>
  encodeCanonical(check(sample) as unknown as CanonicalValue);

/** @throws TrailError `not-canonical` or `bad-sample` */
export const parseSample = (bytes: Uint8Array): Sample => check(decodeCanonical(bytes));

export const hashSample = (sample: Sample): Hash => hashLeaf(encodeSample(sample));

/**
 * The samples that count: neither superseded nor tombstones. One id has one history, each leaf superseding the one
 * before, or a second label for the same picture could sit in the dataset unseen.
 * @throws TrailError `bad-sample` if an index is not its position or a history branches
 */
export function selectLiveSamples(samples: readonly Sample[]): Sample[] {
  const newest = new Map<string, Sample>();
  samples.forEach((sample, i) => {
    if (sample.index !== i)
      throw new TrailError('bad-sample', `Sample ${i} says its index is ${sample.index}.`);
    if (newest.get(sample.id)?.index !== sample.supersedes)
      throw new TrailError(
        'bad-sample',
        `Sample ${i} (${sample.id}) must supersede the newest leaf of its id, and nothing else.`,
      );
    newest.set(sample.id, sample);
  });
  return samples.filter((sample) => newest.get(sample.id) === sample && !sample.tombstone);
}

/** RFC 6962 root over all the samples in order. @throws TrailError `bad-sample`, as {@link selectLiveSamples} */
export function datasetRootOf(samples: readonly Sample[]): Hash {
  selectLiveSamples(samples);
  return computeRoot(samples.map(hashSample));
}
