import { expect } from 'chai';
import { ZeroAddress } from 'ethers';
import { logIdOf, ROLES } from '../src/index.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  CHECKPOINT_KEY,
  DATASET,
  deployWithLog,
  digestOf,
  LOG_ID,
  MAX_SILENCE,
  MODEL,
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

  describe('anchor', () => {
    it('moves the head of a log that grows, and names its models', async () => {
      const { registry, key } = await load();
      const log = registry.connect(key);
      await log.anchor(LOG_ID, 37, tree.root(37), [], [MODEL], [30]);
      await expect(log.anchor(LOG_ID, 300, tree.root(), tree.consistency(37), [MODEL], [263]))
        .to.emit(registry, 'Anchored')
        .withArgs(LOG_ID, 300, tree.root(), 37)
        .and.to.emit(registry, 'AnchoredModel')
        .withArgs(LOG_ID, MODEL, DATASET, 300, 263);
      const [size, root, anchoredAt] = await registry.headOf(LOG_ID);
      expect([size, root, anchoredAt]).to.deep.equal([
        300n,
        tree.root(),
        BigInt(await networkHelpers.time.latest()),
      ]);
    });

    it('takes the same head again as a no-op', async () => {
      const { registry, key } = await load();
      const log = registry.connect(key);
      await log.anchor(LOG_ID, 5, tree.root(5), [], [], []);
      const before = await registry.headOf(LOG_ID);
      await expect(log.anchor(LOG_ID, 5, tree.root(5), [], [], [])).to.not.emit(registry, 'Anchored');
      expect(await registry.headOf(LOG_ID)).to.deep.equal(before);
    });

    it('refuses a rollback, also one to nothing', async () => {
      const { registry, key } = await load();
      const log = registry.connect(key);
      await log.anchor(LOG_ID, 5, tree.root(5), [], [], []);
      for (const size of [4, 1, 0]) {
        await expect(log.anchor(LOG_ID, size, tree.root(size), [], [], []))
          .to.be.revertedWithCustomError(registry, 'HeadWouldShrink')
          .withArgs(LOG_ID, 5, size);
      }
    });

    // What anchoring bare roots would let through: each of these logs changes the past.
    const forks: readonly [string, ReferenceTree][] = [
      ['a changed leaf', new ReferenceTree(tree.leaves.with(3, digestOf('changed')))],
      [
        'two leaves swapped',
        new ReferenceTree(tree.leaves.with(3, tree.leaves[4]!).with(4, tree.leaves[3]!)),
      ],
      ['a leaf removed', new ReferenceTree(tree.leaves.toSpliced(3, 1))],
      ['a leaf inserted', new ReferenceTree(tree.leaves.toSpliced(3, 0, digestOf('inserted')))],
      ['another log', ReferenceTree.ofSize(300, 'other')],
    ];
    for (const [what, fork] of forks) {
      it(`refuses a fork: ${what}`, async () => {
        const { registry, key } = await load();
        const log = registry.connect(key);
        await log.anchor(LOG_ID, 37, tree.root(37), [], [], []);
        for (const proof of [fork.consistency(37, 200), tree.consistency(37, 200), []]) {
          await expect(log.anchor(LOG_ID, 200, fork.root(200), proof, [], []))
            .to.be.revertedWithCustomError(registry, 'HeadWouldFork')
            .withArgs(LOG_ID, 37, 200, fork.root(200));
        }
        await expect(log.anchor(LOG_ID, 37, fork.root(37), [], [], [])).to.be.revertedWithCustomError(
          registry,
          'HeadWouldFork',
        );
      });
    }

    it('refuses everybody but the key, the administrator included', async () => {
      const { registry, admin, operator, guardian, stranger } = await load();
      for (const caller of [admin, operator, guardian, stranger]) {
        await expect(registry.connect(caller).anchor(LOG_ID, 5, tree.root(5), [], [], []))
          .to.be.revertedWithCustomError(registry, 'NotLogKey')
          .withArgs(LOG_ID, caller);
      }
      await expect(registry.connect(stranger).anchor(UNKNOWN, 5, tree.root(5), [], [], []))
        .to.be.revertedWithCustomError(registry, 'LogUnknown')
        .withArgs(UNKNOWN);
    });

    it('refuses models it does not know, and counts that cannot be', async () => {
      const { registry, key } = await load();
      const anchor = (models: string[], counts: number[]) =>
        registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], models, counts);
      const refused = (attempt: Promise<unknown>, error: string, ...args: unknown[]) =>
        expect(attempt)
          .to.be.revertedWithCustomError(registry, error)
          .withArgs(...args);
      await refused(anchor([UNKNOWN], [1]), 'ModelUnknown', UNKNOWN);
      await refused(anchor([MODEL], []), 'CountsMismatch', 1, 0);
      await refused(anchor([], [1]), 'CountsMismatch', 0, 1);
      await refused(anchor([MODEL], [0]), 'CountIsZero', MODEL);
      await refused(anchor([MODEL], [6]), 'CountsExceedBatch', 6, 5);
      await refused(anchor([MODEL, MODEL], [2 ** 32 - 1, 2 ** 32 - 1]), 'CountsExceedBatch', 2 ** 33 - 2, 5);
      await anchor([MODEL, MODEL], [2, 3]);
    });

    it('names a revoked model, so that its earlier detections can still reach the chain', async () => {
      const { registry, key, publisher } = await load();
      await registry.connect(publisher).revokeModel(MODEL, 'biased');
      await expect(registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], [MODEL], [5])).to.emit(
        registry,
        'AnchoredModel',
      );
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
