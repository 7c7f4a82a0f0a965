import {
  fitCoherentDft,
  referenceOf,
  type SpectrumSums,
  scoreCoherentDft,
  standardiseSpectra,
  sumSpectra,
} from './detectors/coherent-dft.ts';
import { fitHighPassSvd, highPassRows, scoreHighPassSvd } from './detectors/high-pass-svd.ts';
import { transformRows } from './detectors/limited-spectrum.ts';
import { FEATURES, measureResampling } from './detectors/resampling-features.ts';
import { scoreResamplingTrace } from './detectors/resampling-trace.ts';
import {
  fitSparsePixel,
  type PixelMoments,
  pixelMoments,
  scoreSparsePixel,
} from './detectors/sparse-pixel.ts';
import type { SampleSet } from './sample-set.ts';

/** What one class adds to the other classes' reference. */
export type ClassSums = {
  readonly rows: number;
  readonly spectra: SpectrumSums;
  readonly pixels: PixelMoments;
};

export const STRUCTURE_DETECTORS = [
  'high-pass-svd',
  'coherent-dft',
  'sparse-pixel',
  'resampling-trace',
] as const;
export type StructureDetector = (typeof STRUCTURE_DETECTORS)[number];

/** Scores of a class's rows, and of rows of other classes by the same model: the null to compare with. */
export type StructureScores = { readonly scores: Float64Array; readonly nullScores: Float64Array };
export type ClassStructure = Readonly<Record<StructureDetector, StructureScores>>;

/** First pass over a class. Empty classes add nothing. */
export function sumClass(set: SampleSet, rows: Uint32Array): ClassSums {
  return {
    rows: rows.length,
    spectra: sumSpectra(transformRows(set, rows)),
    pixels: pixelMoments(highPassRows(set, rows)),
  };
}

/** Fewer rows than this fit their own noise: directions then come from one half and score the other. */
const CROSS_FIT_BELOW = 1500;

/** Second pass: detectors C of one class against the sums of the others; `nullRows` are rows of the others. */
export function analyseClass(
  set: SampleSet,
  rows: Uint32Array,
  nullRows: Uint32Array,
  others: readonly ClassSums[],
): ClassStructure {
  const trace = traceResampling(set, rows, nullRows);
  if (rows.length >= CROSS_FIT_BELOW) {
    return { ...fitAndScore(set, rows, rows, nullRows, others), 'resampling-trace': trace };
  }
  const even = rows.filter((_, k) => k % 2 === 0);
  const odd = rows.filter((_, k) => k % 2 === 1);
  const first = fitAndScore(set, odd, even, nullRows, others);
  const second = fitAndScore(set, even, odd, nullRows, others);
  const join = (detector: FittedDetector): StructureScores => ({
    scores: Float64Array.from(rows, (_, k) => (k % 2 === 0 ? first : second)[detector].scores[k >> 1]!),
    // the harsher of the two models judges each null row
    nullScores: first[detector].nullScores.map((score, k) =>
      Math.max(score, second[detector].nullScores[k]!),
    ),
  });
  return {
    'high-pass-svd': join('high-pass-svd'),
    'coherent-dft': join('coherent-dft'),
    'sparse-pixel': join('sparse-pixel'),
    'resampling-trace': trace,
  };
}

type FittedDetector = Exclude<StructureDetector, 'resampling-trace'>;

/** Rows a feature that a covariance needs before its leading direction is more than noise. */
const ROWS_PER_FEATURE = 10;

/** The null is the other side of the class's own scores. Too small a class, or reference, scores 0 throughout. */
function traceResampling(set: SampleSet, rows: Uint32Array, nullRows: Uint32Array): StructureScores {
  if (Math.min(rows.length, nullRows.length) < ROWS_PER_FEATURE * FEATURES) {
    return { scores: new Float64Array(rows.length), nullScores: new Float64Array(rows.length) };
  }
  const scores = scoreResamplingTrace(measureResampling(set, rows), measureResampling(set, nullRows));
  return { scores, nullScores: scores.map((score) => -score) };
}

function fitAndScore(
  set: SampleSet,
  fitRows: Uint32Array,
  rows: Uint32Array,
  nullRows: Uint32Array,
  others: readonly ClassSums[],
): Readonly<Record<FittedDetector, StructureScores>> {
  const reference = poolMoments(others);
  const spectrumReference = referenceOf(others.map((sums) => sums.spectra));
  const load = (wanted: Uint32Array) => {
    const spectra = transformRows(set, wanted);
    standardiseSpectra(spectra, spectrumReference);
    return { residuals: highPassRows(set, wanted), spectra };
  };
  const fit = load(fitRows);
  const own = rows === fitRows ? fit : load(rows);
  const other = load(nullRows);
  const svd = fitHighPassSvd(fit.residuals, reference.mean);
  const sparse = fitSparsePixel(fit.residuals, reference);
  const coherent = fitCoherentDft(fit.spectra, other.spectra);
  return {
    'high-pass-svd': {
      scores: scoreHighPassSvd(svd, own.residuals),
      nullScores: scoreHighPassSvd(svd, other.residuals),
    },
    'coherent-dft': {
      scores: scoreCoherentDft(coherent, own.spectra),
      nullScores: scoreCoherentDft(coherent, other.spectra),
    },
    'sparse-pixel': {
      scores: scoreSparsePixel(sparse, own.residuals),
      nullScores: scoreSparsePixel(sparse, other.residuals),
    },
  };
}

/** Moments of several classes together, in class order, so that the sum is the same however classes were shared out. */
function poolMoments(parts: readonly ClassSums[]): PixelMoments {
  const size = parts[0]!.pixels.mean.length;
  const mean = new Float64Array(size);
  const deviation = new Float64Array(size);
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    let square = 0;
    for (const part of parts) {
      const m = part.pixels.mean[i]!;
      sum += part.rows * m;
      square += part.rows * (part.pixels.deviation[i]! ** 2 + m * m);
    }
    mean[i] = sum / total;
    deviation[i] = Math.sqrt(Math.max(square / total - (sum / total) ** 2, 0)) + 1e-9;
  }
  return { mean, deviation };
}

/** Rows of other classes that make the null: enough for its far tail, cheap enough for seven classes. */
const NULL_ROWS = 6000;
const NULL_ROWS_PER_ROW = 3;

/** An even spread over the rows of the other classes, in row order. */
export function pickNullRows(set: SampleSet, label: number): Uint32Array {
  const others: number[] = [];
  for (let i = 0; i < set.size; i++) if (set.labels[i] !== label) others.push(i);
  const wanted = Math.min(NULL_ROWS, NULL_ROWS_PER_ROW * (set.size - others.length));
  const count = Math.min(wanted, others.length);
  return Uint32Array.from({ length: count }, (_, k) => others[Math.floor((k * others.length) / count)]!);
}
