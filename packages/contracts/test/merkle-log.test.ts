import { expect } from 'chai';
import { hashPair, ReferenceTree } from './support/merkle.ts';
import {
  type ConsistencyCase,
  checkCases,
  damagedConsistencies,
  damagedInclusions,
  deployHarness,
  type InclusionCase,
} from './support/proof-cases.ts';
import { ethers, networkHelpers } from './support/registry.ts';
import { uniformConsistency, uniformInclusion, uniformLeaf, uniformRoot } from './support/uniform-log.ts';

// Every proof of every log up to this size; 512 in the long run (see README.md).
const EXHAUSTIVE = Number(process.env.TESTIGO_EXHAUSTIVE ?? 64);
// Every damage to every proof of every log up to this size.
const DAMAGED = Math.min(EXHAUSTIVE, 18);

const tree = ReferenceTree.ofSize(EXHAUSTIVE);

const inclusionOf = (index: number, size: number): InclusionCase => ({
  leaf: tree.leaves[index]!,
  index,
  size,
  root: tree.root(size),
  proof: tree.inclusion(index, size),
  isExpected: true,
});

const consistencyOf = (size1: number, size2: number): ConsistencyCase => ({
  size1,
  size2,
  root1: tree.root(size1),
  root2: tree.root(size2),
  proof: tree.consistency(size1, size2),
  isExpected: true,
});

function* allInclusions(limit: number): Generator<InclusionCase> {
  for (let size = 1; size <= limit; size++) {
    for (let index = 0; index < size; index++) yield inclusionOf(index, size);
  }
}

function* allConsistencies(limit: number): Generator<ConsistencyCase> {
  for (let size2 = 0; size2 <= limit; size2++) {
    for (let size1 = 0; size1 <= size2; size1++) yield consistencyOf(size1, size2);
  }
}

