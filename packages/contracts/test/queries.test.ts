import { expect } from 'chai';
import {
  connectRegistry,
  type EventFilter,
  findAnchor,
  findAnchorsOfLog,
  findBatchesOfDataset,
  findBatchesOfModel,
  findDetectionsOfDataset,
  findDetectionsOfModel,
  findEvents,
  findEventsPage,
  findModelsOfDataset,
  findVerdictsOn,
  findVerdictsWith,
  firstBlockAt,
  OUTCOMES,
  type RegistryEvent,
  type RegistryEventName,
  type RegistryEvents,
  SUBJECTS,
  TestigoRegistry__factory,
  timeOfBlock,
} from '../src/index.ts';
import {
  ANCHORS,
  allSizes,
  codeOf,
  collect,
  deployWithHistory,
  HOUR,
  OTHER_DATASET,
  OTHER_MODEL,
  STEP,
  tree,
} from './support/history.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  DATASET,
  deployWithLog,
  digestOf,
  ethers,
  LEAF,
  LOG_ID,
  MODEL,
  networkHelpers,
  REPORT,
} from './support/registry.ts';

const sizesOf = async (found: AsyncIterable<RegistryEvent<'Anchored'>>) =>
  (await collect(found)).map(({ args }) => Number(args.size));

describe('Queries', () => {
  const load = () => networkHelpers.loadFixture(deployWithHistory);

  it('find the anchors of a log, oldest first', async () => {
    const { registry } = await load();
    const anchors = await collect(findAnchorsOfLog(registry, LOG_ID));
    expect(anchors.map(({ args }) => Number(args.size))).to.deep.equal(allSizes);
    const [first, second] = anchors;
    expect(second?.args).to.deep.equal({
      logId: LOG_ID,
      modelVersion: MODEL,
      root: tree.root(10),
      size: 10n,
      count: BigInt(STEP),
    });
    const receipt = await ethers.provider.getTransactionReceipt(first!.transactionHash);
    expect([first?.blockNumber, first?.blockHash]).to.deep.equal([receipt?.blockNumber, receipt?.blockHash]);
    expect(await collect(findAnchorsOfLog(registry, digestOf('no such log')))).to.deep.equal([]);
  });

  it('find the one anchor of a checkpoint, and none of a forked one', async () => {
    const { registry } = await load();
    const found = await findAnchor(registry, { logId: LOG_ID, size: 25, root: tree.root(25) });
    expect(found?.args.size).to.equal(25n);
    expect(await findAnchor(registry, { logId: LOG_ID, size: 25, root: tree.root(24) })).to.equal(undefined);
    expect(await findAnchor(registry, { logId: LOG_ID, size: 26, root: tree.root(25) })).to.equal(undefined);
  });

  it('find batches by model and by dataset', async () => {
    const { registry } = await load();
    const others = allSizes.filter((size) => size % (3 * STEP) === 0);
    expect(await sizesOf(findBatchesOfModel(registry, OTHER_MODEL))).to.deep.equal(others);
    expect(await sizesOf(findBatchesOfDataset(registry, OTHER_DATASET))).to.deep.equal(others);
    // The model was registered before the range that is asked for.
    const [, second] = await collect(findBatchesOfModel(registry, OTHER_MODEL));
    const late = findBatchesOfDataset(registry, OTHER_DATASET, { fromBlock: second!.blockNumber });
    expect(await sizesOf(late)).to.deep.equal(others.slice(1));
    expect(await sizesOf(findBatchesOfDataset(registry, digestOf('no such dataset')))).to.deep.equal([]);
    expect(await sizesOf(findBatchesOfModel(registry, MODEL))).to.have.length(ANCHORS - others.length);
    const either = findEvents(registry, 'Anchored', { modelVersion: [MODEL, OTHER_MODEL] });
    expect(await sizesOf(either)).to.deep.equal(allSizes);
  });

  it('find detections, models and verdicts', async () => {
    const { registry, auditor } = await load();
    const args = async <N extends RegistryEventName>(found: AsyncIterable<RegistryEvent<N>>) =>
      (await collect(found)).map((event): RegistryEvents[N] => event.args);
    expect((await args(findDetectionsOfModel(registry, MODEL))).map(({ leaf }) => leaf)).to.deep.equal([
      LEAF,
    ]);
    expect(await args(findDetectionsOfDataset(registry, OTHER_DATASET))).to.have.length(1);
    expect((await args(findModelsOfDataset(registry, DATASET)))[0]?.modelVersion).to.equal(MODEL);
    expect(await args(findVerdictsOn(registry, LEAF))).to.deep.equal([
      {
        subject: LEAF,
        outcome: BigInt(OUTCOMES.verified),
        auditor: auditor.address,
        kind: BigInt(SUBJECTS.record),
        reportDigest: REPORT,
      },
    ]);
    const failed = await args(findVerdictsWith(registry, 'failed'));
    expect(failed.map(({ subject }) => subject)).to.deep.equal([OTHER_MODEL]);
    expect(await args(findVerdictsWith(registry, 'inconclusive'))).to.deep.equal([]);
  });

  it('find by time', async () => {
    const { registry, start } = await load();
    const between = (fromTime: number, beforeTime: number) =>
      sizesOf(findAnchorsOfLog(registry, LOG_ID, { fromTime, beforeTime }));
    expect(await between(start + 2 * HOUR, start + 5 * HOUR)).to.deep.equal([10, 15, 20]);
    expect(await between(start + 2 * HOUR + 1, start + 5 * HOUR + 1)).to.deep.equal([15, 20, 25]);
    expect(await between(0, 2 ** 40)).to.deep.equal(allSizes);
    expect(await between(2 ** 40, 2 ** 41)).to.deep.equal([]);
    expect(await between(0, 1)).to.deep.equal([]);
  });

  it('bisect block times', async () => {
    await load();
    const last = await ethers.provider.getBlockNumber();
    for (let number = 0; number <= last; number++) {
      expect(await firstBlockAt(ethers.provider, await timeOfBlock(ethers.provider, number))).to.equal(
        number,
      );
    }
    expect(await firstBlockAt(ethers.provider, 2 ** 40)).to.equal(last + 1);
    expect(await timeOfBlock(ethers.provider, last + 1).catch(codeOf)).to.equal('query-failed');
  });

  it('find by block range', async () => {
    const { registry } = await load();
    const [, second, , fourth] = await collect(findAnchorsOfLog(registry, LOG_ID));
    const range = { fromBlock: second!.blockNumber, toBlock: fourth!.blockNumber };
    expect(await sizesOf(findAnchorsOfLog(registry, LOG_ID, range))).to.deep.equal([10, 15, 20]);
  });

  it('page without a gap or a double, whatever the page size', async () => {
    const { registry } = await load();
    for (const limit of [1, 2, 5, ANCHORS, ANCHORS + 1]) {
      const filter: EventFilter<'Anchored'> = { logId: LOG_ID };
      let page = await findEventsPage(registry, 'Anchored', filter, { limit });
      const seen = [...page.events];
      while (page.next) {
        expect(page.events).to.have.length(limit);
        page = await findEventsPage(registry, 'Anchored', filter, { limit, cursor: page.next });
        seen.push(...page.events);
      }
      expect(seen.map(({ args }) => Number(args.size))).to.deep.equal(allSizes);
    }
  });

  it('page through several events of one block', async () => {
    const { registry, key } = await load();
    const size = ANCHORS * STEP + 2;
    const longer = ReferenceTree.ofSize(size);
    const models = [MODEL, OTHER_MODEL];
    await registry
      .connect(key)
      .anchor(LOG_ID, size, longer.root(), longer.consistency(ANCHORS * STEP), models, [1, 1]);
    const fromBlock = await ethers.provider.getBlockNumber();
    const first = await findEventsPage(registry, 'Anchored', {}, { limit: 1, fromBlock });
    const cursor = first.next!;
    const second = await findEventsPage(registry, 'Anchored', {}, { limit: 1, fromBlock, cursor });
    const found = [...first.events, ...second.events].map(({ args }) => args.modelVersion);
    expect(found).to.deep.equal(models);
    expect(second.next).to.equal(undefined);
    expect(await sizesOf(findAnchorsOfLog(registry, LOG_ID, { fromBlock }))).to.deep.equal([size]);
  });

  it('say so when there is no provider to ask', async () => {
    const registry = TestigoRegistry__factory.connect(LEAF.slice(0, 42));
    expect(await collect(findAnchorsOfLog(registry, LOG_ID)).catch(codeOf)).to.equal('query-failed');
  });
});

