import { VIEW_LENGTH } from './view.ts';

const clamp = (v: number, high: number): number => (v < 0 ? 0 : v > high ? high : v);

/** One pixel of `image` (bytes, side `side`) at a real position, 0 to 1, bilinear with repeated edges. */
function sampleAt(images: Uint8Array, start: number, side: number, x: number, y: number): number {
  const px = clamp(x, side - 1);
  const py = clamp(y, side - 1);
  const x0 = Math.floor(px);
  const y0 = Math.floor(py);
  const x1 = Math.min(x0 + 1, side - 1);
  const y1 = Math.min(y0 + 1, side - 1);
  const fx = px - x0;
  const fy = py - y0;
  const top = images[start + y0 * side + x0]! * (1 - fx) + images[start + y0 * side + x1]! * fx;
  const bottom = images[start + y1 * side + x0]! * (1 - fx) + images[start + y1 * side + x1]! * fx;
  return (top * (1 - fy) + bottom * fy) / 255;
}

export type ResampleRequest = {
  readonly images: Uint8Array;
  readonly sourceSize: number;
  readonly size: number;
  /** Which source image each input is cut from. */
  readonly indices: Uint32Array;
  /** VIEW_LENGTH numbers an input, or one view for all. */
  readonly views: Float32Array;
  readonly mean: number;
  readonly std: number;
};

/** Cuts the inputs of a batch: [count, size, size, 1] in row order, normalised. Mixup is not applied here. */
export function resample({
  images,
  sourceSize,
  size,
  indices,
  views,
  mean,
  std,
}: ResampleRequest): Float32Array {
  const out = new Float32Array(indices.length * size * size);
  const single = views.length === VIEW_LENGTH;
  for (let i = 0, p = 0; i < indices.length; i++) {
    const v = single ? views : views.subarray(i * VIEW_LENGTH, (i + 1) * VIEW_LENGTH);
    const start = indices[i]! * sourceSize * sourceSize;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++, p++) {
        const erased = x >= v[6]! && x < v[8]! && y >= v[7]! && y < v[9]!;
        const value = erased
          ? v[10]!
          : sampleAt(images, start, sourceSize, v[0]! * x + v[1]! * y + v[2]!, v[3]! * x + v[4]! * y + v[5]!);
        out[p] = (value - mean) / std;
      }
    }
  }
  return out;
}

/** Mixes each input with its partner by the view's weight (element 11); the labels are mixed alike. */
export function mixInputs(own: Float32Array, partner: Float32Array, views: Float32Array): Float32Array {
  const count = views.length / VIEW_LENGTH;
  const length = own.length / count;
  return own.map((value, p) => {
    const weight = views[Math.floor(p / length) * VIEW_LENGTH + 11]!;
    return weight * value + (1 - weight) * partner[p]!;
  });
}
