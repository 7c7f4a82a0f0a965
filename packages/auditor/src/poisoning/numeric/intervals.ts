export type Interval = { readonly low: number; readonly high: number };

/** Phi^-1(.975). */
const Z_95 = 1.959963984540054;

/** Wilson's score interval (1927) for a share, 95 %: stays within [0, 1] and honest at 0 and at 1. */
export function wilsonInterval(successes: number, trials: number, z = Z_95): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const z2 = z * z;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half =
    (z / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
