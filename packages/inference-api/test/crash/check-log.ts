import {
  computeRoot,
  decodeEntryBundle,
  decodeTile,
  equalBytes,
  hashLeaf,
  proveInclusion,
  toHex,
  verifyInclusion,
} from '@testigo/trail';
import type { TransparencyLog } from '../../src/log/log.ts';
import { recordNumber } from './numbered-records.ts';

export interface Acknowledgement {
  readonly record: number;
  readonly leafIndex: number;
  readonly size: number;
  readonly root: string;
}

export const parseAcknowledgements = (output: string): Acknowledgement[] =>
  output.split('\n').flatMap((line) => {
    const match = /^ack (\d+) (\d+) (\d+) ([0-9a-f]{64})$/.exec(line);
    if (!match) return [];
    const [, record, leafIndex, size, root] = match;
    return [{ record: Number(record), leafIndex: Number(leafIndex), size: Number(size), root: root! }];
  });

const readAll = async (log: TransparencyLog) => {
  const { size } = log.checkpoint();
  const records: Uint8Array[] = [];
  const leaves: Uint8Array[] = [];
  for (let start = 0; start < size; start += 256) {
    const width = Math.min(256, size - start);
    records.push(...decodeEntryBundle(await log.readEntryBundle(start / 256, width)));
    leaves.push(...decodeTile(await log.readTile(0, start / 256, width)));
  }
  return { records, leaves };
};

/** Every way in which the log breaks a promise; empty when it keeps them all. */
export const checkLog = async (log: TransparencyLog, acks: readonly Acknowledgement[]): Promise<string[]> => {
  const breaches: string[] = [];
  const { size, root } = log.checkpoint();
  const { records, leaves } = await readAll(log);
  const ids = records.map((bytes) => (JSON.parse(Buffer.from(bytes).toString()) as { id: string }).id);
  if (new Set(ids).size !== size) breaches.push(`${size} leaves hold ${new Set(ids).size} ids`);
  if (records.some((bytes, at) => !equalBytes(hashLeaf(bytes), leaves[at]!)))
    breaches.push('a tile is not its records');
  if (toHex(computeRoot(leaves)) !== toHex(root)) breaches.push('the records do not hash to the root');
  const roots = new Map<number, string>();
  for (const ack of acks) {
    const bytes = records[ack.leafIndex];
    if (!bytes || !equalBytes(bytes, recordNumber(ack.record).bytes)) {
      breaches.push(`acknowledged record ${ack.record} is not at leaf ${ack.leafIndex}`);
    }
    if (ack.size > size) breaches.push(`acknowledged size ${ack.size}, the log has ${size}`);
    else if (!roots.has(ack.size)) roots.set(ack.size, ack.root);
    if (roots.has(ack.size) && roots.get(ack.size) !== ack.root)
      breaches.push(`two roots of size ${ack.size}`);
  }
  for (const [ackedSize, acked] of roots) {
    if (toHex((await log.checkpointAt(ackedSize)).root) !== acked)
      breaches.push(`the root of size ${ackedSize} changed`);
  }
  for (const leaf of [0, Math.floor(size / 2), size - 1].filter((at) => at >= 0 && at < size)) {
    const { hashes: proof } = await log.proveInclusion(leaf);
    const expected = proveInclusion(leaves, leaf).map(toHex).join();
    const isValid = verifyInclusion({ leafHash: leaves[leaf]!, index: leaf, size, proof, root });
    if (!isValid || proof.map(toHex).join() !== expected) breaches.push(`the proof of leaf ${leaf} is wrong`);
  }
  return breaches;
};
