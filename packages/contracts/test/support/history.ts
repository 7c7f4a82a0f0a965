import { OUTCOMES, RegistryError, SUBJECTS } from '../../src/index.ts';
import { ReferenceTree } from './merkle.ts';
import {
  approve,
  CHECKPOINT_KEY,
  DATASET,
  deployWithLog,
  digestOf,
  LEAF,
  LOG_ID,
  MODEL,
  networkHelpers,
  REPORT,
} from './registry.ts';

export const [OTHER_MODEL, OTHER_DATASET] = [digestOf('other model'), digestOf('other dataset')];
export const ANCHORS = 12;
export const STEP = 5;
export const HOUR = 3600;
export const tree = ReferenceTree.ofSize(ANCHORS * STEP);
export const allSizes = tree.leaves.map((_, i) => i + 1).filter((size) => size % STEP === 0);

/** Some hours in the life of a registry, an anchor an hour; two models on two datasets take turns. */
export const deployWithHistory = async () => {
  const parties = await deployWithLog();
  const { registry, custodian, publisher, operator, recorder, auditor, key } = parties;
  await approve(registry, custodian, { datasetRoot: OTHER_DATASET });
  await registry.connect(publisher).registerModel(OTHER_MODEL, OTHER_DATASET);
  await registry.connect(operator).openLog('another.example/log', key, CHECKPOINT_KEY, HOUR);
  const start = await networkHelpers.time.latest();
  for (let i = 1; i <= ANCHORS; i++) {
    await networkHelpers.time.setNextBlockTimestamp(start + i * HOUR);
    const [head, size] = [(i - 1) * STEP, i * STEP];
    const model = i % 3 === 0 ? OTHER_MODEL : MODEL;
    await registry
      .connect(key)
      .anchor(LOG_ID, size, tree.root(size), tree.consistency(head, size), [model], [STEP]);
  }
  await registry.connect(recorder).recordDetection(LEAF, MODEL, DATASET);
  await registry.connect(recorder).recordDetection(digestOf('leaf 2'), OTHER_MODEL, OTHER_DATASET);
  await registry.connect(auditor).publishVerdict(LEAF, SUBJECTS.record, OUTCOMES.verified, REPORT);
  await registry.connect(auditor).publishVerdict(OTHER_MODEL, SUBJECTS.model, OUTCOMES.failed, REPORT);
  return { ...parties, start };
};

export const collect = async <T>(found: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of found) all.push(one);
  return all;
};

/** Tests assert codes, never messages. */
export const codeOf = (error: unknown): unknown => (error instanceof RegistryError ? error.code : error);
