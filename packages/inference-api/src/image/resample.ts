/** One output cell's sources along one axis: first source index and fixed-point weights that sum to ONE. */
type Spans = { readonly first: Int32Array; readonly offset: Int32Array; readonly weights: Int32Array };

// 14 bits: two passes over 8-bit samples stay below 2^53 in a double and below 2^31 within a pass.
const ONE_BITS = 14;
const ONE = 1 << ONE_BITS;

/** Area averaging as OpenCV's INTER_AREA: each output cell covers `scale` source cells, edges by their share. */
const areaSpan = (out: number, scale: number, length: number): { first: number; shares: number[] } => {
  const from = out * scale;
  const to = Math.min(from + scale, length);
  const first = Math.min(Math.floor(from), length - 1);
  const shares: number[] = [];
  for (let i = first; i < Math.ceil(to - 1e-9); i++) shares.push(Math.min(i + 1, to) - Math.max(i, from));
  return { first, shares: shares.length > 0 ? shares : [1] };
};

/** Bilinear between pixel centres, for pictures smaller than the output (area averaging would only repeat pixels). */
const bilinearSpan = (out: number, scale: number, length: number): { first: number; shares: number[] } => {
  const centre = Math.min(Math.max((out + 0.5) * scale - 0.5, 0), length - 1);
  const first = Math.min(Math.floor(centre), Math.max(length - 2, 0));
  const share = centre - first;
  return { first, shares: length === 1 ? [1] : [1 - share, share] };
};

const buildSpans = (length: number, outLength: number): Spans => {
  const scale = length / outLength;
  const first = new Int32Array(outLength);
  const offset = new Int32Array(outLength + 1);
  const weights: number[] = [];
  for (let out = 0; out < outLength; out++) {
    const span = scale >= 1 ? areaSpan(out, scale, length) : bilinearSpan(out, scale, length);
    first[out] = span.first;
    offset[out] = weights.length;
    const sum = span.shares.reduce((a, b) => a + b, 0);
    const fixed = span.shares.map((share) => Math.round((share / sum) * ONE));
    // Rounding must not brighten or darken: the heaviest weight takes the remainder.
    const heaviest = fixed.indexOf(Math.max(...fixed));
    fixed[heaviest] = (fixed[heaviest] ?? 0) + ONE - fixed.reduce((a, b) => a + b, 0);
    weights.push(...fixed);
  }
  offset[outLength] = weights.length;
  return { first, offset, weights: Int32Array.from(weights) };
};

const spanCache = new Map<string, Spans>();

const spansFor = (length: number, outLength: number): Spans => {
  const key = `${length}:${outLength}`;
  const known = spanCache.get(key);
  if (known) return known;
  const spans = buildSpans(length, outLength);
  // Calls have few sizes; a stranger who sends many must not fill the memory.
  if (spanCache.size >= 256) spanCache.clear();
  spanCache.set(key, spans);
  return spans;
};

export type GrayRaster = { readonly width: number; readonly height: number; readonly pixels: Uint8Array };

/**
 * Resizes by area averaging (bilinear where the output is larger).
 * Integer arithmetic only, so that an auditor's replay gets the same bytes on any machine.
 */
export const resample = (image: GrayRaster, outWidth: number, outHeight: number): Uint8Array => {
  const { width, height, pixels } = image;
  const across = spansFor(width, outWidth);
  const down = spansFor(height, outHeight);
  // First pass: every row to the output's width. 8-bit samples times 14-bit weights stay below 2^22.
  const narrow = new Int32Array(height * outWidth);
  for (let y = 0; y < height; y++) {
    const base = y * width;
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      let source = base + across.first[x]!;
      for (let k = across.offset[x]!; k < across.offset[x + 1]!; k++)
        sum += pixels[source++]! * across.weights[k]!;
      narrow[y * outWidth + x] = sum;
    }
  }
  // Second pass: columns to the output's height, rounded to nearest. Sums stay below 2^36, exact in a double.
  const out = new Uint8Array(outWidth * outHeight);
  for (let y = 0, to = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++, to++) {
      let sum = ONE * ONE * 0.5;
      let source = down.first[y]! * outWidth + x;
      for (let k = down.offset[y]!; k < down.offset[y + 1]!; k++, source += outWidth)
        sum += narrow[source]! * down.weights[k]!;
      out[to] = Math.floor(sum / (ONE * ONE));
    }
  }
  return out;
};
