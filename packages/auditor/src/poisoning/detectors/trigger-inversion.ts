import { meanOf, robustScaleOf, standardDeviationOf } from '../numeric/robust.ts';

const STRIP_Z = 2.33;
const CLEANSE_ANOMALY = 2;

/** STRIP (Gao et al. 2019): a trigger keeps its class whatever it is blended with, so entropy stays low. */
export function scoreStrip(entropies: Float32Array): {
  readonly scores: Float64Array;
  readonly flagged: number[];
} {
  const mean = meanOf(entropies);
  const spread = standardDeviationOf(entropies) + 1e-12;
  const scores = Float64Array.from(entropies, (entropy) => (mean - entropy) / spread);
  const flagged: number[] = [];
  scores.forEach((z, row) => {
    if (z > STRIP_Z) flagged.push(row);
  });
  return { scores, flagged };
}

/** Neural Cleanse (Wang et al. 2019): targets whose reversed trigger is anomalously small, formula 11. */
export function findShortcutTargets(maskNorms: Float32Array): number[] {
  const { centre, spread } = robustScaleOf(maskNorms);
  const targets: number[] = [];
  maskNorms.forEach((norm, target) => {
    if ((centre - norm) / spread > CLEANSE_ANOMALY) targets.push(target);
  });
  return targets;
}
