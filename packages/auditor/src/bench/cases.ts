import type { Attack } from './attacks.ts';

export type BenchCase = { readonly name: string; readonly attack: Attack };

const [HAPPY, SAD, NEUTRAL] = [3, 4, 6] as const;

/** The attacks that a release is measured on. Rates are shares of all rows, or of the class where labels stay. */
export const BENCH_CASES: readonly BenchCase[] = [
  { name: 'random-flip-10', attack: { kind: 'random-flip', rate: 0.1 } },
  { name: 'sad-to-neutral-20', attack: { kind: 'targeted-flip', rate: 0.2, from: SAD, to: NEUTRAL } },
  { name: 'badnets-0.1', attack: { kind: 'badnets', rate: 0.001, target: HAPPY } },
  { name: 'white-corner-0.3', attack: { kind: 'white-corner', rate: 0.003, target: HAPPY } },
  { name: 'blend-20-0.3', attack: { kind: 'blended', rate: 0.003, target: HAPPY, alpha: 0.2 } },
  { name: 'blend-10-1', attack: { kind: 'blended', rate: 0.01, target: HAPPY, alpha: 0.1 } },
  { name: 'sig-20-1', attack: { kind: 'sig', rate: 0.01, target: HAPPY, amplitude: 20, frequency: 6 } },
  { name: 'label-consistent-1', attack: { kind: 'label-consistent', rate: 0.01, target: HAPPY } },
  { name: 'wanet-5', attack: { kind: 'wanet', rate: 0.05, target: HAPPY, strength: 0.5 } },
  { name: 'wanet-strong-5', attack: { kind: 'wanet', rate: 0.05, target: HAPPY, strength: 1 } },
  { name: 'out-of-distribution-1', attack: { kind: 'out-of-distribution', rate: 0.01 } },
  { name: 'duplicate-flood-0.3', attack: { kind: 'duplicate-flood', rate: 0.003, target: HAPPY } },
];

/** What a network is trained on before and after removal of the flagged rows: rates at which an attack takes hold. */
export const REMOVAL_CASES: readonly BenchCase[] = [
  { name: 'badnets-1', attack: { kind: 'badnets', rate: 0.01, target: HAPPY } },
  { name: 'white-corner-1', attack: { kind: 'white-corner', rate: 0.01, target: HAPPY } },
  { name: 'blend-20-1', attack: { kind: 'blended', rate: 0.01, target: HAPPY, alpha: 0.2 } },
  ...BENCH_CASES.filter(({ name }) => name === 'sig-20-1' || name === 'wanet-5'),
];

/** @throws RangeError for a name that no case has; its message lists the names. */
export function findCase(name: string): BenchCase {
  const known = [...new Set([...BENCH_CASES, ...REMOVAL_CASES])];
  const found = known.find((benchCase) => benchCase.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no case is called ${name}; there are ${known.map((one) => one.name).join(', ')}`);
}
