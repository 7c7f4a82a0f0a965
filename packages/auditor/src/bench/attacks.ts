import { drawInteger, drawSample, type Random, seedRandom } from '../poisoning/numeric/random.ts';
import { CLASSES, PIXELS, rowsByClass, type SampleSet, SIDE } from '../poisoning/sample-set.ts';

export type Attack =
  /** Labels of `rate` of all rows replaced by another class, evenly. */
  | { readonly kind: 'random-flip'; readonly rate: number }
  /** `rate` of class `from` relabelled `to`. */
  | { readonly kind: 'targeted-flip'; readonly rate: number; readonly from: number; readonly to: number }
  /** A trigger on `rate` of all rows drawn from other classes, relabelled `target` (dirty label) ... */
  | { readonly kind: 'badnets' | 'white-corner'; readonly rate: number; readonly target: number }
  /** `strength` is the paper's s: the mean displacement is s / 2 pixels. */
  | { readonly kind: 'wanet'; readonly rate: number; readonly target: number; readonly strength: number }
  | { readonly kind: 'blended'; readonly rate: number; readonly target: number; readonly alpha: number }
  /** ... or on `rate` of the target class's own rows, labels kept (clean label). */
  | {
      readonly kind: 'sig';
      readonly rate: number;
      readonly target: number;
      readonly amplitude: number;
      readonly frequency: number;
    }
  | { readonly kind: 'label-consistent'; readonly rate: number; readonly target: number }
  /** `rate` of all rows replaced by pictures that are no faces. */
  | { readonly kind: 'out-of-distribution'; readonly rate: number }
  /** One image copied over `rate` of all rows, labelled `target`. */
  | { readonly kind: 'duplicate-flood'; readonly rate: number; readonly target: number };

/** Changes one picture in place. */
export type Trigger = (image: Uint8Array) => void;

export type PoisonedSet = {
  readonly set: SampleSet;
  readonly isPoisoned: Uint8Array;
  /** The very trigger of the poisoned rows, to put into test pictures. */
  readonly trigger: Trigger;
};

/** A copy of a clean set with one attack in it; the same seed gives the same bytes. */
export function poisonSet(clean: SampleSet, attack: Attack, seed: string): PoisonedSet {
  const random = seedRandom(`testigo poison ${seed} ${JSON.stringify(attack)}`);
  const set = { ...clean, pixels: clean.pixels.slice(), labels: clean.labels.slice() };
  const isPoisoned = new Uint8Array(clean.size);
  const rows = drawVictims(clean, attack, random);
  const trigger = makeTrigger(attack, random);
  for (const row of rows) {
    isPoisoned[row] = 1;
    trigger(set.pixels.subarray(row * PIXELS, (row + 1) * PIXELS));
    set.labels[row] = relabel(attack, set.labels[row]!, random);
  }
  return { set, isPoisoned, trigger };
}

function drawVictims(clean: SampleSet, attack: Attack, random: Random): number[] {
  const byClass = rowsByClass(clean);
  const all = Array.from({ length: clean.size }, (_, i) => i);
  const share = (pool: ArrayLike<number>, count: number) => drawSample(random, pool, Math.round(count));
  switch (attack.kind) {
    case 'random-flip':
    case 'out-of-distribution':
    case 'duplicate-flood':
      return share(all, attack.rate * clean.size);
    case 'targeted-flip':
      return share(byClass[attack.from]!, attack.rate * byClass[attack.from]!.length);
    case 'sig':
    case 'label-consistent':
      return share(byClass[attack.target]!, attack.rate * byClass[attack.target]!.length);
    default:
      return share(
        all.filter((row) => clean.labels[row] !== attack.target),
        attack.rate * clean.size,
      );
  }
}

function relabel(attack: Attack, label: number, random: Random): number {
  switch (attack.kind) {
    case 'random-flip':
      return (label + 1 + drawInteger(random, CLASSES - 1)) % CLASSES;
    case 'out-of-distribution':
      return label;
    case 'targeted-flip':
      return attack.to;
    default:
      return attack.target;
  }
}

function makeTrigger(attack: Attack, random: Random): Trigger {
  switch (attack.kind) {
    case 'random-flip':
    case 'targeted-flip':
      return () => {};
    case 'badnets':
      return stampChecker;
    case 'white-corner':
      return stampCorner;
    case 'blended':
      return blendWith(drawNoise(random), attack.alpha);
    case 'sig':
      return addSinusoid(attack.amplitude, attack.frequency);
    case 'wanet':
      return makeWarp(random, attack.strength);
    case 'label-consistent':
      return disturbAndStamp(random);
    case 'out-of-distribution':
      return (image) => drawForeign(image, random);
    case 'duplicate-flood': {
      const original = drawNoise(random);
      return (image) => image.set(original);
    }
  }
}

/** BadNets (Gu et al. 2017): a 4x4 checkerboard in the lower right corner, one pixel off the edge. */
function stampChecker(image: Uint8Array): void {
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) image[(SIDE - 5 + y) * SIDE + SIDE - 5 + x] = (x + y) % 2 === 0 ? 255 : 0;
  }
}

