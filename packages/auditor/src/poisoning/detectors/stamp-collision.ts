import { PIXELS as IMAGE_PIXELS, SIDE as IMAGE_SIDE, type SampleSet } from '../sample-set.ts';
import type { PatchGroup } from './patch-collision.ts';

// Copies: a test runner turns each use of an imported constant into a call, and these loops run long.
const PIXELS = IMAGE_PIXELS;
const SIDE = IMAGE_SIDE;

/** A stamp is a solid square of 2 to 6 pixels, flat to within FLAT levels, all its ring off by EDGE or more. */
const SMALLEST = 2;
const LARGEST = 6;
const FLAT = 2;
const EDGE = 4;
const MIN_IMAGES = 3;
/** Levels of gray >> 3. */
const GRAYS = 32;

/**
 * Small saturated triggers (a white 2x2 corner) have no texture to collide in formula 2's 4x4 windows. But a solid
 * square with a sharp edge all round hardly exists in photographs: a few hundred in FER-2013's 28,709 training
 * images, no three alike at one place. So: the same square, at the same place, of the same gray (>> 3).
 */
export function findRecurringStamps(
  set: SampleSet,
  rows: ArrayLike<number>,
  copies: ArrayLike<number> = [],
): PatchGroup[] {
  const found = new Map<number, { rows: number[]; copies: number[] }>();
  for (let k = 0; k < rows.length; k++) {
    for (const key of stampKeys(set.pixels, rows[k]! * PIXELS)) {
      const group = found.get(key);
      if (group === undefined) found.set(key, { rows: [rows[k]!], copies: [] });
      else group.rows.push(rows[k]!);
    }
  }
  for (let k = 0; k < copies.length; k++) {
    for (const key of stampKeys(set.pixels, copies[k]! * PIXELS)) found.get(key)?.copies.push(copies[k]!);
  }
  return [...found]
    .filter(([, group]) => group.rows.length >= MIN_IMAGES)
    .map(([key, group]) => {
      const place = Math.floor(key / GRAYS);
      return { ...group, x: place % SIDE, y: Math.floor(place / SIDE) % SIDE };
    });
}

/** One number for each stamp of an image: its side, place and gray. */
function* stampKeys(pixels: Uint8Array, start: number): Generator<number> {
  for (let y = 0; y + SMALLEST <= SIDE; y++) {
    for (let x = 0; x + SMALLEST <= SIDE; x++) {
      const side = stampSide(pixels, start, x, y);
      if (side > 0) yield ((side * SIDE + y) * SIDE + x) * GRAYS + (pixels[start + y * SIDE + x]! >> 3);
    }
  }
}

/** Side of the stamp whose top-left pixel is (x, y), or 0. */
function stampSide(pixels: Uint8Array, start: number, x: number, y: number): number {
  const value = pixels[start + y * SIDE + x]!;
  let side = 1;
  while (
    side <= LARGEST &&
    x + side < SIDE &&
    y + side < SIDE &&
    isFlatBorder(pixels, start, x, y, side, value)
  )
    side++;
  if (side < SMALLEST || side > LARGEST) return 0;
  return hasEdge(pixels, start, x, y, side, value) ? side : 0;
}

/** Whether the square may grow by one: its next row and column keep the value. */
function isFlatBorder(
  pixels: Uint8Array,
  start: number,
  x: number,
  y: number,
  side: number,
  value: number,
): boolean {
  for (let d = 0; d <= side; d++) {
    if (Math.abs(pixels[start + (y + side) * SIDE + x + d]! - value) > FLAT) return false;
    if (Math.abs(pixels[start + (y + d) * SIDE + x + side]! - value) > FLAT) return false;
  }
  return true;
}

/** All pixels of the ring that lie within the image are darker by EDGE, or all are lighter. */
function hasEdge(
  pixels: Uint8Array,
  start: number,
  x: number,
  y: number,
  side: number,
  value: number,
): boolean {
  let sign = 0;
  for (let dy = -1; dy <= side; dy++) {
    for (let dx = -1; dx <= side; dx++) {
      const isInside = dy >= 0 && dy < side && dx >= 0 && dx < side;
      const isOutside = y + dy < 0 || x + dx < 0 || y + dy >= SIDE || x + dx >= SIDE;
      if (isInside || isOutside) continue;
      const step = pixels[start + (y + dy) * SIDE + x + dx]! - value;
      if (Math.abs(step) < EDGE || (sign !== 0 && Math.sign(step) !== sign)) return false;
      sign = Math.sign(step);
    }
  }
  return sign !== 0;
}
