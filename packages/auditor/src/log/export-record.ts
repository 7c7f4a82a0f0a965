import {
  type Checkpoint,
  type EvidenceBundle,
  hashLeaf,
  openNote,
  parseCheckpoint,
  proveInclusionFrom,
  toBase64,
  toHex,
} from '@testigo/trail';
import { LogUnreachable, TileSource } from '../trail/tile-source.ts';
import { readNodesFrom, readRecordAt } from './tile-proofs.ts';

/** A log as it is served at this moment; its checkpoint is not judged here. */
export interface OpenLog {
  readonly source: TileSource;
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

/** @throws LogUnreachable, or TrailError for a checkpoint that is malformed */
export async function openLog(base: string): Promise<OpenLog> {
  const source = new TileSource(base);
  const text = await readCheckpointText(source);
  return { source, text, checkpoint: parseCheckpoint(openNote(text, []).body) };
}

/** The signed note that the log serves now. @throws LogUnreachable */
export async function readCheckpointText(source: TileSource): Promise<string> {
  const bytes = await source.read('checkpoint');
  if (bytes === undefined) throw new LogUnreachable('it serves no checkpoint');
  return new TextDecoder().decode(bytes);
}

/**
 * The evidence that the log itself gives for one record, without its operator: no anchor, no manifests, nothing
 * disclosed. @throws LogUnreachable, or TrailError for an index that is not in the log
 */
export async function exportRecord(
  { source, text, checkpoint: { size } }: OpenLog,
  index: number,
): Promise<EvidenceBundle> {
  const proof = await proveInclusionFrom(readNodesFrom(source, size), index, size);
  const record = await readRecordAt(source, size, index);
  return {
    type: 'testigo.evidence',
    version: 1,
    record: toBase64(record),
    leafHash: toHex(hashLeaf(record)),
    leafIndex: index,
    inclusionProof: proof.map(toHex),
    checkpoint: text,
    disclosures: [],
  };
}
