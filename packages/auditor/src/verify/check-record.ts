import {
  type EvidenceBundle,
  fromBase64,
  hashLeaf,
  parseRecord,
  type TrailRecord,
  toHex,
} from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import { attempt, type Checked } from './checked.ts';

const SOURCE = 'bundle: record';

/** Is it one record, in its one form, and the one that was asked for? */
export function checkRecord(
  bundle: EvidenceBundle,
  expectedId: string | undefined,
): Checked<{ record: TrailRecord; leafHash: Uint8Array }> {
  const read = attempt(() => {
    const bytes = fromBase64(bundle.record);
    return { record: parseRecord(bytes), leafHash: hashLeaf(bytes) };
  });
  if ('reason' in read) {
    return { findings: [makeFinding('record-malformed', { seen: read.reason, source: SOURCE })] };
  }
  const { record, leafHash } = read.value;
  const stated = bundle.leafHash;
  if (stated !== undefined && stated !== toHex(leafHash)) {
    const seen = `leaf hash ${toHex(leafHash)}`;
    const changed = makeFinding('record-hash-mismatch', {
      expected: `leaf hash ${stated}`,
      seen,
      source: SOURCE,
    });
    return { findings: [changed], value: read.value };
  }
  if (expectedId !== undefined && record.id !== expectedId) {
    const swapped = makeFinding('record-swapped', { expected: expectedId, seen: record.id, source: SOURCE });
    return { findings: [swapped], value: read.value };
  }
  const seen = `${record.type} ${record.id}`;
  return { findings: [makeFinding('record-well-formed', { seen, source: SOURCE })], value: read.value };
}
