export interface Random {
  /** An integer of [0, below). */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(options: readonly T[]): T;
}

/** mulberry32: the same seed gives the same campaign. */
export const newRandom = (seed: number): Random => {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    chance: (probability) => next() < probability,
    pick: (options) => options[int(options.length)]!,
  };
};
