import type { Generator } from '../random/keyed-generator.ts';
import type { AugmentationRecipe } from './recipe.ts';

/**
 * How one network input is cut out of one source image, as numbers that a loop and a shader read alike:
 * source x = v0·x + v1·y + v2, source y = v3·x + v4·y + v5 at output pixel (x, y), bilinear, edges repeated;
 * then the rectangle [v6, v8) x [v7, v9) is filled with v10; v11 is the weight of the image against its partner.
 */
export const VIEW_LENGTH = 12;

type Affine = {
  mirror: boolean;
  offsetX: number;
  offsetY: number;
  angle: number;
  zoomX: number;
  zoomY: number;
  shiftX: number;
  shiftY: number;
};

function writeView(target: Float32Array, at: number, sourceSize: number, a: Affine): void {
  const centre = (sourceSize - 1) / 2;
  const cos = Math.cos(a.angle);
  const sin = Math.sin(a.angle);
  // output pixel → crop → mirror → rotate and zoom about the centre → shift
  const sign = a.mirror ? -1 : 1;
  const left = (a.mirror ? sourceSize - 1 - a.offsetX : a.offsetX) - centre;
  const top = a.offsetY - centre;
  const xx = cos / a.zoomX;
  const xy = -sin / a.zoomX;
  const yx = sin / a.zoomY;
  const yy = cos / a.zoomY;
  target.set(
    [
      xx * sign,
      xy,
      xx * left + xy * top + centre + a.shiftX,
      yx * sign,
      yy,
      yx * left + yy * top + centre + a.shiftY,
      0,
      0,
      0,
      0,
      0,
      1,
    ],
    at,
  );
}

/** The view at a fixed crop, for evaluation. */
export function fixedView(sourceSize: number, crop: { x: number; y: number; mirror: boolean }): Float32Array {
  const view = new Float32Array(VIEW_LENGTH);
  const still = { angle: 0, zoomX: 1, zoomY: 1, shiftX: 0, shiftY: 0 };
  writeView(view, 0, sourceSize, { mirror: crop.mirror, offsetX: crop.x, offsetY: crop.y, ...still });
  return view;
}

export function centreView(sourceSize: number, size: number): Float32Array {
  const margin = Math.floor((sourceSize - size) / 2);
  return fixedView(sourceSize, { x: margin, y: margin, mirror: false });
}

/** Four corners and the centre, each with its mirror image (Krizhevsky et al. 2012). */
export function tenCropViews(sourceSize: number, size: number): Float32Array[] {
  const end = sourceSize - size;
  const middle = Math.floor(end / 2);
  const places: readonly (readonly [number, number])[] = [
    [0, 0],
    [end, 0],
    [0, end],
    [end, end],
    [middle, middle],
  ];
  return [false, true].flatMap((mirror) => places.map(([x, y]) => fixedView(sourceSize, { x, y, mirror })));
}

function writeErasing(view: Float32Array, at: number, size: number, fill: number, random: Generator): void {
  const area = random.between(0.02, 0.2) * size * size;
  const aspect = Math.exp(random.between(Math.log(0.3), Math.log(3.3)));
  const width = Math.min(size, Math.round(Math.sqrt(area * aspect)));
  const height = Math.min(size, Math.round(Math.sqrt(area / aspect)));
  const x = Math.floor(random.uniform() * (size - width + 1));
  const y = Math.floor(random.uniform() * (size - height + 1));
  view.set([x, y, x + width, y + height, fill], at + 6);
}

/** One random view for each image of a batch; `fill` is the pixel value (0 to 1) that erasing leaves. */
export function planViews(
  count: number,
  {
    sourceSize,
    size,
    recipe,
    fill,
    random,
  }: { sourceSize: number; size: number; recipe: AugmentationRecipe; fill: number; random: Generator },
): Float32Array {
  const views = new Float32Array(count * VIEW_LENGTH);
  const margin = sourceSize - size;
  const spin = (recipe.rotationDegrees * Math.PI) / 180;
  for (let i = 0; i < count; i++) {
    const at = i * VIEW_LENGTH;
    const mirror = random.uniform() < recipe.mirror;
    const offsetX = recipe.crop ? Math.floor(random.uniform() * (margin + 1)) : Math.floor(margin / 2);
    const offsetY = recipe.crop ? Math.floor(random.uniform() * (margin + 1)) : Math.floor(margin / 2);
    const moved = random.uniform() < recipe.affine ? 1 : 0;
    const angle = moved * random.between(-spin, spin);
    const zoomX = 1 + moved * random.between(-recipe.zoom, recipe.zoom);
    const zoomAgain = 1 + moved * random.between(-recipe.zoom, recipe.zoom);
    const zoomY = recipe.isotropicZoom ? zoomX : zoomAgain;
    const shiftX = moved * random.between(-recipe.shift, recipe.shift) * sourceSize;
    const shiftY = moved * random.between(-recipe.shift, recipe.shift) * sourceSize;
    writeView(views, at, sourceSize, { mirror, offsetX, offsetY, angle, zoomX, zoomY, shiftX, shiftY });
    if (random.uniform() < recipe.erase) writeErasing(views, at, size, fill, random);
    if (recipe.mixup > 0) {
      const share = random.beta(recipe.mixup);
      views[at + 11] = Math.max(share, 1 - share);
    }
  }
  return views;
}
