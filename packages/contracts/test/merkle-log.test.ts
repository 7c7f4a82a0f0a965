import { expect } from 'chai';
import { ReferenceTree } from './support/merkle.ts';
import { deployWithRoles, networkHelpers } from './support/registry.ts';

// Every proof of every tree up to this size. 64 covers each branch of both verifiers on all levels but the top ones.
const EXHAUSTIVE = 64;

describe('MerkleLog', () => {
  const tree = ReferenceTree.ofSize(EXHAUSTIVE);

  it('accepts every inclusion proof of every tree', async () => {
    const { registry } = await networkHelpers.loadFixture(deployWithRoles);
    for (let size = 1; size <= EXHAUSTIVE; size++) {
      const root = tree.root(size);
      const checks = tree.leaves
        .slice(0, size)
        .map((leaf, index) => registry.verifyInclusion(leaf, index, size, root, tree.inclusion(index, size)));
      expect(await Promise.all(checks)).to.not.include(false);
    }
  });

  it('accepts every consistency proof between every pair of sizes', async () => {
    const { registry } = await networkHelpers.loadFixture(deployWithRoles);
    for (let size = 0; size <= EXHAUSTIVE; size++) {
      const checks = Array.from({ length: size + 1 }, (_, old) =>
        registry.verifyConsistency(old, size, tree.root(old), tree.root(size), tree.consistency(old, size)),
      );
      expect(await Promise.all(checks)).to.not.include(false);
    }
  });
});
