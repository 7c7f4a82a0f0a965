import { createGenerator } from '../random/keyed-generator.ts';

/** Lower and upper end of a 95 % interval. */
export type Interval = readonly [low: number, high: number];

const Z95 = 1.959963984540054;

/** Wilson's score interval for `hits` of `count` (Wilson 1927; Brown, Cai and DasGupta 2001, eq. 4). */
export const wilson = (hits: number, count: number): Interval => {
  if (count === 0) return [0, 1];
  const share = hits / count;
  const z2 = Z95 * Z95;
  const centre = (share + z2 / (2 * count)) / (1 + z2 / count);
  const half = (Z95 / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
};

export const BOOTSTRAP_ROUNDS = 1000;

/**
 * Percentile bootstrap (Efron 1979) for figures that are no simple share, such as F1 and ECE. Seeded: the same
 * rows give the same interval on every rerun. `measure` gets row numbers and returns one or more figures.
 */
export const bootstrap = (count: number, measure: (rows: Uint32Array) => readonly number[]): Interval[] => {
  const random = createGenerator('evaluation', 'bootstrap', count);
  const rows = new Uint32Array(count);
  const draws: number[][] = [];
  for (let round = 0; round < BOOTSTRAP_ROUNDS; round++) {
    for (let i = 0; i < count; i++) rows[i] = Math.floor(random.uniform() * count);
    measure(rows).forEach((value, figure) => {
      const list = draws[figure] ?? [];
      draws[figure] = list;
      list.push(value);
    });
  }
  return draws.map((values) => {
    values.sort((a, b) => a - b);
    const at = (share: number): number =>
      values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
    return [at(0.025), at(0.975)];
  });
};
