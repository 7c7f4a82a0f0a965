import { expect } from 'chai';
import { ZeroAddress } from 'ethers';
import { logIdOf, ROLES } from '../src/index.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  CHECKPOINT_KEY,
  deployWithLog,
  digestOf,
  LOG_ID,
  MAX_SILENCE,
  networkHelpers,
  ORIGIN,
} from './support/registry.ts';

const tree = ReferenceTree.ofSize(300);
const UNKNOWN = digestOf('no such log');

describe('Logs', () => {
  const load = () => networkHelpers.loadFixture(deployWithLog);

  describe('openLog', () => {
    it('opens an empty log whose id is the digest of its origin', async () => {
      const { registry, operator, key } = await load();
      const origin = 'another.example/log';
      await expect(registry.connect(operator).openLog(origin, key, CHECKPOINT_KEY, 60))
        .to.emit(registry, 'LogOpened')
        .withArgs(logIdOf(origin), key, CHECKPOINT_KEY, 60, origin);
      const openedAt = BigInt(await networkHelpers.time.latest());
      const [size, root, anchoredAt] = await registry.headOf(logIdOf(origin));
      expect([size, root, anchoredAt]).to.deep.equal([0n, new ReferenceTree([]).root(), openedAt]);
      const log = await registry.logOf(logIdOf(origin));
      expect([
        log.head.key,
        log.checkpointKey,
        log.openedAt,
        log.frozenAt,
        log.maxSilenceSeconds,
      ]).to.deep.equal([key.address, CHECKPOINT_KEY, openedAt, 0n, 60n]);
    });

    it('refuses a second log of the same origin, a zero key, and a stranger', async () => {
      const { registry, operator, key, stranger } = await load();
      await expect(registry.connect(operator).openLog(ORIGIN, key, CHECKPOINT_KEY, 60))
        .to.be.revertedWithCustomError(registry, 'LogAlreadyOpen')
        .withArgs(LOG_ID);
      await expect(
        registry.connect(operator).openLog('x', ZeroAddress, CHECKPOINT_KEY, 60),
      ).to.be.revertedWithCustomError(registry, 'KeyIsZero');
      await expect(registry.connect(stranger).openLog('x', key, CHECKPOINT_KEY, 60))
        .to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount')
        .withArgs(stranger, ROLES.operator);
    });
  });

  describe('isStale', () => {
    it('turns true one second after the promised silence, and false with the next anchor', async () => {
      const { registry, key } = await load();
      const { openedAt } = await registry.logOf(LOG_ID);
      await networkHelpers.time.increaseTo(openedAt + BigInt(MAX_SILENCE));
      expect(await registry.isStale(LOG_ID)).to.equal(false);
      await networkHelpers.time.increase(1);
      expect(await registry.isStale(LOG_ID)).to.equal(true);
      await registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], [], []);
      expect(await registry.isStale(LOG_ID)).to.equal(false);
    });
  });

  describe('freezeLog', () => {
    it('ends a log for good; its head stays readable', async () => {
      const { registry, key, guardian } = await load();
      await registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], [], []);
      const snapshot = await networkHelpers.takeSnapshot();
      for (const by of [key, guardian]) {
        await expect(registry.connect(by).freezeLog(LOG_ID, 'key stolen'))
          .to.emit(registry, 'LogFrozen')
          .withArgs(LOG_ID, by, 'key stolen');
        const frozenAt = BigInt(await networkHelpers.time.latest());
        const again = registry.connect(key).anchor(LOG_ID, 6, tree.root(6), tree.consistency(5, 6), [], []);
        await expect(again).to.be.revertedWithCustomError(registry, 'LogIsFrozen').withArgs(LOG_ID, frozenAt);
        await expect(registry.connect(by).freezeLog(LOG_ID, 'again')).to.be.revertedWithCustomError(
          registry,
          'LogIsFrozen',
        );
        const [size, root] = await registry.headOf(LOG_ID);
        expect([size, root]).to.deep.equal([5n, tree.root(5)]);
        await snapshot.restore();
      }
    });

    it('refuses a stranger, the administrator, and an unknown log', async () => {
      const { registry, admin, stranger, guardian } = await load();
      for (const caller of [admin, stranger]) {
        await expect(registry.connect(caller).freezeLog(LOG_ID, 'x'))
          .to.be.revertedWithCustomError(registry, 'NotAllowed')
          .withArgs(caller);
      }
      await expect(registry.connect(guardian).freezeLog(UNKNOWN, 'x')).to.be.revertedWithCustomError(
        registry,
        'LogUnknown',
      );
    });
  });

  describe('views', () => {
    it('check a record against the current head', async () => {
      const { registry, key } = await load();
      await registry.connect(key).anchor(LOG_ID, 300, tree.root(), [], [], []);
      const leaf = tree.leaves[123]!;
      expect(await registry.isInLog(LOG_ID, leaf, 123, tree.inclusion(123))).to.equal(true);
      expect(await registry.isInLog(LOG_ID, leaf, 124, tree.inclusion(123))).to.equal(false);
      expect(await registry.isInLog(LOG_ID, digestOf('dropped'), 123, tree.inclusion(123))).to.equal(false);
    });

    it('check proofs against any head', async () => {
      const { registry } = await load();
      const isIncludedAt = (index: number) =>
        registry.verifyInclusion(tree.leaves[5]!, index, 37, tree.root(37), tree.inclusion(5, 37));
      expect([await isIncludedAt(5), await isIncludedAt(6)]).to.deep.equal([true, false]);
      const isPrefixOf = (size: number) =>
        registry.verifyConsistency(size, 300, tree.root(37), tree.root(), tree.consistency(37));
      expect([await isPrefixOf(37), await isPrefixOf(36)]).to.deep.equal([true, false]);
    });

    it('refuse to speak of an unknown log', async () => {
      const { registry } = await load();
      const calls = [
        registry.headOf(UNKNOWN),
        registry.isStale(UNKNOWN),
        registry.isInLog(UNKNOWN, UNKNOWN, 0, []),
      ];
      for (const call of calls) {
        await expect(call).to.be.revertedWithCustomError(registry, 'LogUnknown').withArgs(UNKNOWN);
      }
      expect((await registry.logOf(UNKNOWN)).openedAt).to.equal(0n);
    });
  });
});
