import { expect } from 'chai';
import { concat } from 'ethers';
import { type AnchorBatch, encodeAnchorBatch, type TestigoRegistry } from '../src/index.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  deployWithLog,
  digestOf,
  ethers,
  LOG_ID,
  MODEL,
  networkHelpers,
  sendBatch,
  sendRaw,
} from './support/registry.ts';

const tree = ReferenceTree.ofSize(300);
const UNKNOWN = digestOf('no such log');

/** An anchor of `tree` at this size, from a head at `from`. */
const batchOf = (size: number, from = 0, fields: Partial<AnchorBatch> = {}): AnchorBatch => ({
  logId: LOG_ID,
  size,
  root: tree.root(size),
  models: [],
  consistencyProof: from === 0 ? [] : tree.consistency(from, size),
  ...fields,
});

const sendTyped = (registry: TestigoRegistry, batch: AnchorBatch) =>
  registry.anchor(
    batch.logId,
    batch.size,
    batch.root,
    [...batch.consistencyProof],
    batch.models.map(({ modelVersion }) => modelVersion),
    batch.models.map(({ count }) => count),
  );

// One rule, two forms of the call: each test is of both.
for (const [form, send] of [
  ['anchor', sendTyped],
  ['anchorBatch', sendBatch],
] as const) {
  describe(`Anchors, by ${form}`, () => {
    const load = () => networkHelpers.loadFixture(deployWithLog);
    const loadWithHead = async (size: number) => {
      const parties = await load();
      await send(parties.registry.connect(parties.key), batchOf(size));
      return parties;
    };

    it('move the head of a log that grows, and name the model', async () => {
      const { registry, key } = await loadWithHead(37);
      const models = [{ modelVersion: MODEL, count: 263 }];
      await expect(send(registry.connect(key), batchOf(300, 37, { models })))
        .to.emit(registry, 'Anchored')
        .withArgs(LOG_ID, MODEL, tree.root(), 300, 263);
      const [size, root, anchoredAt] = await registry.headOf(LOG_ID);
      expect([size, root, anchoredAt]).to.deep.equal([
        300n,
        tree.root(),
        BigInt(await networkHelpers.time.latest()),
      ]);
      expect((await registry.logOf(LOG_ID)).head.key).to.equal(key.address);
    });

    it('say so once, without a model, where none is named', async () => {
      const { registry, key } = await load();
      const sent = await send(registry.connect(key), batchOf(5));
      const logs = (await sent.wait())!.logs.map((log) => registry.interface.parseLog(log)!);
      expect(logs.map(({ name, args }) => [name, ...args])).to.deep.equal([
        ['Anchored', LOG_ID, `0x${'0'.repeat(64)}`, tree.root(5), 5n, 0n],
      ]);
    });

    it('grow by one leaf at a time, and by any number', async () => {
      const { registry, key } = await load();
      let from = 0;
      for (const size of [1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 127, 255, 256, 300]) {
        await send(registry.connect(key), batchOf(size, from));
        const [headSize, root] = await registry.headOf(LOG_ID);
        expect([headSize, root]).to.deep.equal([BigInt(size), tree.root(size)]);
        from = size;
      }
    });

    it('take the same head again as a no-op', async () => {
      const { registry, key } = await loadWithHead(5);
      const before = await registry.headOf(LOG_ID);
      await expect(send(registry.connect(key), batchOf(5))).to.not.emit(registry, 'Anchored');
      expect(await registry.headOf(LOG_ID)).to.deep.equal(before);
    });

    it('refuse a rollback, also one to nothing', async () => {
      const { registry, key } = await loadWithHead(5);
      for (const size of [4, 1, 0]) {
        await expect(send(registry.connect(key), batchOf(size)))
          .to.be.revertedWithCustomError(registry, 'HeadWouldShrink')
          .withArgs(LOG_ID, 5, size);
      }
    });

    it('refuse a proof from nothing, which proves nothing', async () => {
      const { registry, key } = await load();
      await expect(
        send(registry.connect(key), batchOf(5, 0, { consistencyProof: [tree.root(5)] })),
      ).to.be.revertedWithCustomError(registry, 'HeadWouldFork');
    });

    it('refuse a proof with an element too many or too few', async () => {
      const { registry, key } = await loadWithHead(37);
      const proof = tree.consistency(37, 200);
      for (const consistencyProof of [proof.slice(0, -1), [...proof, proof[0]!], [UNKNOWN, ...proof]]) {
        await expect(
          send(registry.connect(key), batchOf(200, 37, { consistencyProof })),
        ).to.be.revertedWithCustomError(registry, 'HeadWouldFork');
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
      it(`refuse a fork: ${what}`, async () => {
        const { registry, key } = await loadWithHead(37);
        for (const consistencyProof of [fork.consistency(37, 200), tree.consistency(37, 200), []]) {
          const batch = batchOf(200, 37, { root: fork.root(200), consistencyProof });
          await expect(send(registry.connect(key), batch))
            .to.be.revertedWithCustomError(registry, 'HeadWouldFork')
            .withArgs(LOG_ID, 37, 200, fork.root(200));
        }
        await expect(send(registry.connect(key), batchOf(37, 0, { root: fork.root(37) })))
          .to.be.revertedWithCustomError(registry, 'HeadWouldFork')
          .withArgs(LOG_ID, 37, 37, fork.root(37));
      });
    }

    it('refuse everybody but the key, the administrator included', async () => {
      const { registry, admin, operator, guardian, stranger } = await load();
      for (const caller of [admin, operator, guardian, stranger]) {
        await expect(send(registry.connect(caller), batchOf(5)))
          .to.be.revertedWithCustomError(registry, 'NotLogKey')
          .withArgs(LOG_ID, caller);
      }
      await expect(send(registry.connect(stranger), batchOf(5, 0, { logId: UNKNOWN })))
        .to.be.revertedWithCustomError(registry, 'LogUnknown')
        .withArgs(UNKNOWN);
    });

    it('refuse models the registry does not know, and counts that cannot be', async () => {
      const { registry, key } = await load();
      const refused = (models: readonly [string, number][], error: string, ...args: unknown[]) => {
        const named = models.map(([modelVersion, count]) => ({ modelVersion, count }));
        return expect(send(registry.connect(key), batchOf(5, 0, { models: named })))
          .to.be.revertedWithCustomError(registry, error)
          .withArgs(...args);
      };
      const most = 2 ** 32 - 1;
      await refused([[UNKNOWN, 1]], 'ModelUnknown', UNKNOWN);
      await refused([[MODEL, 0]], 'CountIsZero', MODEL);
      await refused([[MODEL, 6]], 'CountsExceedBatch', 6, 5);
      await refused(
        [
          [MODEL, most],
          [MODEL, most],
        ],
        'CountsExceedBatch',
        2 * most,
        5,
      );
      expect((await registry.headOf(LOG_ID)).size).to.equal(0n);
    });

    it('say of each of several models how many detections it made', async () => {
      const { registry, key, publisher } = await load();
      const { datasetRoot } = await registry.modelOf(MODEL);
      await registry.connect(publisher).registerModel(UNKNOWN, datasetRoot);
      const models = [
        { modelVersion: MODEL, count: 2 },
        { modelVersion: UNKNOWN, count: 3 },
      ];
      const sent = await send(registry.connect(key), batchOf(5, 0, { models }));
      const logs = (await sent.wait())!.logs.map((log) => registry.interface.parseLog(log)!.args.toObject());
      expect(logs).to.deep.equal(
        models.map(({ modelVersion, count }) => ({
          logId: LOG_ID,
          modelVersion,
          root: tree.root(5),
          size: 5n,
          count: BigInt(count),
        })),
      );
    });

    it('name a revoked model, so that its earlier detections can still reach the chain', async () => {
      const { registry, key, publisher } = await load();
      await registry.connect(publisher).revokeModel(MODEL, 'biased');
      const models = [{ modelVersion: MODEL, count: 5 }];
      await expect(send(registry.connect(key), batchOf(5, 0, { models }))).to.emit(registry, 'Anchored');
    });
  });
}

describe('anchor', () => {
  it('refuses as many counts as there are not models', async () => {
    const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
    const anchor = (models: string[], counts: number[]) =>
      registry.connect(key).anchor(LOG_ID, 5, tree.root(5), [], models, counts);
    for (const [models, counts] of [
      [[MODEL], []],
      [[], [1]],
    ] as const) {
      await expect(anchor([...models], [...counts]))
        .to.be.revertedWithCustomError(registry, 'CountsMismatch')
        .withArgs(models.length, counts.length);
    }
  });
});

describe('anchorBatch', () => {
  const models = [{ modelVersion: MODEL, count: 5 }];

  it('refuses calldata that ends early, or within a hash', async () => {
    const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
    const whole = encodeAnchorBatch(batchOf(5, 0, { models }));
    // 82: a whole hash is missing.
    const lengths = [4, 5, 68, 76, 78, 82, 100, 113];
    const cut = lengths.map((length) => whole.slice(0, 2 + 2 * length));
    const longer = [1, 16, 31, 33].map((count) => concat([whole, new Uint8Array(count)]));
    for (const data of [...cut, ...longer]) {
      await expect(sendRaw(registry.connect(key), data))
        .to.be.revertedWithCustomError(registry, 'BatchMalformed')
        .withArgs((data.length - 2) / 2);
    }
    await sendRaw(registry.connect(key), whole);
  });

  it('takes no ether', async () => {
    const { registry, key } = await networkHelpers.loadFixture(deployWithLog);
    const data = encodeAnchorBatch(batchOf(5));
    const sent = key.sendTransaction({ to: await registry.getAddress(), data, value: 1 });
    await expect(sent).to.be.revertedWithoutReason(ethers);
  });

  it('is encoded as the specification says, or not at all', () => {
    const batch = batchOf(1, 0, {
      size: 0x0102030405,
      root: digestOf('root'),
      models,
      consistencyProof: [UNKNOWN],
    });
    const bare = [LOG_ID, digestOf('root'), '00000001020304050001', MODEL, '00000005', UNKNOWN];
    const packed = bare.map((part) => part.replace('0x', '')).join('');
    expect(encodeAnchorBatch(batch).slice(10)).to.equal(packed);
    const many = Array.from({ length: 0x10000 }, () => models[0]!);
    expect(() => encodeAnchorBatch(batchOf(5, 0, { models: many }))).to.throw();
    expect(() =>
      encodeAnchorBatch(batchOf(5, 0, { models: [{ modelVersion: MODEL, count: 2 ** 32 }] })),
    ).to.throw();
  });
});
