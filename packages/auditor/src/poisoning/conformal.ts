import { countAtLeast } from './numeric/tail-excess.ts';

/**
 * Conformal p-values (Vovk, Gammerman and Shafer 2005): p = (1 + #{clean score >= s}) / (n + 1). Whatever the score's
 * distribution, a clean sample exchangeable with the calibration scores has P(p <= t) <= t.
 */
export function conformalP(scores: Float64Array, cleanScores: Float64Array): Float64Array {
  const sorted = cleanScores.slice().sort();
  return Float64Array.from(scores, (score) => (1 + countAtLeast(sorted, score)) / (sorted.length + 1));
}
