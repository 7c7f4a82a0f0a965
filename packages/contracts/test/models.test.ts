import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import { ROLES } from '../src/index.ts';
import {
  approve,
  DATASET,
  deployWithLog,
  deployWithRoles,
  digestOf,
  LEAF,
  MODEL,
  networkHelpers,
} from './support/registry.ts';

const OTHER_DATASET = digestOf('other dataset');
const OTHER_MODEL = digestOf('other model');

describe('Models', () => {
  const load = () => networkHelpers.loadFixture(deployWithRoles);
  const loadWithModel = () => networkHelpers.loadFixture(deployWithLog);

  it('registers a model on an approved dataset', async () => {
    const { registry, custodian, publisher } = await load();
    await approve(registry, custodian);
    expect(await registry.isUsable(MODEL)).to.equal(false);
    await expect(registry.connect(publisher).registerModel(MODEL, DATASET))
      .to.emit(registry, 'ModelRegistered')
      .withArgs(MODEL, DATASET, publisher);
    const model = await registry.modelOf(MODEL);
    expect([model.datasetRoot, model.publisher]).to.deep.equal([DATASET, publisher.address]);
    expect([model.registeredAt, model.revokedAt]).to.deep.equal([
      BigInt(await networkHelpers.time.latest()),
      0n,
    ]);
    expect(await registry.isUsable(MODEL)).to.equal(true);
  });

  it('refuses a model whose dataset nobody approved, or that was revoked', async () => {
    const { registry, custodian, publisher } = await load();
    const register = () => registry.connect(publisher).registerModel(MODEL, DATASET);
    await expect(register()).to.be.revertedWithCustomError(registry, 'DatasetUnknown').withArgs(DATASET);
    await approve(registry, custodian);
    await registry.connect(custodian).revokeDataset(DATASET, 'labels flipped');
    const { revokedAt } = await registry.datasetOf(DATASET);
    await expect(register())
      .to.be.revertedWithCustomError(registry, 'DatasetIsRevoked')
      .withArgs(DATASET, revokedAt);
  });

  it('registers a version once, by a publisher, and never a zero one', async () => {
    const { registry, publisher, stranger } = await loadWithModel();
    await expect(registry.connect(publisher).registerModel(MODEL, DATASET))
      .to.be.revertedWithCustomError(registry, 'ModelAlreadyRegistered')
      .withArgs(MODEL);
    await expect(registry.connect(publisher).registerModel(ZeroHash, DATASET)).to.be.revertedWithCustomError(
      registry,
      'DigestIsZero',
    );
    await expect(registry.connect(stranger).registerModel(OTHER_MODEL, DATASET))
      .to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount')
      .withArgs(stranger, ROLES.publisher);
  });

  it('is revoked by its publisher or a guardian, once, and by nobody else', async () => {
    const { registry, publisher, guardian, stranger } = await loadWithModel();
    await expect(registry.connect(publisher).revokeModel(OTHER_MODEL, 'x'))
      .to.be.revertedWithCustomError(registry, 'ModelUnknown')
      .withArgs(OTHER_MODEL);
    await expect(registry.connect(stranger).revokeModel(MODEL, 'x'))
      .to.be.revertedWithCustomError(registry, 'NotAllowed')
      .withArgs(stranger);
    const snapshot = await networkHelpers.takeSnapshot();
    await registry.connect(guardian).revokeModel(MODEL, 'biased');
    await snapshot.restore();
    await expect(registry.connect(publisher).revokeModel(MODEL, 'biased'))
      .to.emit(registry, 'ModelRevoked')
      .withArgs(MODEL, DATASET, publisher, 'biased');
    expect(await registry.isUsable(MODEL)).to.equal(false);
    await expect(registry.connect(publisher).revokeModel(MODEL, 'again')).to.be.revertedWithCustomError(
      registry,
      'ModelIsRevoked',
    );
    await expect(registry.connect(publisher).registerModel(MODEL, DATASET)).to.be.revertedWithCustomError(
      registry,
      'ModelAlreadyRegistered',
    );
  });

  it('is unusable once its dataset is revoked', async () => {
    const { registry, custodian } = await loadWithModel();
    await registry.connect(custodian).revokeDataset(DATASET, 'poisoned');
    expect(await registry.isUsable(MODEL)).to.equal(false);
  });

  describe('recordDetection', () => {
    it('puts a detection on chain, once', async () => {
      const { registry, recorder } = await loadWithModel();
      const record = () => registry.connect(recorder).recordDetection(LEAF, MODEL, DATASET);
      expect(await registry.detectionOf(LEAF)).to.equal(ZeroHash);
      await expect(record()).to.emit(registry, 'DetectionRecorded').withArgs(LEAF, MODEL, DATASET, recorder);
      expect(await registry.detectionOf(LEAF)).to.equal(MODEL);
      await expect(record()).to.not.emit(registry, 'DetectionRecorded');
    });

    it('binds a leaf to one model for good', async () => {
      const { registry, publisher, recorder } = await loadWithModel();
      await registry.connect(publisher).registerModel(OTHER_MODEL, DATASET);
      await registry.connect(recorder).recordDetection(LEAF, MODEL, DATASET);
      await expect(registry.connect(recorder).recordDetection(LEAF, OTHER_MODEL, DATASET))
        .to.be.revertedWithCustomError(registry, 'DetectionBoundToOtherModel')
        .withArgs(LEAF, MODEL);
    });

    it('refuses an unknown model, another dataset, a zero leaf, and a stranger', async () => {
      const { registry, recorder, stranger } = await loadWithModel();
      const asRecorder = registry.connect(recorder);
      await expect(asRecorder.recordDetection(LEAF, OTHER_MODEL, DATASET))
        .to.be.revertedWithCustomError(registry, 'ModelUnknown')
        .withArgs(OTHER_MODEL);
      await expect(asRecorder.recordDetection(LEAF, MODEL, OTHER_DATASET))
        .to.be.revertedWithCustomError(registry, 'ModelTrainedOnOtherDataset')
        .withArgs(MODEL, DATASET, OTHER_DATASET);
      await expect(asRecorder.recordDetection(ZeroHash, MODEL, DATASET)).to.be.revertedWithCustomError(
        registry,
        'DigestIsZero',
      );
      await expect(registry.connect(stranger).recordDetection(LEAF, MODEL, DATASET))
        .to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount')
        .withArgs(stranger, ROLES.recorder);
    });

    it('fails closed on a revoked model or dataset, yet a retry of what was recorded succeeds', async () => {
      const { registry, recorder, publisher, custodian } = await loadWithModel();
      const asRecorder = registry.connect(recorder);
      await asRecorder.recordDetection(LEAF, MODEL, DATASET);
      const snapshot = await networkHelpers.takeSnapshot();
      await registry.connect(publisher).revokeModel(MODEL, 'biased');
      await expect(
        asRecorder.recordDetection(digestOf('later'), MODEL, DATASET),
      ).to.be.revertedWithCustomError(registry, 'ModelIsRevoked');
      await asRecorder.recordDetection(LEAF, MODEL, DATASET);
      await snapshot.restore();
      await registry.connect(custodian).revokeDataset(DATASET, 'poisoned');
      await expect(
        asRecorder.recordDetection(digestOf('later'), MODEL, DATASET),
      ).to.be.revertedWithCustomError(registry, 'DatasetIsRevoked');
    });
  });
});
