import { FACE_SIZE, PIXEL_COUNT } from '../labels.ts';

/** ITU-R BT.601 luma of interleaved RGB(A) or gray bytes, rounded to nearest. */
export const toGray = (bytes: Uint8Array, channels: number): Uint8Array => {
  const gray = new Uint8Array(bytes.length / channels);
  if (channels < 3) {
    for (let i = 0; i < gray.length; i++) gray[i] = bytes[i * channels]!;
    return gray;
  }
  for (let i = 0; i < gray.length; i++) {
    const p = i * channels;
    gray[i] = Math.round(0.299 * bytes[p]! + 0.587 * bytes[p + 1]! + 0.114 * bytes[p + 2]!);
  }
  return gray;
};

/** One axis of area averaging: for each output cell the input cells it covers, with their shares. */
const coverage = (from: number): { start: number; shares: Float64Array }[] =>
  Array.from({ length: FACE_SIZE }, (_, cell) => {
    const begin = (cell * from) / FACE_SIZE;
    const end = ((cell + 1) * from) / FACE_SIZE;
    const start = Math.floor(begin);
    const stop = Math.min(from, Math.ceil(end));
    const shares = new Float64Array(stop - start);
    for (let i = start; i < stop; i++)
      shares[i - start] = (Math.min(i + 1, end) - Math.max(i, begin)) / (end - begin);
    return { start, shares };
  });

/** Area-averages a gray picture of any size to 48x48 (each output pixel is the mean of what it covers). */
export const resizeToFace = (gray: Uint8Array, width: number, height: number): Uint8Array => {
  if (width === FACE_SIZE && height === FACE_SIZE) return gray;
  const columns = coverage(width);
  const rows = coverage(height);
  const out = new Uint8Array(PIXEL_COUNT);
  for (let y = 0; y < FACE_SIZE; y++) {
    for (let x = 0; x < FACE_SIZE; x++) {
      let sum = 0;
      const row = rows[y]!;
      const column = columns[x]!;
      for (let j = 0; j < row.shares.length; j++) {
        const base = (row.start + j) * width + column.start;
        let line = 0;
        for (let i = 0; i < column.shares.length; i++) line += column.shares[i]! * gray[base + i]!;
        sum += row.shares[j]! * line;
      }
      out[y * FACE_SIZE + x] = Math.round(sum);
    }
  }
  return out;
};
