import type { BundleClassifier } from '../bundle/classifier.ts';
import { PIXEL_COUNT } from '../labels.ts';

const PART_ROWS = 512;

/** Embeddings of n 48x48 pictures, n x d; tells how many rows each part had. */
export const embedAll = async (
  classifier: BundleClassifier,
  pixels: Uint8Array,
  onPart: (rows: number) => void = () => {},
): Promise<Float32Array> => {
  const count = pixels.length / PIXEL_COUNT;
  let out: Float32Array | undefined;
  for (let from = 0; from < count; from += PART_ROWS) {
    const part = pixels.subarray(from * PIXEL_COUNT, Math.min(count, from + PART_ROWS) * PIXEL_COUNT);
    const rows = part.length / PIXEL_COUNT;
    const embedding = await classifier.embed(part);
    out ??= new Float32Array((embedding.length / rows) * count);
    out.set(embedding, (embedding.length / rows) * from);
    onPart(rows);
  }
  return out!;
};
