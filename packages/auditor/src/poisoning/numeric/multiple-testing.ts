/**
 * Benjamini and Hochberg (1995): reject the k smallest p-values for the largest k with p_(k) <= q k / m.
 * Returns whether each hypothesis is rejected.
 */
export function rejectByBenjaminiHochberg(p: ArrayLike<number>, q: number): boolean[] {
  const order = Array.from({ length: p.length }, (_, i) => i).sort((a, b) => p[a]! - p[b]! || a - b);
  let rejected = 0;
  order.forEach((at, k) => {
    if (p[at]! <= (q * (k + 1)) / p.length) rejected = k + 1;
  });
  const isRejected = new Array<boolean>(p.length).fill(false);
  for (const at of order.slice(0, rejected)) isRejected[at] = true;
  return isRejected;
}

/** Holm (1979): step-down adjusted p-values, controlling the family-wise error without any independence. */
export function adjustByHolm(p: ArrayLike<number>): number[] {
  const order = Array.from({ length: p.length }, (_, i) => i).sort((a, b) => p[a]! - p[b]! || a - b);
  const adjusted = new Array<number>(p.length).fill(1);
  let running = 0;
  order.forEach((at, k) => {
    running = Math.max(running, Math.min(1, (p.length - k) * p[at]!));
    adjusted[at] = running;
  });
  return adjusted;
}
