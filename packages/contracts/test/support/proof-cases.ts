import { expect } from 'chai';
import { ethers } from './registry.ts';

export type InclusionCase = {
  leaf: string;
  index: number | bigint;
  size: number | bigint;
  root: string;
  proof: string[];
  isExpected: boolean;
};

export type ConsistencyCase = {
  size1: number | bigint;
  size2: number | bigint;
  root1: string;
  root2: string;
  proof: string[];
  isExpected: boolean;
};

export const deployHarness = () => ethers.deployContract('MerkleLogHarness');

type Harness = Awaited<ReturnType<typeof deployHarness>>;

// One call carries as many proofs as fit well under a block's gas.
const CASES_PER_CALL = 1000;
const NONE = 2n ** 256n - 1n;

const toWord = (value: bigint | number, bytes: number): string => value.toString(16).padStart(bytes * 2, '0');

/** The harness's own form: ABI-encoding structs of arrays would take longer than checking them. */
const encodeCase = (one: InclusionCase | ConsistencyCase): string => {
  const [first, second, hash1, hash2] =
    'leaf' in one ? [one.index, one.size, one.leaf, one.root] : [one.size1, one.size2, one.root1, one.root2];
  const header = [first, second, one.proof.length, one.isExpected ? 1 : 0].map((value) => toWord(value, 8));
  return [...header, ...[hash1, hash2, ...one.proof].map((hash) => hash.slice(2))].join('');
};

const encodeCall = (selector: string, cases: readonly (InclusionCase | ConsistencyCase)[]): string => {
  const words = cases.map(encodeCase).join('');
  return `${selector}${toWord(32, 32)}${toWord(words.length / 64, 32)}${words}`;
};

/** Puts every case to the contract and fails with the first that got another answer than expected. */
export const checkCases = async <C extends InclusionCase | ConsistencyCase>(
  harness: Harness,
  method: 'firstWrongInclusion' | 'firstWrongConsistency',
  cases: Iterable<C>,
): Promise<number> => {
  let checked = 0;
  let batch: C[] = [];
  const flush = async () => {
    const data = encodeCall(harness.getFunction(method).fragment.selector, batch);
    const wrong = BigInt(await ethers.provider.call({ to: harness, data }));
    expect(wrong === NONE ? undefined : batch[Number(wrong)]).to.equal(undefined);
    checked += batch.length;
    batch = [];
  };
  for (const next of cases) {
    batch.push(next);
    if (batch.length === CASES_PER_CALL) await flush();
  }
  if (batch.length > 0) await flush();
  return checked;
};

const flipBit = (hash: string): string =>
  `${hash.slice(0, -1)}${(Number.parseInt(hash.slice(-1), 16) ^ 1).toString(16)}`;

/** Every way to damage a list of hashes by one step: an element changed, lost, doubled, or moved. */
export const damage = (proof: readonly string[]): string[][] => [
  ...proof.map((hash, i) => proof.with(i, flipBit(hash))),
  ...proof.map((_, i) => proof.toSpliced(i, 1)),
  ...proof.map((hash, i) => proof.toSpliced(i, 0, hash)),
  ...proof.slice(1).map((hash, i) => proof.with(i, hash).with(i + 1, proof[i] as string)),
  [...proof, `0x${'00'.repeat(32)}`],
];

/** What is wrong beside the proof itself, and the damaged proofs; none of it may pass. */
export const damagedInclusions = (good: InclusionCase): InclusionCase[] =>
  [
    ...damage(good.proof).map((proof) => ({ ...good, proof })),
    { ...good, leaf: flipBit(good.leaf) },
    { ...good, root: flipBit(good.root) },
    { ...good, index: good.size },
    { ...good, size: 0 },
  ].map((bad) => ({ ...bad, isExpected: false }));

export const damagedConsistencies = (good: ConsistencyCase): ConsistencyCase[] =>
  [
    ...damage(good.proof).map((proof) => ({ ...good, proof })),
    { ...good, root1: flipBit(good.root1) },
    { ...good, root2: flipBit(good.root2) },
    { ...good, root1: good.root2, root2: good.root1 },
    { ...good, size1: good.size2, size2: good.size1 },
    { ...good, size1: BigInt(good.size2) + 1n },
  ].map((bad) => ({ ...bad, isExpected: false }));
