import { advance, beginRun, finishRun, type LoopRequest, type Run } from './loop.ts';
import { hashTensors, headOfStart, type TranscriptEntry, type TranscriptFile } from './transcript.ts';

/** What re-running a segment gave; see docs/spec/training-transcript.md. */
export type Replayed = {
  /** Step of the stored state it was re-run from. */
  readonly began: number;
  readonly from: Pick<TranscriptEntry, 'step' | 'head' | 'weights'> & { readonly optimizer?: string };
  readonly to: TranscriptEntry;
  /** Of the last segment: the weights that the run gives. */
  readonly weights: readonly Float32Array[] | null;
};

/** Step at which a segment begins. */
export const startOf = ({ entries }: Pick<TranscriptFile, 'entries'>, segment: number): number =>
  segment === 0 ? 0 : entries[segment - 1]!.step;

/** Tensors of a run that was restored just at the segment's beginning; else its entry is made anew on the way. */
const hashRestored = async ({ request: { engine }, transcript }: Run, segment: number) =>
  segment > 0 && transcript.entries.length === segment
    ? {
        weights: hashTensors(await engine.readWeights()),
        optimizer: hashTensors(await engine.readOptimizer()),
      }
    : {};

/**
 * Re-runs a piece of a run: `request.resume` is a state from the segment's beginning or before it, or nothing for the
 * run's beginning. `count` is the number of segments there are.
 */
export async function replaySegment(
  request: LoopRequest,
  { segment, count }: { readonly segment: number; readonly count: number },
): Promise<Replayed> {
  const run = await beginRun(request);
  const { transcript } = run;
  const restored = await hashRestored(run, segment);
  for await (const _ of advance(run)) if (segment < count - 1 && transcript.entries.length > segment) break;
  const result = segment === count - 1 ? await finishRun(run) : null;
  const to = transcript.entries[segment];
  if (!to || run.startedStep > startOf(transcript, segment))
    throw new Error(`segment ${segment} is not between the state at step ${run.startedStep} and the end`);
  const begun =
    segment === 0
      ? { step: 0, head: headOfStart(transcript.start), weights: transcript.start.weights }
      : transcript.entries[segment - 1]!;
  const { step, head, weights } = begun;
  const optimizer = 'optimizer' in begun ? { optimizer: begun.optimizer } : {};
  return {
    began: run.startedStep,
    from: { step, head, weights, ...optimizer, ...restored },
    to,
    weights: result?.weights ?? null,
  };
}
