/** IEEE 754 binary16, for Nodes without Float16Array (before 24). */
const words = new Uint32Array(1);
const single = new Float32Array(words.buffer);

/** Nearest half, ties to even; overflow is infinity. */
const toHalf = (value: number): number => {
  single[0] = value;
  const bits = words[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const scaled = exponent - 112;
  if (scaled >= 31) return sign | 0x7c00;
  if (scaled <= 0) return scaled < -10 ? sign : sign | roundShift(fraction | 0x800000, 14 - scaled);
  // A carry out of the fraction raises the exponent, which is what rounding up to the next power means.
  return sign + roundShift((scaled << 23) | fraction, 13);
};

const roundShift = (value: number, shift: number): number => {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept;
};

const fromHalf = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** Little-endian halves of `values`. */
export const encodeHalves = (values: Float32Array): Uint8Array => {
  const out = new Uint8Array(values.length * 2);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++) view.setUint16(i * 2, toHalf(values[i]!), true);
  return out;
};

export const decodeHalves = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(view.getUint16(i * 2, true)));
};
