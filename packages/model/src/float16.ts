/** IEEE 754 binary16, for Nodes without Float16Array (before 24). */
const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** IEEE 754 binary16 of a number, rounded to nearest, ties to even. */
export function toFloat16(value: number): number {
  floats[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude < 0x38800000) {
    // subnormal: adding 0.5 aligns the mantissa so that the hardware rounds it
    floats[0] = Math.abs(value) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

export function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Little-endian halves of `values`. */
export function encodeHalves(values: Float32Array): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setUint16(i * 2, toFloat16(values[i]!), true);
  return out;
}

export function decodeHalves(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromFloat16(view.getUint16(i * 2, true)));
}

/** All tensors, one after the other, as little-endian halves. */
export const packFloat16 = (tensors: readonly Float32Array[]): Uint8Array =>
  Buffer.concat(tensors.map(encodeHalves));

export function unpackFloat16(bytes: Uint8Array, sizes: readonly number[]): Float32Array[] {
  const values = decodeHalves(bytes);
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return values.slice(end - size, end);
  });
}
