import { softmaxRows } from '../bundle/calibrated.ts';
import { CLASS_COUNT } from '../labels.ts';

/** Mean negative log likelihood, nats. */
export const negativeLogLikelihood = (scores: Float32Array, labels: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < labels.length; i++)
    sum -= Math.log(Math.max(1e-12, scores[i * CLASS_COUNT + labels[i]!]!));
  return labels.length === 0 ? 0 : sum / labels.length;
};

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The temperature with the least negative log likelihood (Guo et al. 2017), by golden section over ln T in [ln .05, ln 20]. */
export const fitTemperature = (logits: Float32Array, labels: ArrayLike<number>): number => {
  const loss = (logT: number): number => negativeLogLikelihood(softmaxRows(logits, Math.exp(logT)), labels);
  let low = Math.log(0.05);
  let high = Math.log(20);
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let leftLoss = loss(left);
  let rightLoss = loss(right);
  while (high - low > 1e-6) {
    if (leftLoss <= rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - GOLDEN * (high - low);
      leftLoss = loss(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + GOLDEN * (high - low);
      rightLoss = loss(right);
    }
  }
  return Math.exp((low + high) / 2);
};

export const ECE_BINS = 15;
export type ReliabilityBin = {
  readonly confidence: number;
  readonly accuracy: number;
  readonly count: number;
};

/** Equal-width confidence bins, empty ones left out (Naeini et al. 2015). */
export const reliabilityBins = (
  scores: Float32Array,
  labels: ArrayLike<number>,
  rows?: ArrayLike<number>,
): ReliabilityBin[] => {
  const bins = Array.from({ length: ECE_BINS }, () => ({ confidence: 0, hits: 0, count: 0 }));
  const count = rows?.length ?? labels.length;
  for (let k = 0; k < count; k++) {
    const row = rows ? rows[k]! : k;
    let best = 0;
    for (let c = 1; c < CLASS_COUNT; c++) {
      if (scores[row * CLASS_COUNT + c]! > scores[row * CLASS_COUNT + best]!) best = c;
    }
    const confidence = scores[row * CLASS_COUNT + best]!;
    const bin = bins[Math.min(ECE_BINS - 1, Math.floor(confidence * ECE_BINS))]!;
    bin.confidence += confidence;
    bin.hits += best === labels[row] ? 1 : 0;
    bin.count++;
  }
  return bins.flatMap(({ confidence, hits, count: size }) =>
    size === 0 ? [] : [{ confidence: confidence / size, accuracy: hits / size, count: size }],
  );
};

/** Expected calibration error over 15 bins: sum of n_b / n |accuracy_b - confidence_b| (Guo et al. 2017, eq. 3). */
export const expectedCalibrationError = (
  scores: Float32Array,
  labels: ArrayLike<number>,
  rows?: ArrayLike<number>,
): number => {
  const bins = reliabilityBins(scores, labels, rows);
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  return bins.reduce((sum, bin) => sum + (bin.count / total) * Math.abs(bin.accuracy - bin.confidence), 0);
};
