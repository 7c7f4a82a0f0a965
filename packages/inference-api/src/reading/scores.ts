const PPM = 1_000_000;

/**
 * Probabilities as whole ppm that sum to exactly 10^6 (largest remainders first, ties to the lower index), so that
 * a score can be hashed: two correct backends differ in the 7th digit of a float.
 */
export const toPpm = (probabilities: ArrayLike<number>): number[] => {
  const values = Array.from(probabilities);
  const total = values.reduce((a, b) => a + b, 0);
  if (!(total > 0.5 && total < 1.5) || values.some((p) => !(p >= 0)))
    throw new RangeError('The scores are not a distribution.');
  const exact = values.map((p) => (p / total) * PPM);
  const scores = exact.map(Math.floor);
  const missing = PPM - scores.reduce((a, b) => a + b, 0);
  const byRemainder = exact.map((value, index) => ({ index, remainder: value - Math.floor(value) }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) scores[index]! += 1;
  return scores;
};

/** Index of the largest score, the first of equals. */
export const topIndex = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));
