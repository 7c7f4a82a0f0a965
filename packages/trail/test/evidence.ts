// One complete evidence bundle of a log of six records, and the keys to trust for it.
import {
  commitField,
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  deriveSalt,
  type EvidenceBundle,
  encodeCanonical,
  encodeDatasetManifest,
  encodeModelManifest,
  encodeRecord,
  formatCheckpoint,
  fromUtf8,
  type Hash,
  hashRecord,
  keyPairOf,
  logIdOf,
  modelVersionOf,
  newLogSigner,
  proveConsistency,
  proveInclusion,
  type RecordOf,
  signDsse,
  signNote,
  type TrailRecord,
  toBase64,
  toHex,
  utf8,
  verifierKey,
} from '../src/index.ts';
import { DATASET, MODEL } from './manifests.ts';
import { RECORDS } from './records.ts';

export const ORIGIN = 'log.example/calls';
export const LOG_SECRET = new Uint8Array(32).fill(0x11);
export const CUSTODIAN_SECRET = new Uint8Array(32).fill(0x22);
export const SUBJECT_KEY = new Uint8Array(32).fill(0x33);
export const REGISTRY = `0x${'ab'.repeat(20)}`;

const id = (n: number): string => n.toString(16).padStart(32, '0');
const modelManifest = encodeModelManifest(MODEL);

/** What the commitments of the detection open to (docs/spec/commitments.md). */
export const VALUES = {
  frame: 'c0ffee'.padEnd(64, '0'),
  label: 'happy',
  scores: fromUtf8(encodeCanonical([100_000, 850_000, 50_000])),
  capturedAt: '1790000000123',
} as const;

const commitments = Object.fromEntries(
  Object.entries(VALUES).map(([name, value]) => [
    name,
    toHex(commitField({ salt: deriveSalt(SUBJECT_KEY, id(2), name), name, value })),
  ]),
) as RecordOf<'DETECTION'>['commitments'];

const sessionId = id(0xff);
export const LOG_RECORDS: readonly TrailRecord[] = [
  { ...RECORDS.SESSION_OPEN, id: id(1), sessionId, modelVersion: toHex(modelVersionOf(modelManifest)) },
  {
    ...RECORDS.DETECTION,
    id: id(2),
    sessionId,
    sequence: 1,
    modelVersion: toHex(modelVersionOf(modelManifest)),
    datasetRoot: MODEL.dataset.root,
    datasetSize: MODEL.dataset.size,
    preprocessing: MODEL.preprocessing,
    commitments,
  },
  { ...RECORDS.REFUSAL, id: id(3), sessionId, sequence: 2 },
  {
    ...RECORDS.SESSION_CLOSE,
    id: id(4),
    sessionId,
    sequence: 3,
    counts: { detections: 1, refusals: 1, reviews: 0, overrides: 0 },
  },
  { ...RECORDS.ERASURE, id: id(5), sessionId },
  { ...RECORDS.INCIDENT, id: id(6) },
];

export const LOG_BYTES = LOG_RECORDS.map(encodeRecord);
const leaves: readonly Hash[] = LOG_BYTES.map(hashRecord);
const CHECKPOINT_SIZE = 4;

export const noteAt = (size: number): string =>
  signNote(
    formatCheckpoint({ origin: ORIGIN, size, root: computeRoot(leaves.slice(0, size)) }),
    newLogSigner({ name: ORIGIN, secretKey: LOG_SECRET }),
  );

export const LOG_VERIFIER_KEY = verifierKey(ORIGIN, keyPairOf(LOG_SECRET).publicKey);
export const CUSTODIAN_KEY = toHex(keyPairOf(CUSTODIAN_SECRET).publicKey);

/** Record 1 of the log, proven at size 4, anchored at size 6. */
export const EVIDENCE: EvidenceBundle = {
  type: 'testigo.evidence',
  version: 1,
  record: toBase64(LOG_BYTES[1]!),
  leafHash: toHex(leaves[1]!),
  leafIndex: 1,
  inclusionProof: proveInclusion(leaves.slice(0, CHECKPOINT_SIZE), 1).map(toHex),
  checkpoint: noteAt(CHECKPOINT_SIZE),
  anchor: {
    chainId: 31_337,
    registry: REGISTRY,
    logId: toHex(logIdOf(ORIGIN)),
    size: 6,
    root: toHex(computeRoot(leaves)),
    transaction: `0x${'cd'.repeat(32)}`,
    blockNumber: 12,
    consistencyProof: proveConsistency(leaves, CHECKPOINT_SIZE).map(toHex),
  },
  modelManifest: toBase64(modelManifest),
  datasetEnvelope: JSON.stringify(
    signDsse(DATASET_PAYLOAD_TYPE, encodeDatasetManifest(DATASET), CUSTODIAN_SECRET),
  ),
  disclosures: (['label', 'scores'] as const).map((field) => ({
    field,
    salt: toHex(deriveSalt(SUBJECT_KEY, id(2), field)),
    value: toBase64(utf8(VALUES[field])),
  })),
};
