const PPM = 1_000_000;

/** Labels that stay possible at the calibrated coverage. */
export type Conformal = { readonly set: readonly string[]; readonly isAbstained: boolean };

const MOST_LABELS = 2;

/**
 * LAC sets (Sadinle, Lei and Wasserman 2019): every label whose probability is at least 1 - q. With more than two
 * labels left, or none, the model has said too little to be quoted: it abstains.
 */
export const toConformal = (
  labels: readonly string[],
  scoresPpm: readonly number[],
  quantilePpm: number,
): Conformal => {
  const set = labels.filter((_, i) => (scoresPpm[i] ?? 0) >= PPM - quantilePpm);
  return { set, isAbstained: set.length === 0 || set.length > MOST_LABELS };
};
