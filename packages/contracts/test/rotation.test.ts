import { expect } from 'chai';
import { ZeroAddress, ZeroHash } from 'ethers';
import { signKeyRotation } from '../src/index.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  deployWithLog,
  digestOf,
  FAR_FUTURE,
  LOG_ID,
  networkHelpers,
  ROTATION_DELAY,
} from './support/registry.ts';

const NEW_CHECKPOINT_KEY = digestOf('new checkpoint key');
const UNKNOWN = digestOf('no such log');
const tree = ReferenceTree.ofSize(20);

type Parties = Awaited<ReturnType<typeof deployWithLog>>;

/** Schedules a rotation to `newKey` on the signature of `signer`; a stranger sends it. */
const schedule = async (
  { registry, newKey, stranger }: Parties,
  signer: Parties['key'],
  { nonce = 0, deadline = FAR_FUTURE, key = newKey.address } = {},
) => {
  const rotation = { logId: LOG_ID, newKey: key, newCheckpointKey: NEW_CHECKPOINT_KEY, nonce, deadline };
  const signature = await signKeyRotation(signer, registry, rotation);
  return registry.connect(stranger).scheduleRotation(LOG_ID, key, NEW_CHECKPOINT_KEY, deadline, signature);
};

describe('Key rotation', () => {
  const load = () => networkHelpers.loadFixture(deployWithLog);

  it('passes a log on after the old key’s word, the delay, and the new key’s own call', async () => {
    const parties = await load();
    const { registry, key, newKey } = parties;
    await registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], [], []);
    const scheduled = await schedule(parties, key);
    const dueAt = BigInt(await networkHelpers.time.latest()) + BigInt(ROTATION_DELAY);
    await expect(scheduled)
      .to.emit(registry, 'RotationScheduled')
      .withArgs(LOG_ID, newKey, NEW_CHECKPOINT_KEY, dueAt);
    const pending = await registry.rotationOf(LOG_ID);
    expect([pending.newKey, pending.dueAt, pending.newCheckpointKey]).to.deep.equal([
      newKey.address,
      dueAt,
      NEW_CHECKPOINT_KEY,
    ]);

    // Until then the old key anchors and the new one does not.
    await registry.connect(key).anchor(LOG_ID, 6, tree.root(6), tree.consistency(5, 6), [], []);
    await networkHelpers.time.setNextBlockTimestamp(dueAt - 1n);
    await expect(registry.connect(newKey).completeRotation(LOG_ID))
      .to.be.revertedWithCustomError(registry, 'RotationNotDue')
      .withArgs(LOG_ID, dueAt);

    await networkHelpers.time.setNextBlockTimestamp(dueAt);
    await expect(registry.connect(newKey).completeRotation(LOG_ID))
      .to.emit(registry, 'KeyRotated')
      .withArgs(LOG_ID, key, newKey, NEW_CHECKPOINT_KEY);
    const log = await registry.logOf(LOG_ID);
    expect([log.head.key, log.checkpointKey, log.head.size, log.head.root]).to.deep.equal([
      newKey.address,
      NEW_CHECKPOINT_KEY,
      6n,
      tree.root(6),
    ]);
    const anchorNext = (by: typeof key) =>
      registry.connect(by).anchor(LOG_ID, 7, tree.root(7), tree.consistency(6, 7), [], []);
    await expect(anchorNext(key)).to.be.revertedWithCustomError(registry, 'NotLogKey');
    await anchorNext(newKey);
    expect((await registry.rotationOf(LOG_ID)).dueAt).to.equal(0n);
  });

  it('refuses anybody else’s word, and an expired one', async () => {
    const parties = await load();
    const { registry, key, admin, newKey, guardian } = parties;
    for (const signer of [admin, newKey, guardian]) {
      await expect(schedule(parties, signer))
        .to.be.revertedWithCustomError(registry, 'SignatureInvalid')
        .withArgs(key);
    }
    await expect(schedule(parties, key, { deadline: 1n }))
      .to.be.revertedWithCustomError(registry, 'SignatureExpired')
      .withArgs(1);
  });

  it('refuses a zero key and an unknown log', async () => {
    const parties = await load();
    const { registry, key } = parties;
    await expect(schedule(parties, key, { key: ZeroAddress })).to.be.revertedWithCustomError(
      registry,
      'KeyIsZero',
    );
    await expect(registry.scheduleRotation(UNKNOWN, key, ZeroHash, FAR_FUTURE, '0x'))
      .to.be.revertedWithCustomError(registry, 'LogUnknown')
      .withArgs(UNKNOWN);
  });

  it('keeps one rotation pending at a time; a signature counts once', async () => {
    const parties = await load();
    const { registry, key, newKey } = parties;
    await schedule(parties, key);
    await expect(schedule(parties, key, { nonce: 1 }))
      .to.be.revertedWithCustomError(registry, 'RotationPending')
      .withArgs(LOG_ID, newKey);
    await expect(registry.connect(key).cancelRotation(LOG_ID))
      .to.emit(registry, 'RotationCancelled')
      .withArgs(LOG_ID, newKey);
    await expect(schedule(parties, key, { nonce: 0 })).to.be.revertedWithCustomError(
      registry,
      'SignatureInvalid',
    );
    await schedule(parties, key, { nonce: 1 });
    expect((await registry.logOf(LOG_ID)).rotations).to.equal(2n);
  });

  it('is cancelled by the current key alone', async () => {
    const parties = await load();
    const { registry, key, newKey, admin } = parties;
    await expect(registry.connect(key).cancelRotation(LOG_ID))
      .to.be.revertedWithCustomError(registry, 'RotationNotPending')
      .withArgs(LOG_ID);
    await schedule(parties, key);
    for (const caller of [newKey, admin]) {
      await expect(registry.connect(caller).cancelRotation(LOG_ID))
        .to.be.revertedWithCustomError(registry, 'NotLogKey')
        .withArgs(LOG_ID, caller);
    }
  });

  it('is completed by the new key alone, which proves that somebody holds it', async () => {
    const parties = await load();
    const { registry, key, newKey, admin } = parties;
    await expect(registry.connect(newKey).completeRotation(LOG_ID)).to.be.revertedWithCustomError(
      registry,
      'RotationNotPending',
    );
    await schedule(parties, key);
    await networkHelpers.time.increase(ROTATION_DELAY);
    for (const caller of [key, admin]) {
      await expect(registry.connect(caller).completeRotation(LOG_ID))
        .to.be.revertedWithCustomError(registry, 'NotLogKey')
        .withArgs(LOG_ID, caller);
    }
  });

  it('lets a guardian stop the thief of a key: a freeze ends the rotation too', async () => {
    const parties = await load();
    const { registry, key, newKey, guardian } = parties;
    await schedule(parties, key);
    await registry.connect(guardian).freezeLog(LOG_ID, 'key stolen');
    expect((await registry.rotationOf(LOG_ID)).dueAt).to.equal(0n);
    await networkHelpers.time.increase(ROTATION_DELAY);
    for (const attempt of [
      registry.connect(newKey).completeRotation(LOG_ID),
      registry.connect(key).cancelRotation(LOG_ID),
      schedule(parties, key, { nonce: 1 }),
    ]) {
      await expect(attempt).to.be.revertedWithCustomError(registry, 'LogIsFrozen');
    }
  });
});
