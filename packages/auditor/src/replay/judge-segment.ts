import { decodeCanonical, type Finding, type ModelManifest } from '@testigo/trail';
import { z } from 'zod';
import { type FindingCode, makeFinding } from '../findings/table.ts';
import { attempt } from '../verify/checked.ts';
import { digest, entrySchema, step, type Transcript } from './transcript.ts';

const segmentSchema = z.strictObject({
  type: z.literal('testigo.transcript-segment'),
  version: z.literal(1),
  segment: z.int().min(0),
  transcript: digest,
  config: digest,
  data: digest,
  backend: z.string(),
  began: step,
  from: z.strictObject({ step, head: digest, weights: digest, optimizer: digest.optional() }),
  to: entrySchema,
  weightsFile: digest.optional(),
});
type Segment = z.infer<typeof segmentSchema>;

/** The one backend that gives the same bits on every machine and number of threads. */
const EXACT = 'wasm';

export interface SegmentQuestion {
  readonly transcript: Transcript;
  readonly manifest: Pick<ModelManifest, 'training' | 'files'>;
  /** The segment that was drawn, from 0. */
  readonly index: number;
  /** The file that re-running it gave, or undefined where nobody did. */
  readonly bytes: Uint8Array | undefined;
  readonly source: string;
}

/** Does re-running a segment lead where the transcript says? docs/spec/training-transcript.md, "How it is judged". */
export function judgeSegment(question: SegmentQuestion): Finding {
  const { transcript, index, bytes, source, manifest } = question;
  const wanted = `segment ${index} of transcript ${transcript.head}`;
  if (bytes === undefined)
    return makeFinding('transcript-segment-missing', { expected: wanted, seen: 'no file', source });
  const read = attempt(() => segmentSchema.parse(decodeCanonical(bytes)));
  if ('reason' in read)
    return makeFinding('transcript-segment-malformed', { expected: wanted, seen: read.reason, source });
  const segment = read.value;
  if (segment.segment !== index || segment.transcript !== transcript.head) {
    const seen = `segment ${segment.segment} of transcript ${segment.transcript}`;
    return makeFinding('transcript-segment-malformed', { expected: wanted, seen, source });
  }
  const difference = findDifference(segment, question);
  const steps = `steps ${segment.from.step} to ${segment.to.step} on ${segment.backend}`;
  if (difference === undefined) {
    const seen = `${steps}, head ${segment.to.head}`;
    return makeFinding('transcript-segment-agrees', { expected: wanted, seen, source });
  }
  const [field, expected, seen] = difference;
  const isExact = segment.backend === EXACT && manifest.training.backend === EXACT;
  const code: FindingCode = isExact ? 'transcript-segment-differs' : 'transcript-segment-inexact';
  return makeFinding(code, { expected: `${field} ${expected}`, seen: `${seen}, ${steps}`, source });
}

type Difference = readonly [field: string, expected: string, seen: string];

function findDifference(segment: Segment, question: SegmentQuestion): Difference | undefined {
  const { transcript, manifest, index } = question;
  const { entries, startHead, weights } = transcript;
  const before = index === 0 ? { step: 0, head: startHead, weights } : entries[index - 1]!;
  const from = { step: before.step, head: before.head, weights: before.weights };
  const expected: Record<string, unknown> = {
    config: transcript.config,
    data: transcript.data,
    ...prefix('from', { ...from, ...('optimizer' in before && { optimizer: before.optimizer }) }),
    ...prefix('to', entries[index]!),
    ...(segment.weightsFile !== undefined && { weightsFile: digestOfWeights(manifest) }),
  };
  const seen: Record<string, unknown> = {
    config: segment.config,
    data: segment.data,
    ...prefix('from', segment.from),
    ...prefix('to', segment.to),
    ...(segment.weightsFile !== undefined && { weightsFile: segment.weightsFile }),
  };
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(seen)])];
  const differing = keys.find((key) => expected[key] !== seen[key]);
  return differing === undefined
    ? undefined
    : [differing, String(expected[differing]), String(seen[differing])];
}

const prefix = (name: string, fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${name}.${key}`, value]));

const digestOfWeights = ({ files }: Pick<ModelManifest, 'files'>): string =>
  files.find(({ name }) => name === 'weights.bin')?.sha256 ?? 'no weights.bin';
