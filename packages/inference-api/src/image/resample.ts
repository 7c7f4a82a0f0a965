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

export type Raster = {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
};

/**
 * Resizes each channel by area averaging (bilinear where the output is larger).
 * Integer arithmetic only, so that an auditor's replay gets the same bytes on any machine.
 */
export const resample = (image: Raster, outWidth: number, outHeight: number): Uint8Array => {
  const { width, height, channels, pixels } = image;
  const across = spansFor(width, outWidth);
  const down = spansFor(height, outHeight);
  const out = new Uint8Array(outWidth * outHeight * channels);
  const rowSize = outWidth * channels;
  const rows = new Map<number, Int32Array>();
  const shrinkRow = (y: number): Int32Array => {
    const done = rows.get(y);
    if (done) return done;
    const row = new Int32Array(rowSize);
    const base = y * width * channels;
    for (let x = 0; x < outWidth; x++) {
      const from = across.offset[x]!;
      const to = across.offset[x + 1]!;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        let source = base + across.first[x]! * channels + channel;
        for (let k = from; k < to; k++, source += channels) sum += pixels[source]! * across.weights[k]!;
        row[x * channels + channel] = sum;
      }
    }
    rows.set(y, row);
    return row;
  };
  const sums = new Float64Array(rowSize);
  for (let y = 0; y < outHeight; y++) {
    sums.fill(ONE * ONE * 0.5);
    const firstRow = down.first[y]!;
    for (const key of rows.keys()) if (key < firstRow) rows.delete(key);
    for (let k = down.offset[y]!; k < down.offset[y + 1]!; k++) {
      const row = shrinkRow(firstRow + k - down.offset[y]!);
      const weight = down.weights[k]!;
      for (let i = 0; i < rowSize; i++) sums[i]! += row[i]! * weight;
    }
    const base = y * rowSize;
    for (let i = 0; i < rowSize; i++) out[base + i] = Math.floor(sums[i]! / (ONE * ONE));
  }
  return out;
};
