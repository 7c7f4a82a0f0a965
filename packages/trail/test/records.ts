// One valid record of each type, for tests and for the vectors.
import type { RecordOf, RecordType } from '../src/index.ts';

const digest = (n: number): string => n.toString(16).padStart(2, '0').repeat(32);
const id = (n: number): string => n.toString(16).padStart(2, '0').repeat(16);
const head = { version: 1, id: id(1), time: 1_790_000_000 } as const;
const inSession = { ...head, sessionId: id(2), sequence: 3 } as const;
const onChain = { chainId: 31_337, registry: `0x${'ab'.repeat(20)}` } as const;

export const RECORDS: { readonly [T in RecordType]: RecordOf<T> } = {
  DETECTION: {
    type: 'DETECTION',
    ...inSession,
    modelVersion: digest(3),
    datasetRoot: digest(4),
    datasetSize: 35_887,
    preprocessing: digest(5),
    policy: 'testigo-policy-1',
    subjectRole: 'customer',
    notice: 'notice-2026-11',
    noticeShownAt: 1_789_999_990,
    purpose: 'fraud-detection',
    build: digest(6),
    commitments: { frame: digest(7), label: digest(8), scores: digest(9), capturedAt: digest(10) },
  },
  REFUSAL: { type: 'REFUSAL', ...inSession, reason: 'no-face', policy: 'testigo-policy-1' },
  SESSION_OPEN: {
    type: 'SESSION_OPEN',
    ...inSession,
    sequence: 0,
    purpose: 'fraud-detection',
    legalBasis: 'gdpr-9-2-a',
    deployer: 'example-bank',
    notice: 'notice-2026-11',
    noticeShownAt: 1_789_999_990,
    consentGivenAt: 1_789_999_995,
    roles: ['customer', 'agent'],
    modelVersion: digest(3),
    policy: 'testigo-policy-1',
  },
  SESSION_CLOSE: {
    type: 'SESSION_CLOSE',
    ...inSession,
    sequence: 8,
    openedAt: 1_789_999_000,
    reason: 'ended',
    counts: { detections: 4, refusals: 1, reviews: 1, overrides: 1 },
  },
  REVIEW: {
    type: 'REVIEW',
    ...inSession,
    detectionId: id(4),
    reviewer: id(5),
    decision: 'no-action',
    factReference: 'case:2026-0117',
  },
  OVERRIDE: {
    type: 'OVERRIDE',
    ...inSession,
    detectionId: id(4),
    reviewer: id(5),
    reason: 'label-wrong',
    commitments: { label: digest(11) },
  },
  ERASURE: { type: 'ERASURE', ...head, sessionId: id(2), reason: 'gdpr-17', records: 6 },
  LEGAL_HOLD: {
    type: 'LEGAL_HOLD',
    ...head,
    sessionId: id(2),
    action: 'release',
    hold: id(6),
    authority: 'court:7-b',
  },
  MODEL_REGISTERED: {
    type: 'MODEL_REGISTERED',
    ...head,
    ...onChain,
    modelVersion: digest(3),
    datasetRoot: digest(4),
  },
  MODEL_REVOKED: { type: 'MODEL_REVOKED', ...head, ...onChain, modelVersion: digest(3), reason: 'poisoned' },
  DATASET_APPROVED: {
    type: 'DATASET_APPROVED',
    ...head,
    ...onChain,
    datasetRoot: digest(4),
    datasetSize: 35_887,
    manifest: digest(12),
  },
  DATASET_REVOKED: {
    type: 'DATASET_REVOKED',
    ...head,
    ...onChain,
    datasetRoot: digest(4),
    reason: 'consent',
  },
  AUDIT_VERDICT: {
    type: 'AUDIT_VERDICT',
    ...head,
    scope: 'dataset',
    auditor: 'example-auditor',
    subject: digest(4),
    verdict: digest(13),
    outcome: 'inconclusive',
  },
  INCIDENT: { type: 'INCIDENT', ...head, code: 'rpc-disagreement' },
  KEY_ROTATION: { type: 'KEY_ROTATION', ...head, purpose: 'log', oldKey: digest(14), newKey: digest(15) },
  EXPORT: { type: 'EXPORT', ...head, sessionId: id(2), recipient: 'example-auditor', records: 6 },
};
