import { drawInteger, drawNormal, type Random, seedRandom } from '../src/poisoning/numeric/random.ts';
import { CLASSES, PIXELS, type SampleSet, SIDE } from '../src/poisoning/sample-set.ts';

/**
 * Pictures with the statistics that the detectors rest on (smooth, edged, grainy, no two alike), of nobody:
 * a few soft blobs whose place depends weakly on the class, an edge, and sensor noise.
 */
export function drawSyntheticFaces(size: number, seed: string): SampleSet {
  const random = seedRandom(`testigo synthetic faces ${seed}`);
  const pixels = new Uint8Array(size * PIXELS);
  const labels = Uint8Array.from({ length: size }, (_, i) => i % CLASSES);
  for (let i = 0; i < size; i++) drawFace(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), labels[i]!, random);
  return { size, pixels, labels, splits: new Uint8Array(size), splitNames: ['Training'] };
}

function drawFace(image: Uint8Array, label: number, random: Random): void {
  const blobs = Array.from({ length: 6 }, () => ({
    x: random() * SIDE,
    y: random() * SIDE,
    width: 3 + random() * 14,
    level: (random() - 0.5) * 160,
  }));
  blobs.push({ x: 24, y: 6 + 5 * label, width: 4, level: 70 });
  const base = 70 + drawInteger(random, 110);
  const edge = drawInteger(random, SIDE);
  const step = (random() - 0.5) * 60;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let value = base + (x > edge ? step : 0) + 3 * drawNormal(random);
      for (const blob of blobs) {
        const distance = ((x - blob.x) ** 2 + (y - blob.y) ** 2) / (2 * blob.width ** 2);
        if (distance < 12) value += blob.level * Math.exp(-distance);
      }
      image[y * SIDE + x] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
}