describe('Event types', () => {
  // The plain types are written by hand; the ABI has the last word.
  it('name every event of the ABI but those of roles, and its indexed fields', async () => {
    const { registry } = await networkHelpers.loadFixture(deployWithLog);
    const names: string[] = [];
    registry.interface.forEachEvent((event) => void names.push(event.name));
    const inherited = names.filter((name) => /^(Role|DefaultAdmin|EIP712)/.test(name));
    const ours: Record<RegistryEventName, string[]> = {
      Anchored: ['logId', 'modelVersion', 'root'],
      DatasetApproved: ['datasetRoot', 'custodian', 'manifestDigest'],
      DatasetRevoked: ['datasetRoot', 'by'],
      DetectionRecorded: ['leaf', 'modelVersion', 'datasetRoot'],
      KeyRotated: ['logId', 'oldKey', 'newKey'],
      LogFrozen: ['logId', 'by'],
      LogOpened: ['logId', 'key'],
      ModelRegistered: ['modelVersion', 'datasetRoot', 'publisher'],
      ModelRevoked: ['modelVersion', 'datasetRoot', 'by'],
      RotationCancelled: ['logId', 'newKey'],
      RotationScheduled: ['logId', 'newKey'],
      VerdictPublished: ['subject', 'outcome', 'auditor'],
    };
    expect(names.toSorted()).to.deep.equal([...Object.keys(ours), ...inherited].toSorted());
    for (const [name, indexed] of Object.entries(ours) as [RegistryEventName, string[]][]) {
      const inputs = registry.interface.getEvent(name).inputs;
      expect(inputs.filter((input) => input.indexed).map((input) => input.name)).to.deep.equal(indexed);
    }
    expect(connectRegistry(await registry.getAddress(), ethers.provider).interface).to.not.equal(undefined);
  });
});
