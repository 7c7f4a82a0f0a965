/**
 * PCG's output permutation as a hash of a position (Jarzynski and Olano 2020, JCGT 9(3)), used for masks that
 * every backend must draw alike: the WGSL below and the function compute the same word.
 */
export function hashPosition(position: number, seed: number): number {
  const state = (Math.imul((position ^ seed) >>> 0, 747796405) + 2891336453) >>> 0;
  const mixed = Math.imul(((state >>> ((state >>> 28) + 4)) ^ state) >>> 0, 277803737) >>> 0;
  return ((mixed >>> 22) ^ mixed) >>> 0;
}

export const HASH_POSITION_WGSL = /* wgsl */ `
fn hashPosition(position: u32, seed: u32) -> u32 {
  let state = (position ^ seed) * 747796405u + 2891336453u;
  let mixed = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (mixed >> 22u) ^ mixed;
}`;

/** Dropout keeps a position when its hash is at or above this bound. */
export const dropBound = (rate: number): number => Math.floor(rate * 4294967296);
