import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord, keyPairOf, verifierKey } from '@testigo/trail';
import type { EncodedRecord } from './log.ts';
import { newNativeLogSigner } from './note-signer.ts';

/** For tests and benchmarks: a key, an origin, records. */
export const TEST_ORIGIN = 'log.example.org/test';
const secretKey = new Uint8Array(32).fill(7);
export const TEST_IDENTITY = {
  origin: TEST_ORIGIN,
  signer: newNativeLogSigner({ name: TEST_ORIGIN, secretKey }),
  verifierKey: verifierKey(TEST_ORIGIN, keyPairOf(secretKey).publicKey),
};

export const newId = (): string => randomBytes(16).toString('hex');
const digest = (digit: string): string => digit.repeat(64);

/** A DETECTION of ordinary size (900 bytes). */
export const makeRecord = (id = newId(), modelVersion = digest('a'), sequence = 1): EncodedRecord => ({
  id,
  modelVersion,
  bytes: encodeRecord({
    type: 'DETECTION',
    version: 1,
    id,
    time: 1_764_000_000,
    sessionId: '1'.repeat(32),
    sequence,
    modelVersion,
    datasetRoot: digest('b'),
    datasetSize: 28_709,
    preprocessing: digest('c'),
    policy: 'default',
    subjectRole: 'caller',
    notice: 'notice-1',
    noticeShownAt: 1_764_000_000,
    purpose: 'fraud-detection',
    build: digest('d'),
    commitments: { frame: digest('1'), label: digest('2'), scores: digest('3'), capturedAt: digest('4') },
  }),
});

export const makeRecords = (count: number): EncodedRecord[] =>
  Array.from({ length: count }, () => makeRecord());

/** A fresh folder under the system's temporary one, and how to remove it. */
export const makeFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'testigo-log-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};
