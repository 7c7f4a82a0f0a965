import { CLASSES } from './sample-set.ts';

/** A file may hold probabilities in binary16, whose last place is 5e-4 near one. */
const TOTAL_TOLERANCE = 0.02;

/** What is wrong with class probabilities, row by row; nothing where they are some. */
export function describeImprobable(name: string, probabilities: Float32Array): string | undefined {
  for (let row = 0; row * CLASSES < probabilities.length; row++) {
    let total = 0;
    for (let k = row * CLASSES; k < (row + 1) * CLASSES; k++) {
      const p = probabilities[k]!;
      if (!(p >= 0 && p <= 1 + TOTAL_TOLERANCE)) return `${name} of row ${row} are no probabilities`;
      total += p;
    }
    if (Math.abs(total - 1) > TOTAL_TOLERANCE) return `${name} of row ${row} do not add up to one`;
  }
  return undefined;
}

/** Embeddings that are the same for every row tell no row from another, and would call anything clean. */
export function describeUniform(embeddings: Float32Array, rows: number): string | undefined {
  const width = rows === 0 ? 0 : embeddings.length / rows;
  const isUniform = embeddings.every((value, at) => value === embeddings[at % width]);
  return isUniform ? 'its embeddings are the same in every row' : undefined;
}

/**
 * Do the readings know more of the labels than which class is the largest? By three standard errors at least, or what
 * they contradict means nothing.
 */
export function isTelling(probabilities: Float32Array, labels: Uint8Array): boolean {
  const counts = new Float64Array(CLASSES);
  let agreed = 0;
  for (const [row, label] of labels.entries()) {
    counts[label]! += 1;
    const own = probabilities.subarray(row * CLASSES, (row + 1) * CLASSES);
    if (own[label]! > 0 && own.every((p, k) => k === label || p < own[label]!)) agreed += 1;
  }
  const chance = Math.max(...counts) / labels.length;
  const error = Math.sqrt((chance * (1 - chance)) / labels.length);
  return agreed / labels.length > chance + 3 * error;
}