describe('MerkleLog', () => {
  const load = () => networkHelpers.loadFixture(deployHarness);

  it(`accepts every inclusion proof of every log up to ${EXHAUSTIVE} leaves`, async () => {
    const checked = await checkCases(await load(), 'firstWrongInclusion', allInclusions(EXHAUSTIVE));
    expect(checked).to.equal((EXHAUSTIVE * (EXHAUSTIVE + 1)) / 2);
  });

  it(`accepts every consistency proof between logs up to ${EXHAUSTIVE} leaves`, async () => {
    const checked = await checkCases(await load(), 'firstWrongConsistency', allConsistencies(EXHAUSTIVE));
    expect(checked).to.equal(((EXHAUSTIVE + 1) * (EXHAUSTIVE + 2)) / 2);
  });

  it(`refuses every damaged inclusion proof of logs up to ${DAMAGED} leaves`, async () => {
    await checkCases(
      await load(),
      'firstWrongInclusion',
      [...allInclusions(DAMAGED)].flatMap(damagedInclusions),
    );
  });

  it(`refuses a leaf at any other index of logs up to ${DAMAGED} leaves`, async () => {
    const misplaced = [...allInclusions(DAMAGED)].flatMap((good) =>
      Array.from({ length: Number(good.size) }, (_, index) => ({
        ...good,
        index,
        isExpected: index === good.index,
      })),
    );
    await checkCases(await load(), 'firstWrongInclusion', misplaced);
  });

  it(`refuses every damaged consistency proof between logs up to ${DAMAGED} leaves`, async () => {
    const damaged = [...allConsistencies(DAMAGED)]
      .filter(({ size1, size2 }) => size1 !== size2 && size1 !== 0)
      .flatMap(damagedConsistencies);
    await checkCases(await load(), 'firstWrongConsistency', damaged);
  });

  it('refuses a path that goes on above the root, though its end be the root that is asked for', async () => {
    const above = tree.leaves[0]!;
    const longer = [...allInclusions(DAMAGED)].flatMap((good) =>
      [hashPair(above, good.root), hashPair(good.root, above)].map((root) => ({
        ...good,
        root,
        proof: [...good.proof, above],
        isExpected: false,
      })),
    );
    await checkCases(await load(), 'firstWrongInclusion', longer);
  });

  it('refuses a log that shrinks, though its root stay the same', async () => {
    const shrinking = [...allConsistencies(DAMAGED)].flatMap(({ size1, size2, root2, proof }) =>
      size1 < size2
        ? [[], proof].map((path) => ({
            ...{ size1: size2, size2: size1, root1: root2, root2, proof: path },
            isExpected: false,
          }))
        : [],
    );
    await checkCases(await load(), 'firstWrongConsistency', shrinking);
  });

  it('refuses a proof between two equal or from an empty log that carries anything', async () => {
    const proof = [tree.leaves[0]!];
    const cases = [consistencyOf(7, 7), consistencyOf(0, 7), consistencyOf(0, 0)].flatMap((good) => [
      { ...good, proof, isExpected: false },
      { ...good, root1: tree.leaves[5]!, isExpected: false },
    ]);
    await checkCases(await load(), 'firstWrongConsistency', cases);
  });

  // The weakness that index and size in a proof close: without the leaf prefix a node would pass for a leaf.
  it('refuses a node in the place of a leaf', async () => {
    const node = tree.inclusion(0, 4)[1]!; // the right child of the root of four leaves
    const cases = [
      { leaf: node, index: 1, size: 2, root: tree.root(4), proof: [tree.root(2)], isExpected: true },
      { leaf: node, index: 2, size: 4, root: tree.root(4), proof: [tree.root(2)], isExpected: false },
      { leaf: node, index: 3, size: 4, root: tree.root(4), proof: [tree.root(2)], isExpected: false },
    ];
    // The first passes: a false size can make a node look like a leaf, which is why a head binds its size.
    await checkCases(await load(), 'firstWrongInclusion', cases);
  });

  it('accepts proofs in logs of up to 2^52 leaves', async () => {
    const sizes = [10, 20, 32, 40, 52].flatMap((bits) => [
      2 ** bits - 1,
      2 ** bits,
      2 ** bits - 2 ** (bits - 5) + 3,
    ]);
    const harness = await load();
    const inclusions = sizes.flatMap((size) =>
      [0, 1, Math.floor(size / 3), size - 2, size - 1].map((index) => ({
        leaf: uniformLeaf,
        index,
        size,
        root: uniformRoot(size),
        proof: uniformInclusion(index, size),
        isExpected: true,
      })),
    );
    await checkCases(harness, 'firstWrongInclusion', inclusions);
    const consistencies = sizes.flatMap((size2) =>
      [1, 2, 3, Math.floor(size2 / 3), size2 - 1].map((size1) => ({
        size1,
        size2,
        root1: uniformRoot(size1),
        root2: uniformRoot(size2),
        proof: uniformConsistency(size1, size2),
        isExpected: true,
      })),
    );
    await checkCases(harness, 'firstWrongConsistency', consistencies);
  });

  it('ends on the longest proof that calldata carries, and on the largest sizes', async () => {
    const proof = Array.from({ length: 2000 }, () => tree.leaves[0]!);
    const largest = 2n ** 64n - 1n;
    const root = tree.root();
    const harness = await load();
    await checkCases(harness, 'firstWrongInclusion', [
      { leaf: root, index: largest - 1n, size: largest, root, proof, isExpected: false },
      { leaf: root, index: 0, size: largest, root, proof, isExpected: false },
    ]);
    await checkCases(harness, 'firstWrongConsistency', [
      { size1: largest - 1n, size2: largest, root1: root, root2: root, proof, isExpected: false },
      { size1: 1, size2: largest, root1: root, root2: root, proof, isExpected: false },
    ]);
  });

  it('hashes a node as SHA-256 over 0x01 and its children', async () => {
    const [left, right] = [tree.leaves[0]!, tree.leaves[1]!];
    const harness = await load();
    const expected = ethers.sha256(ethers.concat(['0x01', left, right]));
    expect(await harness.getFunction('hashChildren').staticCall(left, right)).to.equal(expected);
  });
});
