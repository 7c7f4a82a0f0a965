import { createHash } from 'node:crypto';

/** Uniform numbers in [0, 1) with 32 bits, the same on every machine for the same seed. */
export type Random = () => number;

/**
 * xoshiro128** (Blackman and Vigna 2021), its state the first 16 bytes of SHA-256(seed).
 * A named seed per use keeps streams apart, so that adding one draw never shifts another.
 */
export function seedRandom(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at)) as [number, number, number, number];
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result / 4294967296;
  };
}

export function drawInteger(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Fisher and Yates: an unbiased permutation of 0 .. size-1. */
export function drawPermutation(random: Random, size: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = drawInteger(random, i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** `count` different members of `pool`, in drawn order. */
export function drawSample(random: Random, pool: ArrayLike<number>, count: number): number[] {
  const order = drawPermutation(random, pool.length);
  return Array.from(order.subarray(0, count), (at) => pool[at]!);
}

/** Standard normal by Box and Muller (1958). */
export function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
