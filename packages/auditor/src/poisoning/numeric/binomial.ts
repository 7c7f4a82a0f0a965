/** ln n! by summing logarithms up to 255, then Stirling's series (error below 1e-12). */
function logFactorial(n: number): number {
  if (n < 256) {
    let sum = 0;
    for (let k = 2; k <= n; k++) sum += Math.log(k);
    return sum;
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/** P(Bin(trials, share) >= successes). */
export function binomialTail(trials: number, successes: number, share: number): number {
  if (successes <= 0) return 1;
  if (share <= 0) return 0;
  if (share >= 1) return 1;
  let sum = 0;
  const fixed = logFactorial(trials);
  for (let k = successes; k <= trials; k++) {
    const log =
      fixed -
      logFactorial(k) -
      logFactorial(trials - k) +
      k * Math.log(share) +
      (trials - k) * Math.log1p(-share);
    const term = Math.exp(log);
    sum += term;
    // past the mode terms only shrink
    if (k > trials * share && term < sum * 1e-16) break;
  }
  return Math.min(1, sum);
}
