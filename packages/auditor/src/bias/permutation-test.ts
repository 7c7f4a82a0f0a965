import { drawInteger, type Random } from '../poisoning/numeric/random.ts';
import { REPLICAS } from './judge-gap.ts';

/**
 * p of a two-sample permutation test: how often a random split of the pooled values sets the groups as far apart as the
 * real one. `pool` is the left group's values and then the right's; `distanceOf` is told the values on the left.
 */
export function permutationP(
  { pool, left }: { readonly pool: Uint8Array; readonly left: number },
  distanceOf: (inside: Uint8Array) => number,
  random: Random,
): number {
  const drawn = pool.slice();
  const inside = drawn.subarray(0, left);
  const seen = distanceOf(inside);
  let asExtreme = 0;
  for (let replica = 0; replica < REPLICAS; replica++) {
    // partial Fisher and Yates: only the left group needs drawing
    for (let k = 0; k < left; k++) {
      const at = k + drawInteger(random, drawn.length - k);
      const kept = drawn[k]!;
      drawn[k] = drawn[at]!;
      drawn[at] = kept;
    }
    if (distanceOf(inside) >= seen - 1e-12) asExtreme += 1;
  }
  return (1 + asExtreme) / (1 + REPLICAS);
}
