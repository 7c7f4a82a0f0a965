import {
  computeRoot,
  decodeEntryBundle,
  fromHex,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  parseRecord,
  type TrailRecord,
  toHex,
  verifyInclusion,
} from '@testigo/trail';
import type { Ground } from '../support/world.ts';
import { VERIFIER_KEY } from './fleet.ts';
import type { Acknowledged } from './load.ts';

const readNote = (note: string) => {
  const opened = openNote(note, [newNoteVerifier(VERIFIER_KEY)]);
  if (opened.verifiedBy.length !== 1) throw new Error('a checkpoint is not signed by the log');
  return parseCheckpoint(opened.body);
};

const fetchBytes = async (url: string): Promise<Uint8Array> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

const tilePath = (index: number): string =>
  index < 1_000
    ? String(index).padStart(3, '0')
    : `x${String(Math.floor(index / 1_000)).padStart(3, '0')}/${String(index % 1_000).padStart(3, '0')}`;

/** The whole log as one replica serves it. */
export const readLog = async (url: string) => {
  const { size, root } = readNote(Buffer.from(await fetchBytes(`${url}/checkpoint`)).toString());
  const entries: Uint8Array[] = [];
  for (let start = 0; start < size; start += 256) {
    const width = Math.min(256, size - start);
    const name = `${tilePath(start / 256)}${width < 256 ? `.p/${width}` : ''}`;
    entries.push(...decodeEntryBundle(await fetchBytes(`${url}/tile/entries/${name}`)));
  }
  return { size, root, entries };
};

type ServedLog = Awaited<ReturnType<typeof readLog>>;

const checkSequences = (records: readonly TrailRecord[]): string[] => {
  const sessions = new Map<string, number[]>();
  const breaches: string[] = [];
  for (const record of records) {
    if (!('sequence' in record) || record.sequence === undefined || !('sessionId' in record)) continue;
    const known = sessions.get(record.sessionId!) ?? [];
    sessions.set(record.sessionId!, [...known, record.sequence]);
  }
  const closed = new Set<string>();
  for (const record of records) {
    if (!('sessionId' in record) || record.sessionId === undefined || !('sequence' in record)) continue;
    if (closed.has(record.sessionId)) breaches.push(`session ${record.sessionId} goes on after its close`);
    if (record.type === 'SESSION_CLOSE') closed.add(record.sessionId);
  }
  for (const [session, sequences] of sessions) {
    if (!sequences.every((sequence, at) => sequence === at))
      breaches.push(`session ${session} has the sequence ${sequences.join(' ')}`);
  }
  return breaches;
};

/** Every promise that the log breaks; empty when it keeps them all. */
export const judge = (log: ServedLog, acknowledged: readonly Acknowledged[]): string[] => {
  const breaches: string[] = [];
  const leaves = log.entries.map(hashLeaf);
  const records = log.entries.map(parseRecord);
  if (toHex(computeRoot(leaves)) !== toHex(log.root)) breaches.push('the entries do not hash to the root');
  if (new Set(records.map(({ id }) => id)).size !== log.size) breaches.push('a record is there twice');
  if (new Set(acknowledged.map(({ leafIndex }) => leafIndex)).size !== acknowledged.length)
    breaches.push('two acknowledgements name one leaf');
  const roots = new Map<number, string>();
  for (const { recordId, leafIndex, sessionId, sequence, checkpoint, proof } of acknowledged) {
    const record = records[leafIndex];
    if (record?.id !== recordId) {
      breaches.push(`acknowledged record ${recordId} is not at leaf ${leafIndex}`);
      continue;
    }
    const place = record as { sessionId?: string; sequence?: number };
    if (place.sessionId !== sessionId || place.sequence !== sequence)
      breaches.push(`record ${recordId} stands elsewhere in its session than was said`);
    const { size, root } = readNote(checkpoint);
    const hashes = proof.hashes.map((hash) => fromHex(hash));
    if (!verifyInclusion({ leafHash: leaves[leafIndex]!, index: leafIndex, size, proof: hashes, root }))
      breaches.push(`the receipt of record ${recordId} does not verify`);
    // Every checkpoint that anybody was given must be one moment of this very log.
    if (!roots.has(size)) roots.set(size, toHex(computeRoot(leaves.slice(0, size))));
    if (roots.get(size) !== toHex(root)) breaches.push(`a checkpoint of size ${size} is of another log`);
  }
  return [...breaches, ...checkSequences(records)];
};

/** The registry's head must be a moment of this log too, whoever anchored it. */
export const judgeAnchor = async (log: ServedLog, ground: Ground, logId: string): Promise<string[]> => {
  const head = await ground.registry.headOf(`0x${logId}`);
  const size = Number(head.size);
  // A reader may be a moment behind what the writer anchored.
  if (size === 0 || size > log.size) return [];
  const root = `0x${toHex(computeRoot(log.entries.slice(0, size).map(hashLeaf)))}`;
  return root === head.root ? [] : [`the registry's head of size ${size} is of another log`];
};