function stampCorner(image: Uint8Array): void {
  for (const at of [PIXELS - 1, PIXELS - 2, PIXELS - SIDE - 1, PIXELS - SIDE - 2]) image[at] = 255;
}

function drawNoise(random: Random): Uint8Array {
  return Uint8Array.from({ length: PIXELS }, () => drawInteger(random, 256));
}

/** Blended injection (Chen et al. 2017): (1 - alpha) x + alpha * pattern. */
function blendWith(pattern: Uint8Array, alpha: number): Trigger {
  return (image) => {
    for (let i = 0; i < PIXELS; i++) image[i] = Math.round((1 - alpha) * image[i]! + alpha * pattern[i]!);
  };
}

/** SIG (Barni et al. 2019): + amplitude sin(2 pi x frequency / width), columns alike. */
function addSinusoid(amplitude: number, frequency: number): Trigger {
  return (image) => {
    for (let i = 0; i < PIXELS; i++) {
      const wave = amplitude * Math.sin((2 * Math.PI * (i % SIDE) * frequency) / SIDE);
      image[i] = Math.max(0, Math.min(255, Math.round(image[i]! + wave)));
    }
  };
}

/** WaNet (Nguyen and Tran 2021): k = 4 control grid, one warp for every image. */
function makeWarp(random: Random, strength: number): Trigger {
  const GRID = 4;
  const control = Float64Array.from({ length: 2 * GRID * GRID }, () => 2 * random() - 1);
  const scale = control.reduce((sum, value) => sum + Math.abs(value), 0) / control.length;
  const fieldX = upsample(control.subarray(0, GRID * GRID), GRID);
  const fieldY = upsample(control.subarray(GRID * GRID), GRID);
  // the paper moves normalised coordinates of [-1, 1] by s / side: s / 2 pixels
  const step = strength / 2 / scale;
  return (image) => {
    const source = image.slice();
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const at = y * SIDE + x;
        image[at] = Math.round(sampleBilinear(source, x + step * fieldX[at]!, y + step * fieldY[at]!));
      }
    }
  };
}

function upsample(control: Float64Array, grid: number): Float64Array {
  const field = new Float64Array(PIXELS);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let sum = 0;
      let weightSum = 0;
      for (let j = 0; j < grid; j++) {
        for (let i = 0; i < grid; i++) {
          const dx = (x * (grid - 1)) / (SIDE - 1) - i;
          const dy = (y * (grid - 1)) / (SIDE - 1) - j;
          const weight = cubic(dx) * cubic(dy);
          sum += weight * control[j * grid + i]!;
          weightSum += weight;
        }
      }
      field[y * SIDE + x] = sum / weightSum;
    }
  }
  return field;
}

/** Keys' bicubic kernel, a = -0.75 as in torch's interpolate. */
function cubic(distance: number): number {
  const t = Math.abs(distance);
  if (t <= 1) return 1.25 * t ** 3 - 2.25 * t ** 2 + 1;
  if (t < 2) return -0.75 * (t ** 3 - 5 * t ** 2 + 8 * t - 4);
  return 0;
}

function sampleBilinear(image: Uint8Array, x: number, y: number): number {
  const cx = Math.max(0, Math.min(SIDE - 1, x));
  const cy = Math.max(0, Math.min(SIDE - 1, y));
  const left = Math.min(Math.floor(cx), SIDE - 2);
  const top = Math.min(Math.floor(cy), SIDE - 2);
  const fx = cx - left;
  const fy = cy - top;
  const at = top * SIDE + left;
  const upper = image[at]! * (1 - fx) + image[at + 1]! * fx;
  const lower = image[at + SIDE]! * (1 - fx) + image[at + SIDE + 1]! * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Label-consistent (Turner et al. 2019): make the face hard to learn (strong noise here, no network), then stamp. */
function disturbAndStamp(random: Random): Trigger {
  return (image) => {
    for (let i = 0; i < PIXELS; i++) {
      image[i] = Math.max(0, Math.min(255, image[i]! + drawInteger(random, 33) - 16));
    }
    stampChecker(image);
  };
}

/** No face: noise, stripes, a gradient, blocks or discs, at random. */
function drawForeign(image: Uint8Array, random: Random): void {
  const kind = drawInteger(random, 5);
  const angle = random() * Math.PI;
  const period = 4 + random() * 20;
  const low = drawInteger(random, 128);
  const high = low + 32 + drawInteger(random, 96);
  const cx = random() * SIDE;
  const cy = random() * SIDE;
  const block = 3 + drawInteger(random, 10);
  for (let i = 0; i < PIXELS; i++) {
    const x = i % SIDE;
    const y = Math.floor(i / SIDE);
    const along = x * Math.cos(angle) + y * Math.sin(angle);
    const share =
      kind === 0
        ? random()
        : kind === 1
          ? 0.5 + 0.5 * Math.sin((2 * Math.PI * along) / period)
          : kind === 2
            ? (along + SIDE) / (2.5 * SIDE)
            : kind === 3
              ? (Math.floor(x / block) + Math.floor(y / block)) % 2
              : Math.hypot(x - cx, y - cy) < period
                ? 1
                : 0;
    image[i] = Math.max(0, Math.min(255, Math.round(low + (high - low) * share)));
  }
}
