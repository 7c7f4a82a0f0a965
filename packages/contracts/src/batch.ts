import { concat, toBeHex } from 'ethers';
import { TestigoRegistry__factory } from './generated/factories/contracts/TestigoRegistry__factory.ts';

/** What one anchor says; hashes are 0x-prefixed hex. */
export interface AnchorBatch {
  readonly logId: string;
  readonly size: number | bigint;
  readonly root: string;
  /** The registered models whose detections are among the added leaves, and how many detections of each. */
  readonly models: readonly { readonly modelVersion: string; readonly count: number }[];
  /** From the registry's head to this size (RFC 9162 section 2.1.4); empty from an empty log. */
  readonly consistencyProof: readonly string[];
}

const SELECTOR = TestigoRegistry__factory.createInterface().getFunction('anchorBatch').selector;

/** The calldata of `anchorBatch`: the cheap form of an anchor. Throws where a number does not fit: 65,535 models at most. */
export const encodeAnchorBatch = ({ logId, size, root, models, consistencyProof }: AnchorBatch): string => {
  const named = models.flatMap(({ modelVersion, count }) => [modelVersion, toBeHex(count, 4)]);
  return concat([
    SELECTOR,
    logId,
    root,
    toBeHex(size, 8),
    toBeHex(models.length, 2),
    ...named,
    ...consistencyProof,
  ]);
};
