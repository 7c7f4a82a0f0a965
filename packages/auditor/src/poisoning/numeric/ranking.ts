/** Indices from the highest score down; equal scores keep index order, so the order is one and only one. */
export function rankDescending(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  return order.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Area under the ROC curve by the Mann-Whitney statistic; a tie counts one half. NaN without both kinds. */
export function areaUnderRoc(scores: ArrayLike<number>, isPositive: ArrayLike<number | boolean>): number {
  const order = rankDescending(scores).reverse();
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const midrank = (start + 1 + end) / 2;
    for (let k = start; k < end; k++) {
      if (!isPositive[order[k]!]) continue;
      positives += 1;
      rankSum += midrank;
    }
    start = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

export type RocPoint = { readonly fpr: number; readonly tpr: number };

/** The ROC curve's corners, from (0, 0) to (1, 1); tied scores make one step. */
export function traceRoc(scores: ArrayLike<number>, isPositive: ArrayLike<number | boolean>): RocPoint[] {
  const order = rankDescending(scores);
  let positives = 0;
  for (let i = 0; i < order.length; i++) if (isPositive[i]) positives += 1;
  const negatives = order.length - positives;
  const points: RocPoint[] = [{ fpr: 0, tpr: 0 }];
  let hits = 0;
  let alarms = 0;
  for (let k = 0; k < order.length; k++) {
    if (isPositive[order[k]!]) hits += 1;
    else alarms += 1;
    const isTied = k + 1 < order.length && scores[order[k + 1]!] === scores[order[k]!];
    if (!isTied) points.push({ fpr: alarms / Math.max(negatives, 1), tpr: hits / Math.max(positives, 1) });
  }
  return points;
}

/** The highest true-positive rate whose false-positive rate does not pass `fpr`: never between two corners. */
export function truePositiveRateAt(points: readonly RocPoint[], fpr: number): number {
  let best = 0;
  for (const point of points) if (point.fpr <= fpr && point.tpr > best) best = point.tpr;
  return best;
}

/** Share of positives among the `count` highest scores. */
export function precisionAt(
  scores: ArrayLike<number>,
  isPositive: ArrayLike<number | boolean>,
  count: number,
): number {
  const top = rankDescending(scores).subarray(0, count);
  let hits = 0;
  for (const row of top) if (isPositive[row]) hits += 1;
  return top.length === 0 ? Number.NaN : hits / top.length;
}
