import { openNote, parseCheckpoint, proveConsistencyFrom, toHex } from '@testigo/trail';
import type { AnchorFact, ChainAnswer } from '../chain/facts.ts';
import { LogUnreachable, TileSource } from '../trail/tile-source.ts';
import type { AnchorProof } from '../verify/check-anchor.ts';
import { attempt } from '../verify/checked.ts';
import { readCheckpointText } from './export-record.ts';
import { readNodesFrom } from './tile-proofs.ts';

/**
 * Makes the consistency proof between a checkpoint and an anchor from the log's own tiles, where a bundle has none:
 * it was exported before the anchor, say. The log must have grown to at least the larger of the two.
 * @throws LogUnreachable
 */
export async function proveAnchor(
  base: string,
  checkpointSize: number,
  anchor: AnchorFact,
): Promise<AnchorProof> {
  const source = new TileSource(base);
  const served = await readServedSize(source);
  const [older, newer] = [checkpointSize, anchor.size].sort((a, b) => a - b) as [number, number];
  const proof = await proveConsistencyFrom(readNodesFrom(source, served), older, newer);
  return { size: anchor.size, hashes: proof.map(toHex), source: `${source.name}, tiles` };
}

/** Size of the log that is served now; unsigned, since it only decides which files to ask for. @throws LogUnreachable */
export async function readServedSize(source: TileSource): Promise<number> {
  const text = await readCheckpointText(source);
  const read = attempt(() => parseCheckpoint(openNote(text, []).body).size);
  if ('reason' in read) throw new LogUnreachable(`checkpoint: ${read.reason}`);
  return read.value;
}

/** As {@link proveAnchor} for the first anchor that covers a record, or no proof where the log does not give it. */
export async function findAnchorProofs(
  base: string,
  checkpointSize: number,
  leafIndex: number,
  chain: ChainAnswer,
): Promise<AnchorProof[]> {
  const anchors = chain.status === 'read' ? chain.facts.anchors : [];
  const anchor = anchors.find(({ size }) => size > leafIndex);
  if (anchor === undefined) return [];
  try {
    return [await proveAnchor(base, checkpointSize, anchor)];
  } catch {
    // No proof from the log is no proof at all: the verification then says which one is missing.
    return [];
  }
}
