import { formatCalibration } from '../bundle/calibrated.ts';
import type { BundleEvaluation } from './evaluate-bundle.ts';
import type { Interval } from './interval.ts';

const percent = (share: number): string => (100 * share).toFixed(1);
const range = ([low, high]: Interval): string => `[${percent(low)}, ${percent(high)}]`;
const share = (value: number, interval: Interval): string => `${percent(value)} % ${range(interval)}`;

/** Precision, recall and F1 in the layout of scikit-learn's classification_report. */
export const formatClassReport = (evaluation: BundleEvaluation): string => {
  const classes = Object.entries(evaluation.perClass);
  const width = Math.max(12, ...classes.map(([name]) => name.length));
  const cells = (name: string, values: readonly string[]): string =>
    `${name.padStart(width)} ${values.map((value) => value.padStart(10)).join('')}`;
  const decimals = (value: number): string => value.toFixed(2);
  const mean = (pick: 'precision' | 'recall' | 'f1', isWeighted: boolean): number => {
    const used = classes.filter(([, c]) => isWeighted || c.support > 0);
    const weights = used.map(([, c]) => (isWeighted ? c.support : 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return used.reduce((sum, [, c], i) => sum + c[pick] * weights[i]!, 0) / Math.max(1, total);
  };
  const average = (name: string, isWeighted: boolean): string =>
    cells(name, [
      ...(['precision', 'recall', 'f1'] as const).map((pick) => decimals(mean(pick, isWeighted))),
      String(evaluation.count),
    ]);
  return [
    cells('', ['precision', 'recall', 'f1-score', 'support']),
    '',
    ...classes.map(([name, c]) =>
      cells(name, [decimals(c.precision), decimals(c.recall), decimals(c.f1), String(c.support)]),
    ),
    '',
    cells('accuracy', ['', '', decimals(evaluation.accuracy), String(evaluation.count)]),
    average('macro avg', false),
    average('weighted avg', true),
  ].join('\n');
};

const formatConfusion = ({ labels, confusion }: BundleEvaluation): string =>
  [
    `${''.padStart(10)}${labels.map((name) => name.slice(0, 8).padStart(9)).join('')}   (columns: predicted)`,
    ...confusion.map(
      (row, c) => `${labels[c]!.padStart(10)}${row.map((n) => String(n).padStart(9)).join('')}`,
    ),
  ].join('\n');

const formatTrust = ({ calibration, conformal, selective, ece, eceInterval }: BundleEvaluation): string[] => [
  `ECE-15             ${ece.toFixed(4)} [${eceInterval.map((v) => v.toFixed(4)).join(', ')}] after ${formatCalibration(calibration)}; ${calibration.eceBefore.toFixed(4)} before`,
  `NLL                ${calibration.nllAfter.toFixed(4)} after, ${calibration.nllBefore.toFixed(4)} before`,
  ...(conformal
    ? [
        `conformal sets     cover ${share(conformal.coverage, conformal.coverageInterval)}, ${percent(conformal.target)} % promised; ${conformal.meanSetSize.toFixed(2)} labels a set; ${conformal.setSizes.map((s, size) => `${size}: ${percent(s)} %`).join(', ')}`,
      ]
    : ['conformal sets     none: the bundle has no quantile']),
  ...selective.map(
    (point) =>
      `kept ${percent(point.coverage).padStart(5)} %       ${share(point.accuracy, point.accuracyInterval)} right, from confidence ${point.threshold.toFixed(3)}`,
  ),
];

/** The evaluation as a page of text. */
export const formatEvaluation = (evaluation: BundleEvaluation): string => {
  const { leakFree, tenCrop } = evaluation;
  return [
    `model ${evaluation.modelVersion}`,
    `data  ${evaluation.source}, split ${evaluation.split}, ${evaluation.count} pictures`,
    '',
    `accuracy           ${share(evaluation.accuracy, evaluation.accuracyInterval)}   (95 % intervals)`,
    `macro F1           ${share(evaluation.macroF1, evaluation.macroF1Interval)}`,
    leakFree
      ? `leak-free          ${share(leakFree.accuracy, leakFree.accuracyInterval)}, macro F1 ${share(leakFree.macroF1, leakFree.macroF1Interval)}; ${leakFree.removed} of ${evaluation.count} have an exact copy in training (known from: ${leakFree.knownFrom.join(', ')})`
      : evaluation.copies > 0
        ? `leak-free          nothing left to measure: all ${evaluation.copies} have an exact copy in training`
        : 'leak-free          unknown: neither bundle nor file says what trained the model',
    ...(tenCrop
      ? [
          `ten-crop           ${share(tenCrop.accuracy, tenCrop.accuracyInterval)}, macro F1 ${share(tenCrop.macroF1, tenCrop.macroF1Interval)}${tenCrop.leakFree ? `; leak-free ${share(tenCrop.leakFree.accuracy, tenCrop.leakFree.accuracyInterval)}` : ''}`,
        ]
      : []),
    '',
    formatClassReport(evaluation),
    '',
    formatConfusion(evaluation),
    '',
    ...formatTrust(evaluation),
    '',
  ].join('\n');
};
