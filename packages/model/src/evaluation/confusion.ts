import { CLASS_COUNT } from '../labels.ts';

/** Rows are true classes, columns predicted ones, as scikit-learn has it. */
export type Confusion = readonly (readonly number[])[];

export const countConfusion = (labels: ArrayLike<number>, predicted: ArrayLike<number>): number[][] => {
  const matrix = Array.from({ length: CLASS_COUNT }, () => new Array<number>(CLASS_COUNT).fill(0));
  for (let i = 0; i < labels.length; i++) matrix[labels[i]!]![predicted[i]!]!++;
  return matrix;
};

export type ClassFigures = {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
  readonly predicted: number;
  readonly hits: number;
};

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Precision, recall and F1 of each class; 0 where a class is never predicted or never there (zero_division=0). */
export const figuresByClass = (confusion: Confusion): ClassFigures[] =>
  confusion.map((row, c) => {
    const support = row.reduce((sum, n) => sum + n, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[c]!, 0);
    const hits = row[c]!;
    const f1 = ratio(2 * hits, support + predicted);
    return { precision: ratio(hits, predicted), recall: ratio(hits, support), f1, support, predicted, hits };
  });

/** Mean F1 over the classes that occur, in truth or in prediction. */
export const macroF1Of = (confusion: Confusion): number => {
  const seen = figuresByClass(confusion).filter((figures) => figures.support + figures.predicted > 0);
  return ratio(
    seen.reduce((sum, figures) => sum + figures.f1, 0),
    seen.length,
  );
};

export const accuracyOf = (confusion: Confusion): number => {
  const hits = confusion.reduce((sum, row, c) => sum + row[c]!, 0);
  return ratio(
    hits,
    confusion.flat().reduce((sum, n) => sum + n, 0),
  );
};

/** Class with the largest score, row by row. */
export const predictClasses = (scores: Float32Array): Uint8Array => {
  const predicted = new Uint8Array(scores.length / CLASS_COUNT);
  for (let row = 0; row < predicted.length; row++) {
    let best = 0;
    for (let c = 1; c < CLASS_COUNT; c++) {
      if (scores[row * CLASS_COUNT + c]! > scores[row * CLASS_COUNT + best]!) best = c;
    }
    predicted[row] = best;
  }
  return predicted;
};
