import { z } from 'zod';
import { address, commitments, count, digest, identifier, pseudonym, seconds, token } from './fields.ts';

const head = { version: z.literal(1), id: identifier, time: seconds };
const inSession = { ...head, sessionId: identifier, sequence: count };
const onChain = { chainId: count, registry: address };

/** What the model said about one face. Personal fields are commitments. */
const detection = z.strictObject({
  type: z.literal('DETECTION'),
  ...inSession,
  modelVersion: digest,
  datasetRoot: digest,
  datasetSize: count,
  preprocessing: digest,
  policy: token,
  subjectRole: token,
  notice: token,
  /** When the person in the picture was told: AI Act art. 50(5), at the latest at the first exposure. */
  noticeShownAt: seconds,
  purpose: token,
  build: digest,
  commitments: z.strictObject({ frame: digest, label: digest, scores: digest, capturedAt: digest }),
});

/** A reading that was asked for and not given. Outside a session where none could be opened. */
const refusal = z.strictObject({
  type: z.literal('REFUSAL'),
  ...head,
  sessionId: identifier.optional(),
  sequence: count.optional(),
  reason: token,
  policy: token,
  subjectRole: token.optional(),
  modelVersion: digest.optional(),
  commitments: commitments.optional(),
});

const sessionOpen = z.strictObject({
  type: z.literal('SESSION_OPEN'),
  ...inSession,
  purpose: token,
  legalBasis: token,
  deployer: token,
  notice: token,
  /** Absent where the session opens before the person was told; each DETECTION then says when that was. */
  noticeShownAt: seconds.optional(),
  /** Where consent is the legal basis. */
  consentGivenAt: seconds.optional(),
  roles: z.array(token).min(1).max(16),
  modelVersion: digest,
  policy: token,
  commitments: commitments.optional(),
});

/**
 * The period of use is [openedAt, time]. The counts are of the records before this one: with the gapless sequence
 * they make a missing record provable.
 */
const sessionClose = z.strictObject({
  type: z.literal('SESSION_CLOSE'),
  ...inSession,
  openedAt: seconds,
  reason: token,
  counts: z.strictObject({ detections: count, refusals: count, reviews: count, overrides: count }),
});

const review = z.strictObject({
  type: z.literal('REVIEW'),
  ...inSession,
  detectionId: identifier,
  reviewer: pseudonym,
  decision: token,
  factReference: token,
});

const override = z.strictObject({
  type: z.literal('OVERRIDE'),
  ...inSession,
  detectionId: identifier,
  reviewer: pseudonym,
  reason: token,
  commitments: z.strictObject({ label: digest }),
});

const erasure = z.strictObject({
  type: z.literal('ERASURE'),
  ...head,
  sessionId: identifier,
  reason: token,
  records: count,
});

const legalHold = z.strictObject({
  type: z.literal('LEGAL_HOLD'),
  ...head,
  sessionId: identifier,
  action: z.literal(['place', 'release']),
  /** On release: the id of the record that placed the hold, since a session can be under several. */
  hold: identifier.optional(),
  authority: token,
});

const modelRegistered = z.strictObject({
  type: z.literal('MODEL_REGISTERED'),
  ...head,
  ...onChain,
  modelVersion: digest,
  datasetRoot: digest,
});

const modelRevoked = z.strictObject({
  type: z.literal('MODEL_REVOKED'),
  ...head,
  ...onChain,
  modelVersion: digest,
  reason: token,
});

const datasetApproved = z.strictObject({
  type: z.literal('DATASET_APPROVED'),
  ...head,
  ...onChain,
  datasetRoot: digest,
  datasetSize: count,
  manifest: digest,
});

const datasetRevoked = z.strictObject({
  type: z.literal('DATASET_REVOKED'),
  ...head,
  ...onChain,
  datasetRoot: digest,
  reason: token,
});

/** An audit's result. `subject` is a leaf hash, dataset root, model version or log root, as `scope` says. */
const auditVerdict = z.strictObject({
  type: z.literal('AUDIT_VERDICT'),
  ...head,
  scope: z.literal(['record', 'dataset', 'model', 'log']),
  auditor: token,
  subject: digest,
  verdict: digest,
  outcome: z.literal(['verified', 'failed', 'inconclusive']),
});

const incident = z.strictObject({
  type: z.literal('INCIDENT'),
  ...head,
  code: token,
  commitments: commitments.optional(),
});

const keyRotation = z.strictObject({
  type: z.literal('KEY_ROTATION'),
  ...head,
  purpose: token,
  oldKey: digest,
  newKey: digest,
});

const exported = z.strictObject({
  type: z.literal('EXPORT'),
  ...head,
  sessionId: identifier,
  recipient: token,
  records: count,
});

/** Every record type of docs/spec/record.md. Unknown fields are refused, so nothing rides along unseen. */
export const recordSchema = z.discriminatedUnion('type', [
  detection,
  refusal,
  sessionOpen,
  sessionClose,
  review,
  override,
  erasure,
  legalHold,
  modelRegistered,
  modelRevoked,
  datasetApproved,
  datasetRevoked,
  auditVerdict,
  incident,
  keyRotation,
  exported,
]);

export type TrailRecord = z.infer<typeof recordSchema>;
export type RecordType = TrailRecord['type'];
export type RecordOf<T extends RecordType> = Extract<TrailRecord, { type: T }>;
