import { findLabelErrors, type LabelReport, scoreContradiction } from './detectors/confident-learning.ts';
import { type EmbeddingSpace, reduceEmbeddings } from './detectors/embedding-space.ts';
import { measureMahalanobis } from './detectors/mahalanobis.ts';
import { findDisbelieved, scoreAreaUnderMargin, scoreEarlyLoss } from './detectors/training-dynamics.ts';
import { scoreStrip } from './detectors/trigger-inversion.ts';
import type { EvidenceFile } from './evidence-file.ts';
import { robustScaleOf } from './numeric/robust.ts';
import type { TaskPool } from './parallel/pool.ts';
import type { SampleSet } from './sample-set.ts';

/** Detectors that read a network's outputs. */
export const NETWORK_DETECTORS = [
  'label-contradiction',
  'neighbour-contradiction',
  'neighbour-reach',
  'mahalanobis',
  'area-under-margin',
  'early-loss',
  'strip',
  'label-error',
] as const;
export type NetworkDetector = (typeof NETWORK_DETECTORS)[number];

export type NetworkReport = {
  /** High is suspicious; only what the evidence allows is there. */
  readonly scores: Readonly<Partial<Record<NetworkDetector, Float64Array>>>;
  readonly labels: LabelReport;
  /**
   * Rows below the fake class's margin whose label is likelier wrong than right out of fold too: alone, the threshold
   * also doubts labels that a crowd confirms. None where the evidence has no fake class.
   */
  readonly disbelieved: readonly number[];
};

/** Rows a neighbour task handles: small enough to share out evenly, and fixed, whatever the number of threads. */
const BLOCK_ROWS = 1024;

/** Detectors B and D, and E and F where the evidence carries what they read. */
export async function analyseNetwork(
  set: SampleSet,
  evidence: EvidenceFile,
  group: Uint32Array,
  pool: TaskPool,
): Promise<NetworkReport> {
  const labels = findLabelErrors(evidence.probabilities, set.labels);
  // an attacker changes labels that the network has seen right: here, unlike for errors, what it remembers helps
  const contradicted = scoreContradiction(joinReadings(evidence), set.labels);
  const space = shareSpace(reduceEmbeddings(evidence.embeddings, evidence.embeddingSize));
  const starts = Array.from({ length: Math.ceil(set.size / BLOCK_ROWS) }, (_, k) => k * BLOCK_ROWS);
  const blocks = await Promise.all(
    starts.map((from) => {
      const to = Math.min(from + BLOCK_ROWS, set.size);
      return pool.run('neighbours', { space, labels: set.labels, group, from, to });
    }),
  );
  const contradiction = new Float64Array(set.size);
  const reach = new Float64Array(set.size);
  blocks.forEach((block, k) => {
    contradiction.set(block.contradiction, starts[k]!);
    reach.set(block.reach, starts[k]!);
  });
  const optional = {
    ...(evidence.margin === undefined ? {} : { 'area-under-margin': scoreAreaUnderMargin(evidence.margin) }),
    ...(evidence.loss === undefined ? {} : { 'early-loss': scoreEarlyLoss(evidence.loss, set.size) }),
    ...(evidence.strip === undefined ? {} : { strip: scoreStrip(evidence.strip).scores }),
  };
  const scores = {
    'label-contradiction': contradicted,
    'label-error': labels.errorScores,
    'neighbour-contradiction': contradiction,
    'neighbour-reach': standardise(reach),
    mahalanobis: standardise(measureMahalanobis(evidence.embeddings, evidence.embeddingSize, set.labels)),
    ...optional,
  };
  const { margin, fakeMargin } = evidence;
  const hasFakes = margin !== undefined && fakeMargin !== undefined && fakeMargin.length > 0;
  const disbelieved = hasFakes ? findDisbelieved(margin, fakeMargin) : [];
  return { scores, labels, disbelieved: disbelieved.filter((row) => labels.errorScores[row]! > 0) };
}

/** Mean of what the evidence's predictors say. */
function joinReadings({ probabilities, headProbabilities }: EvidenceFile): Float32Array {
  if (headProbabilities === undefined) return probabilities;
  return probabilities.map((p, i) => (p + headProbabilities[i]!) / 2);
}

/** Robust z of the whole set's distances: its median is a face like the others. */
function standardise(values: Float64Array): Float64Array {
  const { centre, spread } = robustScaleOf(values);
  return values.map((value) => (value - centre) / spread);
}

function shareSpace(space: EmbeddingSpace): EmbeddingSpace {
  const vectors = new Float32Array(new SharedArrayBuffer(space.vectors.byteLength));
  vectors.set(space.vectors);
  return { ...space, vectors };
}
