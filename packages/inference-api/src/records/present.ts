import { toHex } from '@testigo/trail';
import type { InclusionProof, Receipt } from '../log/log.ts';
import type { AnchoringStatus } from './anchoring-view.ts';

export const presentProof = (proof: InclusionProof) => ({
  leafIndex: proof.leafIndex,
  size: proof.size,
  hashes: proof.hashes.map(toHex),
});

export const presentAnchoring = (status: AnchoringStatus) =>
  'anchor' in status
    ? {
        state: status.state,
        chainId: status.anchor.chainId,
        registry: status.anchor.registry,
        size: status.anchor.size,
        transaction: status.anchor.transaction,
        blockNumber: status.anchor.blockNumber,
      }
    : { state: status.state };

export const presentReceipt = (receipt: Receipt) => ({
  recordId: receipt.recordId,
  leafIndex: receipt.leafIndex,
  proof: presentProof(receipt.proof),
  checkpoint: receipt.checkpoint.note,
});
