import { CLASS_COUNT } from '../network/spec.ts';
import type { TrainingEngine } from './engine.ts';

const ROWS = 512;
const STEPS = 10;

/**
 * Share of the first rows that are still right under PGD-10 at `epsilon`. Fast adversarial training can collapse within
 * an epoch: the network learns to hide from the one step it is trained on, and stands against nothing else
 * (Wong et al. 2020, section 5.3). Only an attack of many steps sees it.
 */
export const measureRobust = async (
  engine: TrainingEngine,
  labels: Uint8Array,
  { rows, view, epsilon }: { rows: Uint32Array; view: Float32Array; epsilon: number },
): Promise<number> => {
  const part = rows.subarray(0, ROWS);
  const plan = { epsilon, stepSize: epsilon / 4, steps: STEPS, seed: 'guard' };
  const probabilities = await engine.predictAttacked(part, view, plan);
  let right = 0;
  part.forEach((row, i) => {
    const p = probabilities.subarray(i * CLASS_COUNT, (i + 1) * CLASS_COUNT);
    if (p.indexOf(Math.max(...p)) === labels[row]) right++;
  });
  return right / part.length;
};
