/** What may be done to a training image. Lengths are pixels of the source image unless said otherwise. */
export type AugmentationRecipe = {
  /** Chance of a mirror image. */
  readonly mirror: number;
  /** Random crop of the network's input size out of the source; else the centre crop. */
  readonly crop: boolean;
  /** Chance that the affine part below is applied at all. */
  readonly affine: number;
  readonly rotationDegrees: number;
  /** Shift as a part of the image side. */
  readonly shift: number;
  /** Zoom within [1 - zoom, 1 + zoom]. */
  readonly zoom: number;
  /** One zoom for both axes, or one each. */
  readonly isotropicZoom: boolean;
  /** Chance of erasing one rectangle of 2 to 20 % of the area (Zhong et al. 2020). */
  readonly erase: number;
  /** Beta(alpha, alpha) of mixup (Zhang et al. 2018); 0 for none. */
  readonly mixup: number;
};

export const NO_AUGMENTATION: AugmentationRecipe = {
  mirror: 0,
  crop: false,
  affine: 0,
  rotationDegrees: 0,
  shift: 0,
  zoom: 0,
  isotropicZoom: true,
  erase: 0,
  mixup: 0,
};

/** The mission's: rotation ±10°, shift 10 %, zoom .1, no mirror. */
export const MISSION_AUGMENTATION: AugmentationRecipe = {
  ...NO_AUGMENTATION,
  affine: 1,
  rotationDegrees: 10,
  shift: 0.1,
  zoom: 0.1,
  isotropicZoom: false,
};

/** Mirror, crop, affine, erasing and mixup: the recipe of the compact network. */
export const STRONG_AUGMENTATION: AugmentationRecipe = {
  mirror: 0.5,
  crop: true,
  affine: 0.8,
  rotationDegrees: 10,
  shift: 2 / 48,
  zoom: 0.12,
  isotropicZoom: true,
  erase: 0.5,
  mixup: 0.2,
};

/** As the strong one, turned, zoomed and moved further: for long runs and for distillation. */
export const WIDE_AUGMENTATION: AugmentationRecipe = {
  ...STRONG_AUGMENTATION,
  rotationDegrees: 15,
  shift: 0.1,
  zoom: 0.2,
};
