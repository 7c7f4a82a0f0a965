import { createHash } from 'node:crypto';

/** A stream of numbers that depends on its key alone, on every backend and platform. */
export interface Generator {
  /** Uniform 32-bit word. */
  word(): number;
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal (Box and Muller 1958). */
  normal(): number;
  /** Beta(alpha, alpha) (Jöhnk 1964: fit for alpha <= 1). */
  beta(alpha: number): number;
}

const KEY_DOMAIN = 'testigo/generator/v1';

/** SHA-256 over the length-prefixed parts, so that no two lists of parts share a key. */
export function deriveKey(...parts: readonly (string | number)[]): Uint8Array {
  const hash = createHash('sha256').update(KEY_DOMAIN);
  for (const part of parts) {
    const text = String(part);
    hash.update(`:${text.length}:`).update(text);
  }
  return new Uint8Array(hash.digest());
}

/** First word of the key: the seed of masks that a shader or a loop draws by position. */
export function deriveSeed(...parts: readonly (string | number)[]): number {
  return new DataView(deriveKey(...parts).buffer).getUint32(0, true);
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/**
 * xoshiro128** 1.1 (Blackman and Vigna 2018), its state the first 16 bytes of the key.
 * Training randomness only: it is not a cryptographic generator.
 */
export function createGenerator(...parts: readonly (string | number)[]): Generator {
  const view = new DataView(deriveKey(...parts).buffer);
  let s0 = view.getUint32(0, true);
  let s1 = view.getUint32(4, true);
  let s2 = view.getUint32(8, true);
  let s3 = view.getUint32(12, true);
  const word = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotateLeft(s3, 11);
    return result;
  };
  const uniform = (): number => word() / 4294967296;
  return {
    word,
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    beta: (alpha) => {
      for (;;) {
        const x = uniform() ** (1 / alpha);
        const y = uniform() ** (1 / alpha);
        if (x + y > 0 && x + y <= 1) return x / (x + y);
      }
    },
  };
}

/** A permutation of 0 … count-1 (Fisher and Yates). */
export function permute(count: number, generator: Generator): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(generator.uniform() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
