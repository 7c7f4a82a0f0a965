// docs/spec/training-transcript.md: the chain that a training run leaves behind.
import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  type ModelManifest,
  sha256,
  toHex,
} from '@testigo/trail';
import { z } from 'zod';
import { makeFinding } from '../findings/table.ts';
import { attempt, type Checked } from '../verify/checked.ts';

export const digest = z.string().regex(/^[0-9a-f]{64}$/);
export const step = z.int().min(0);
export const entrySchema = z.strictObject({
  step,
  weights: digest,
  optimizer: digest,
  batches: digest,
  lossPpm: z.int(),
  head: digest,
});
const transcriptSchema = z.strictObject({
  type: z.literal('testigo.training-transcript'),
  version: z.literal(1),
  config: digest,
  data: digest,
  weights: digest,
  entries: z.array(entrySchema).min(1),
});

export type TranscriptEntry = Readonly<z.infer<typeof entrySchema>>;
export interface Transcript extends Readonly<Omit<z.infer<typeof transcriptSchema>, 'entries'>> {
  readonly entries: readonly TranscriptEntry[];
  /** h(0): of the start, before the first entry. */
  readonly startHead: string;
  readonly head: string;
}

const hashOf = (value: CanonicalValue): string => toHex(sha256(encodeCanonical(value)));

/** Recomputes every head and holds the last one to the manifest. Bytes are undefined where there is no such file. */
export function checkTranscript(
  bytes: Uint8Array | undefined,
  { training }: Pick<ModelManifest, 'training'>,
  source: string,
): Checked<Transcript> {
  const named = training.transcript;
  if (bytes === undefined || named === undefined) {
    const seen = named === undefined ? 'the manifest names no transcript' : 'no such file';
    return { findings: [makeFinding('transcript-missing', { seen, source })] };
  }
  const read = attempt(() => transcriptSchema.parse(decodeCanonical(bytes)));
  if ('reason' in read)
    return { findings: [makeFinding('transcript-malformed', { seen: read.reason, source })] };
  const { config, data, weights, entries } = read.value;
  const startHead = hashOf({ config, data, weights });
  const broken = findBreak(entries, startHead);
  if (broken !== undefined) return { findings: [makeFinding('transcript-broken', { ...broken, source })] };
  const { head } = entries.at(-1)!;
  if (head !== named) {
    const compared = { expected: `head ${named}`, seen: `head ${head}`, source };
    return { findings: [makeFinding('transcript-head-mismatch', compared)] };
  }
  if (config !== training.config) {
    const compared = { expected: `configuration ${training.config}`, seen: config, source };
    return { findings: [makeFinding('transcript-config-mismatch', compared)] };
  }
  const seen = `${entries.length} segments to step ${entries.at(-1)!.step}`;
  return {
    findings: [makeFinding('transcript-chained', { expected: `head ${named}`, seen, source })],
    value: { ...read.value, startHead, head },
  };
}

function findBreak(
  entries: readonly TranscriptEntry[],
  startHead: string,
): { readonly expected: string; readonly seen: string } | undefined {
  let previous = { head: startHead, step: 0 };
  for (const [i, { head, ...entry }] of entries.entries()) {
    const follows = hashOf({ previous: previous.head, ...entry });
    if (head !== follows) return { expected: `head ${follows} at entry ${i}`, seen: `head ${head}` };
    if (entry.step < previous.step)
      return { expected: `at least step ${previous.step} at entry ${i}`, seen: `step ${entry.step}` };
    previous = { head, step: entry.step };
  }
  return undefined;
}
