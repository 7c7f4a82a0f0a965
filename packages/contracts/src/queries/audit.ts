import { OUTCOMES, type OutcomeName, type TestigoRegistry } from '../registry.ts';
import type { RegistryEvent } from './events.ts';
import { findEvents, type QueryOptions } from './find.ts';

// The questions auditors ask, each one indexed query.

/** The checkpoints of a log that reached the chain, oldest first; of an anchor that names several models, the first event. */
export async function* findAnchorsOfLog(
  registry: TestigoRegistry,
  logId: string,
  options?: QueryOptions,
): AsyncGenerator<RegistryEvent<'Anchored'>> {
  let last = -1n;
  for await (const event of findEvents(registry, 'Anchored', { logId }, options)) {
    if (event.args.size !== last) yield event;
    last = event.args.size;
  }
}

/** The anchor of one checkpoint, or undefined when it is not on chain in that range. */
export const findAnchor = async (
  registry: TestigoRegistry,
  checkpoint: { readonly logId: string; readonly size: bigint | number; readonly root: string },
  options?: QueryOptions,
): Promise<RegistryEvent<'Anchored'> | undefined> => {
  const { logId, size, root } = checkpoint;
  for await (const event of findEvents(registry, 'Anchored', { logId, root }, options)) {
    if (event.args.size === BigInt(size)) return event;
  }
  return undefined;
};

/** The batches with detections of a model, with their counts. */
export const findBatchesOfModel = (registry: TestigoRegistry, modelVersion: string, options?: QueryOptions) =>
  findEvents(registry, 'Anchored', { modelVersion }, options);

/**
 * The batches with detections of any model trained on a dataset. Which models those are is asked of the whole chain: one
 * may have been registered long before the range that `options` names.
 */
export async function* findBatchesOfDataset(
  registry: TestigoRegistry,
  datasetRoot: string,
  options?: QueryOptions,
): AsyncGenerator<RegistryEvent<'Anchored'>> {
  const modelVersion: string[] = [];
  for await (const { args } of findModelsOfDataset(registry, datasetRoot))
    modelVersion.push(args.modelVersion);
  if (modelVersion.length > 0) yield* findEvents(registry, 'Anchored', { modelVersion }, options);
}

/** The single detections of a model that were put on chain. */
export const findDetectionsOfModel = (
  registry: TestigoRegistry,
  modelVersion: string,
  options?: QueryOptions,
) => findEvents(registry, 'DetectionRecorded', { modelVersion }, options);

/** The single detections on chain of any model trained on a dataset. */
export const findDetectionsOfDataset = (
  registry: TestigoRegistry,
  datasetRoot: string,
  options?: QueryOptions,
) => findEvents(registry, 'DetectionRecorded', { datasetRoot }, options);

/** The models trained on a dataset. */
export const findModelsOfDataset = (registry: TestigoRegistry, datasetRoot: string, options?: QueryOptions) =>
  findEvents(registry, 'ModelRegistered', { datasetRoot }, options);

/** The verdicts on a record, log, model or dataset. */
export const findVerdictsOn = (registry: TestigoRegistry, subject: string, options?: QueryOptions) =>
  findEvents(registry, 'VerdictPublished', { subject }, options);

/** The verdicts that ended one way, whatever they are about. */
export const findVerdictsWith = (registry: TestigoRegistry, outcome: OutcomeName, options?: QueryOptions) =>
  findEvents(registry, 'VerdictPublished', { outcome: OUTCOMES[outcome] }, options);
