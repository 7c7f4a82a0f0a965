// Bundles that fail by their record, proof, checkpoint or anchor.
import {
  computeRoot,
  encodeRecord,
  fromUtf8,
  hashRecord,
  newLogSigner,
  proveInclusion,
  type TrailRecord,
  toBase64,
  toHex,
  utf8,
} from '../../src/index.ts';
import { EVIDENCE, LOG_BYTES, LOG_RECORDS, LOG_SECRET, ORIGIN } from '../../test/evidence.ts';
import { flipBit, type VectorCase } from './case.ts';
import { anchor, change, evidence, FACTS, type Facts, leaves, noteOf, without } from './evidence-given.ts';

export function failedLog(): VectorCase[] {
  const detection = LOG_RECORDS[1] as TrailRecord;
  const forged = encodeRecord({ ...detection, purpose: 'something-else' } as TrailRecord);
  const forkRoot = computeRoot([...leaves.slice(0, 3), hashRecord(forged)]);
  const fork6 = computeRoot([...leaves.slice(0, 5), hashRecord(forged)]);
  const otherLog = newLogSigner({ name: 'other.example', secretKey: LOG_SECRET });
  const [first, ...rest] = EVIDENCE.inclusionProof as [string, ...string[]];
  const proofOf = (index: number): string[] => proveInclusion(leaves.slice(0, 4), index).map(toHex);
  return [
    evidence('another purpose in the record', 'failed', ['inclusion-proof-invalid', 'record-hash-mismatch'], {
      bundle: change({ record: toBase64(forged) }),
    }),
    evidence('another purpose and leaf hash', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ record: toBase64(forged), leafHash: toHex(hashRecord(forged)) }),
    }),
    evidence('a record with a space', 'failed', ['inclusion-unchecked', 'record-malformed'], {
      bundle: change({ record: toBase64(utf8(fromUtf8(LOG_BYTES[1]!).replace(',', ', '))) }),
    }),
    evidence('a record that is no base64 text', 'failed', ['inclusion-unchecked', 'record-malformed'], {
      bundle: change({ record: 'AB==' }),
    }),
    evidence('a flipped bit in the proof', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ inclusionProof: [flipBit(first, 5), ...rest] }),
    }),
    evidence('the proof of its neighbour', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ inclusionProof: proofOf(2) }),
    }),
    evidence('the index of its neighbour', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ leafIndex: 0 }),
    }),
    evidence('an index outside the log', 'failed', ['inclusion-index-out-of-range'], {
      bundle: change({ leafIndex: 5 }),
    }),
    evidence('no proof', 'failed', ['inclusion-proof-invalid'], { bundle: change({ inclusionProof: [] }) }),
    evidence(
      'a checkpoint of another size',
      'failed',
      ['checkpoint-signature-invalid', 'anchor-consistency-invalid', 'inclusion-proof-invalid'],
      {
        bundle: change({
          checkpoint: EVIDENCE.checkpoint.replace('\n4\n', '\n5\n'),
          inclusionProof: EVIDENCE.inclusionProof,
        }),
      },
    ),
    evidence('a checkpoint signed by a stranger', 'failed', ['checkpoint-signature-missing'], {
      bundle: change({
        checkpoint: noteOf(
          4,
          computeRoot(leaves.slice(0, 4)),
          ORIGIN,
          newLogSigner({ name: ORIGIN, secretKey: new Uint8Array(32) }),
        ),
      }),
    }),
    evidence(
      'a checkpoint of another log by the same key (swapped identity)',
      'failed',
      ['anchor-claim-mismatch', 'checkpoint-log-unpinned'],
      {
        bundle: change({ checkpoint: noteOf(4, computeRoot(leaves.slice(0, 4)), 'other.example', otherLog) }),
      },
    ),
    evidence(
      'a checkpoint whose signer is another log (swapped identity)',
      'failed',
      ['checkpoint-signature-missing'],
      {
        bundle: change({ checkpoint: noteOf(4, computeRoot(leaves.slice(0, 4)), ORIGIN, otherLog) }),
      },
    ),
    evidence(
      'a checkpoint that is no note',
      'failed',
      ['anchor-unchecked', 'checkpoint-malformed', 'inclusion-unchecked'],
      { bundle: change({ checkpoint: 'log.example/calls\n' }) },
    ),
    evidence(
      'a fork, signed by the log',
      'failed',
      ['anchor-consistency-invalid', 'inclusion-proof-invalid'],
      { bundle: change({ checkpoint: noteOf(4, forkRoot) }) },
    ),
    evidence('a fork of the anchored size', 'failed', ['anchor-log-forked'], {
      bundle: {
        ...EVIDENCE,
        ...{ checkpoint: noteOf(6, fork6) },
        inclusionProof: proveInclusion([...leaves.slice(0, 5), hashRecord(forged)], 1).map(toHex),
      },
    }),
    evidence('a head that is not the last anchor', 'failed', ['anchor-head-mismatch'], {
      facts: { ...FACTS, head: { size: 7, root: anchor.root } },
    }),
    evidence('an anchor that the chain does not show', 'failed', ['anchor-claim-mismatch'], {
      facts: { ...without(FACTS, 'head'), anchors: [] } as Facts,
    }),
    evidence('an anchor in another block', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, blockNumber: 13 } }),
    }),
    evidence('an anchor with another root', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, root: 'ab'.repeat(32) } }),
    }),
    evidence('an anchor of another log', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, logId: 'ab'.repeat(32) } }),
    }),
    evidence('an anchor on another chain', 'failed', ['anchor-registry-unpinned'], {
      bundle: change({ anchor: { ...anchor, chainId: 1 } }),
    }),
    evidence('an anchor in another registry', 'failed', ['anchor-registry-unpinned'], {
      bundle: change({ anchor: { ...anchor, registry: `0x${'ac'.repeat(20)}` } }),
    }),
    evidence(
      'another code at the registry',
      'failed',
      ['registry-code-mismatch', 'model-unchecked', 'dataset-unchecked'],
      { facts: { ...FACTS, codeHash: 'ef'.repeat(32) } },
    ),
    evidence('a flipped bit in the consistency proof', 'failed', ['anchor-consistency-invalid'], {
      bundle: change({
        anchor: {
          ...anchor,
          consistencyProof: anchor.consistencyProof.with(0, flipBit(anchor.consistencyProof[0]!, 8)),
        },
      }),
    }),
    evidence('no consistency proof', 'failed', ['anchor-consistency-invalid'], {
      bundle: change({ anchor: { ...anchor, consistencyProof: [] } }),
    }),
  ];
}
