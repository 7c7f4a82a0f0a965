import { commitField, deriveSalt, sha256, type TrailRecord, toHex, utf8 } from '@testigo/trail';

export const hex = (text: string): string => toHex(sha256(utf8(text)));
export const SUBJECT_KEY = sha256(utf8('subject'));

export interface Named {
  readonly modelVersion: string;
  readonly datasetRoot: string;
  readonly datasetSize: number;
}

export interface SessionPlan extends Named {
  readonly sessionId: string;
  /** When it was opened, seconds since 1970. */
  readonly openedAt: number;
  readonly detections: number;
  readonly idOf: (sequence: number) => string;
  readonly commit: (recordId: string) => Record<'frame' | 'label' | 'scores' | 'capturedAt', string>;
}

/** What a real writer does; four key derivations a record. */
export function commitForReal(recordId: string) {
  const commit = (name: string, value: string) =>
    toHex(commitField({ salt: deriveSalt(SUBJECT_KEY, recordId, name), name, value }));
  return {
    frame: commit('frame', 'frame digest'),
    label: commit('label', 'happy'),
    scores: commit('scores', '[1,2,3]'),
    capturedAt: commit('capturedAt', '1790000000123'),
  };
}

// The digests are the same in every record, and a benchmark makes a million of them.
const PREPROCESSING = hex('preprocessing');
const BUILD = hex('build');

export function makeDetection(sequence: number, plan: Omit<SessionPlan, 'detections'>): TrailRecord {
  const { modelVersion, datasetRoot, datasetSize, sessionId } = plan;
  const recordId = plan.idOf(sequence);
  return {
    type: 'DETECTION',
    version: 1,
    id: recordId,
    time: plan.openedAt + sequence,
    sessionId,
    sequence,
    modelVersion,
    datasetRoot,
    datasetSize,
    preprocessing: PREPROCESSING,
    policy: 'policy-1',
    subjectRole: 'customer',
    notice: 'notice-1',
    noticeShownAt: plan.openedAt - 1000,
    purpose: 'fraud-detection',
    build: BUILD,
    commitments: plan.commit(recordId),
  };
}

/** A session: opened, `detections` readings, closed. */
export function* makeSession(plan: SessionPlan): Generator<TrailRecord> {
  const { detections, openedAt, sessionId, modelVersion } = plan;
  const head = (sequence: number) =>
    ({ version: 1, time: openedAt, sessionId, id: plan.idOf(sequence), sequence }) as const;
  yield {
    type: 'SESSION_OPEN',
    ...head(0),
    purpose: 'fraud-detection',
    legalBasis: 'consent',
    deployer: 'bank-1',
    notice: 'notice-1',
    roles: ['customer'],
    modelVersion,
    policy: 'policy-1',
  };
  for (let sequence = 1; sequence <= detections; sequence++) yield makeDetection(sequence, plan);
  yield {
    type: 'SESSION_CLOSE',
    ...head(detections + 1),
    reason: 'ended',
    openedAt,
    counts: { detections, refusals: 0, reviews: 0, overrides: 0 },
  };
}
