import { expect } from 'chai';
import { ReferenceTree } from './support/merkle.ts';
import {
  approve,
  CHECKPOINT_KEY,
  DATASET,
  deployWithLog,
  deployWithRoles,
  LOG_ID,
  MODEL,
  networkHelpers,
} from './support/registry.ts';

describe('TestigoRegistry', () => {
  it('refuses a model whose dataset nobody approved', async () => {
    const { registry, publisher } = await networkHelpers.loadFixture(deployWithRoles);
    await expect(registry.connect(publisher).registerModel(MODEL, DATASET))
      .to.be.revertedWithCustomError(registry, 'DatasetUnknown')
      .withArgs(DATASET);
  });

  it('refuses a model whose dataset was revoked', async () => {
    const { registry, custodian, publisher } = await networkHelpers.loadFixture(deployWithRoles);
    await approve(registry, custodian);
    await registry.connect(custodian).revokeDataset(DATASET, 'labels poisoned');
    await expect(registry.connect(publisher).registerModel(MODEL, DATASET)).to.be.revertedWithCustomError(
      registry,
      'DatasetIsRevoked',
    );
  });

  it('anchors a log that grows, and names its models', async () => {
    const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
    const log = registry.connect(key);
    const tree = ReferenceTree.ofSize(100);
    await log.anchor(LOG_ID, 37, tree.root(37), [], [MODEL], [30]);
    await expect(log.anchor(LOG_ID, 100, tree.root(), tree.consistency(37), [MODEL], [63]))
      .to.emit(registry, 'AnchoredModel')
      .withArgs(LOG_ID, MODEL, DATASET, 100, 63)
      .and.to.emit(registry, 'Anchored')
      .withArgs(LOG_ID, 100, tree.root(), 37);
    const head = await registry.headOf(LOG_ID);
    expect([head.size, head.root]).to.deep.equal([100n, tree.root()]);
    expect((await registry.logOf(LOG_ID)).checkpointKey).to.equal(CHECKPOINT_KEY);
  });

  it('refuses a fork, whoever sends it', async () => {
    const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
    const log = registry.connect(key);
    const tree = ReferenceTree.ofSize(100);
    const fork = ReferenceTree.ofSize(100, 'fork');
    await log.anchor(LOG_ID, 37, tree.root(37), [], [], []);
    await expect(
      log.anchor(LOG_ID, 100, fork.root(), fork.consistency(37), [], []),
    ).to.be.revertedWithCustomError(registry, 'HeadWouldFork');
    await expect(log.anchor(LOG_ID, 36, tree.root(36), [], [], [])).to.be.revertedWithCustomError(
      registry,
      'HeadWouldShrink',
    );
  });
});
