import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import { ROLES, signDatasetApproval } from '../src/index.ts';
import {
  approve,
  DATASET,
  deployWithRoles,
  digestOf,
  ethers,
  FAR_FUTURE,
  MANIFEST,
  networkHelpers,
} from './support/registry.ts';

const SIZE = 35_887;
const approval = (custodian: string, deadline: bigint | number = FAR_FUTURE) => ({
  datasetRoot: DATASET,
  size: SIZE,
  manifestDigest: MANIFEST,
  custodian,
  deadline,
});

describe('Datasets', () => {
  const load = () => networkHelpers.loadFixture(deployWithRoles);

  it('approves on a custodian’s signature that anybody sends', async () => {
    const { registry, custodian, stranger } = await load();
    await expect(approve(registry.connect(stranger), custodian))
      .to.emit(registry, 'DatasetApproved')
      .withArgs(DATASET, custodian, MANIFEST, SIZE);
    const dataset = await registry.datasetOf(DATASET);
    expect(dataset.custodian).to.equal(custodian.address);
    expect([dataset.size, dataset.manifestDigest, dataset.revokedAt]).to.deep.equal([
      BigInt(SIZE),
      MANIFEST,
      0n,
    ]);
    expect(dataset.approvedAt).to.equal(BigInt(await networkHelpers.time.latest()));
  });

  it('approves on a contract wallet’s signature (ERC-1271)', async () => {
    const { registry, admin, stranger: owner } = await load();
    const wallet = await ethers.deployContract('Wallet1271', [owner.address]);
    const custodian = await wallet.getAddress();
    await registry.connect(admin).grantRole(ROLES.custodian, custodian);
    const signature = await signDatasetApproval(owner, registry, approval(custodian));
    await registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE, signature);
    expect((await registry.datasetOf(DATASET)).custodian).to.equal(custodian);
    const withdrawal = registry.interface.encodeFunctionData('revokeDataset', [DATASET, 'mislabelled']);
    await expect(wallet.getFunction('forward').send(registry, withdrawal))
      .to.emit(registry, 'DatasetRevoked')
      .withArgs(DATASET, custodian, 'mislabelled');
  });

  it('refuses a contract wallet’s signature by somebody else', async () => {
    const { registry, admin, stranger: owner, guardian: thief } = await load();
    const wallet = await ethers.deployContract('Wallet1271', [owner.address]);
    const custodian = await wallet.getAddress();
    await registry.connect(admin).grantRole(ROLES.custodian, custodian);
    const signature = await signDatasetApproval(thief, registry, approval(custodian));
    await expect(registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE, signature))
      .to.be.revertedWithCustomError(registry, 'SignatureInvalid')
      .withArgs(custodian);
  });

  it('refuses a signature over any other field', async () => {
    const { registry, custodian } = await load();
    const signature = await signDatasetApproval(custodian, registry, approval(custodian.address));
    const other = digestOf('other');
    const tries = [
      registry.approveDataset(other, SIZE, MANIFEST, custodian, FAR_FUTURE, signature),
      registry.approveDataset(DATASET, SIZE + 1, MANIFEST, custodian, FAR_FUTURE, signature),
      registry.approveDataset(DATASET, SIZE, other, custodian, FAR_FUTURE, signature),
      registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE + 1n, signature),
      registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE, '0x'),
      registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE, `0x${'00'.repeat(65)}`),
    ];
    for (const attempt of tries) {
      await expect(attempt).to.be.revertedWithCustomError(registry, 'SignatureInvalid').withArgs(custodian);
    }
  });

  it('refuses a signature given to another registry', async () => {
    const { registry, custodian, admin } = await load();
    const other = (await deployWithRoles()).registry;
    const signature = await signDatasetApproval(custodian, other, approval(custodian.address));
    await expect(
      registry.connect(admin).approveDataset(DATASET, SIZE, MANIFEST, custodian, FAR_FUTURE, signature),
    ).to.be.revertedWithCustomError(registry, 'SignatureInvalid');
  });

  it('refuses a signer who is no custodian, and one who is no more', async () => {
    const { registry, admin, custodian, stranger } = await load();
    await expect(approve(registry, stranger))
      .to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount')
      .withArgs(stranger, ROLES.custodian);
    await registry.connect(admin).revokeRole(ROLES.custodian, custodian);
    await expect(approve(registry, custodian)).to.be.revertedWithCustomError(
      registry,
      'AccessControlUnauthorizedAccount',
    );
  });

  it('refuses a signature past its deadline, and takes it on the last second', async () => {
    const { registry, custodian } = await load();
    const deadline = (await networkHelpers.time.latest()) + 100;
    const signature = await signDatasetApproval(custodian, registry, approval(custodian.address, deadline));
    const send = () => registry.approveDataset(DATASET, SIZE, MANIFEST, custodian, deadline, signature);
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.setNextBlockTimestamp(deadline + 1);
    await expect(send()).to.be.revertedWithCustomError(registry, 'SignatureExpired').withArgs(deadline);
    await snapshot.restore();
    await networkHelpers.time.setNextBlockTimestamp(deadline);
    await send();
  });

  it('approves a root once, and never again after its revocation', async () => {
    const { registry, custodian } = await load();
    await approve(registry, custodian);
    const again = () => approve(registry, custodian, { manifestDigest: digestOf('another manifest') });
    await expect(again()).to.be.revertedWithCustomError(registry, 'DatasetAlreadyApproved').withArgs(DATASET);
    await registry.connect(custodian).revokeDataset(DATASET, 'poisoned');
    await expect(again()).to.be.revertedWithCustomError(registry, 'DatasetAlreadyApproved').withArgs(DATASET);
  });

  it('refuses an empty dataset and zero digests', async () => {
    const { registry, custodian } = await load();
    await expect(approve(registry, custodian, { size: 0 }))
      .to.be.revertedWithCustomError(registry, 'DatasetEmpty')
      .withArgs(DATASET);
    for (const fields of [{ datasetRoot: ZeroHash }, { manifestDigest: ZeroHash }]) {
      await expect(approve(registry, custodian, fields)).to.be.revertedWithCustomError(
        registry,
        'DigestIsZero',
      );
    }
  });

  it('is revoked by its custodian or a guardian, once, and by nobody else', async () => {
    const { registry, custodian, guardian, stranger, admin } = await load();
    await expect(registry.connect(custodian).revokeDataset(DATASET, 'x'))
      .to.be.revertedWithCustomError(registry, 'DatasetUnknown')
      .withArgs(DATASET);
    await approve(registry, custodian);
    for (const caller of [stranger, admin]) {
      await expect(registry.connect(caller).revokeDataset(DATASET, 'x'))
        .to.be.revertedWithCustomError(registry, 'NotAllowed')
        .withArgs(caller);
    }
    const snapshot = await networkHelpers.takeSnapshot();
    await registry.connect(custodian).revokeDataset(DATASET, 'poisoned');
    await snapshot.restore();
    await expect(registry.connect(guardian).revokeDataset(DATASET, 'poisoned'))
      .to.emit(registry, 'DatasetRevoked')
      .withArgs(DATASET, guardian, 'poisoned');
    const revokedAt = BigInt(await networkHelpers.time.latest());
    expect((await registry.datasetOf(DATASET)).revokedAt).to.equal(revokedAt);
    await expect(registry.connect(guardian).revokeDataset(DATASET, 'again'))
      .to.be.revertedWithCustomError(registry, 'DatasetIsRevoked')
      .withArgs(DATASET, revokedAt);
  });

  it('shows zeros for an unknown root', async () => {
    const { registry } = await load();
    const dataset = await registry.datasetOf(DATASET);
    expect([dataset.approvedAt, dataset.manifestDigest]).to.deep.equal([0n, ZeroHash]);
  });
});
