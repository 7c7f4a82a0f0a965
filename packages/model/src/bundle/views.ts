import { FACE_SIZE, PIXEL_COUNT } from '../labels.ts';

/** One way to cut a network's input out of a 48x48 picture. */
type View = { readonly x: number; readonly y: number; readonly isMirrored: boolean };

/**
 * Four corners and the centre, each with its mirror image (Krizhevsky et al. 2012, section 4.1). A network that
 * takes the whole 48 pixels sees the picture moved by two pixels instead, edges repeated.
 */
export const tenViews = (size: number): View[] => {
  const margin = FACE_SIZE - size;
  const low = margin > 0 ? 0 : -2;
  const high = margin > 0 ? margin : 2;
  const middle = Math.floor(margin / 2);
  const places = [
    [low, low],
    [high, low],
    [low, high],
    [high, high],
    [middle, middle],
  ] as const;
  return [false, true].flatMap((isMirrored) => places.map(([x, y]) => ({ x, y, isMirrored })));
};

export const mirrorViews = (size: number): View[] => tenViews(size).filter((_, index) => index % 5 === 4);

/** Cuts every view out of every picture: pictures x views x size x size bytes. */
export const cutViews = (pixels: Uint8Array, size: number, views: readonly View[]): Uint8Array => {
  const count = pixels.length / PIXEL_COUNT;
  const out = new Uint8Array(count * views.length * size * size);
  const clamp = (value: number): number => Math.min(FACE_SIZE - 1, Math.max(0, value));
  let at = 0;
  for (let row = 0; row < count; row++) {
    for (const view of views) {
      for (let y = 0; y < size; y++) {
        const line = row * PIXEL_COUNT + clamp(y + view.y) * FACE_SIZE;
        for (let x = 0; x < size; x++) {
          const column = clamp(x + view.x);
          out[at++] = pixels[line + (view.isMirrored ? FACE_SIZE - 1 - column : column)]!;
        }
      }
    }
  }
  return out;
};
