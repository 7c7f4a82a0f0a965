import { hashLeaf, parseRecord, toHex } from '@testigo/trail';
import type { AnchoringEngine } from '../anchoring/engine.ts';
import type { TransparencyLog } from '../log/log.ts';

/** Which readings stand on chain by themselves, not only under the log's anchors: none, or those that were decided on. */
export type OnChainPolicy = 'none' | 'decisions';

/** Told of a reading before a decision about it is recorded; once it resolves, a crash cannot keep it off the chain. */
export type StandOnChain = (detectionId: string) => Promise<void>;

export const createStandOnChain = (
  policy: OnChainPolicy,
  log: Pick<TransparencyLog, 'findRecord'>,
  engine: Pick<AnchoringEngine, 'recordDetection'> | undefined,
): StandOnChain => {
  if (policy === 'none') return async () => undefined;
  return async (detectionId) => {
    if (!engine) throw new Error('a service that does not anchor was asked to record a decision');
    const stored = await log.findRecord(detectionId);
    const record = stored && parseRecord(stored.bytes);
    if (record?.type !== 'DETECTION') return;
    const { modelVersion, datasetRoot } = record;
    await engine.recordDetection({ leaf: toHex(hashLeaf(stored!.bytes)), modelVersion, datasetRoot });
  };
};
