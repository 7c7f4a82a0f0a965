import type { RgbImage } from '../image/decode.ts';
import type { Window } from './blaze-decode.ts';

const MOST_TAPS = 8;

/** Byte offsets of the samples of each output cell along one axis; -1 where they lie outside the picture. */
const sampleOffsets = (
  from: number,
  scale: number,
  cells: number,
  taps: number,
  length: number,
  stride: number,
): Int32Array => {
  const offsets = new Int32Array(cells * taps);
  for (let i = 0; i < offsets.length; i++) {
    const at = Math.floor(from + ((i + 0.5) / taps) * scale);
    offsets[i] = at >= 0 && at < length ? at * stride : -1;
  }
  return offsets;
};

/**
 * The window's pixels as the detector wants them: RGB in -1 … 1, what lies outside the picture black. Each cell is
 * the mean of a few evenly spaced samples, a third of the work of averaging its whole area; the detector finds the
 * same faces, and the picture that the network reads is cut elsewhere, exactly.
 */
export const readWindow = (image: RgbImage, window: Window, size: number, input: Float32Array): void => {
  const { pixels, width, height } = image;
  const scale = window.side / size;
  const taps = Math.min(MOST_TAPS, Math.max(1, Math.floor(scale)));
  const columns = sampleOffsets(window.x, scale, size, taps, width, 3);
  const rows = sampleOffsets(window.y, scale, size, taps, height, width * 3);
  const factor = 1 / (127.5 * taps * taps);
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++, to += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = y * taps; j < (y + 1) * taps; j++) {
        const row = rows[j]!;
        if (row < 0) continue;
        for (let i = x * taps; i < (x + 1) * taps; i++) {
          const column = columns[i]!;
          if (column < 0) continue;
          const at = row + column;
          red += pixels[at]!;
          green += pixels[at + 1]!;
          blue += pixels[at + 2]!;
        }
      }
      input[to] = red * factor - 1;
      input[to + 1] = green * factor - 1;
      input[to + 2] = blue * factor - 1;
    }
  }
};
