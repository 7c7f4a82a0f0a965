import { randomBytes } from 'node:crypto';
import { encodeCanonical, fromUtf8, toHex } from '@testigo/trail';
import type { SessionRow } from '../state/state-store.ts';
import { commitFields } from './commitments.ts';
import type { Draft, Place } from './ledger.ts';

/** What every record of this process says about the system that made it. */
export type Provenance = {
  readonly modelVersion: string;
  readonly datasetRoot: string;
  readonly datasetSize: number;
  readonly preprocessing: string;
  readonly policy: string;
  readonly build: string;
};

export type DetectionFields = {
  /** SHA-256 of the picture's bytes as they arrived. */
  readonly frameDigest: string;
  readonly label: string;
  /** In the model's label order. */
  readonly scoresPpm: readonly number[];
  readonly capturedAtMs: number;
};

export const newId = (): string => toHex(randomBytes(16));

export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

/** The committed texts of a detection (docs/spec/commitments.md). */
export const detectionValues = (fields: DetectionFields) => ({
  frame: fields.frameDigest,
  label: fields.label,
  scores: fromUtf8(encodeCanonical(fields.scoresPpm)),
  capturedAt: String(fields.capturedAtMs),
});

/** What every record of a session begins with. */
const headOf = (session: SessionRow, id: string, timeMs: number, { sequence }: Place) => ({
  version: 1 as const,
  id,
  time: toSeconds(timeMs),
  sessionId: session.id,
  sequence,
});

export const draftOpen = (session: SessionRow, provenance: Provenance): Draft => {
  const id = newId();
  const { purpose, legalBasis, deployer, notice, noticeShownAtMs, consentGivenAtMs, roles } = session.terms;
  return {
    id,
    build: (place) => ({
      type: 'SESSION_OPEN',
      ...headOf(session, id, session.openedAtMs, place),
      purpose,
      legalBasis,
      deployer,
      notice,
      noticeShownAt: toSeconds(noticeShownAtMs),
      ...(consentGivenAtMs === undefined ? {} : { consentGivenAt: toSeconds(consentGivenAtMs) }),
      roles: [...roles],
      modelVersion: provenance.modelVersion,
      policy: provenance.policy,
    }),
  };
};

export const draftDetection = (
  session: SessionRow,
  provenance: Provenance,
  fields: DetectionFields,
  /** Kept sealed beside the fields, but not committed: where the face was, which detector found it. */
  context: Readonly<Record<string, unknown>>,
): Draft => {
  const id = newId();
  const values = detectionValues(fields);
  return {
    id,
    payload: { values, context },
    needsOpenSession: true,
    build: (place) => ({
      type: 'DETECTION',
      ...headOf(session, id, fields.capturedAtMs, place),
      ...provenance,
      subjectRole: session.terms.subjectRole,
      notice: session.terms.notice,
      noticeShownAt: toSeconds(session.terms.noticeShownAtMs),
      purpose: session.terms.purpose,
      commitments: commitFields(place.subjectKey, id, values),
    }),
  };
};

export const draftRefusal = (
  session: SessionRow,
  provenance: Provenance,
  refusal: { readonly reason: string; readonly timeMs: number; readonly frameDigest?: string },
): Draft => {
  const id = newId();
  const values = {
    ...(refusal.frameDigest ? { frame: refusal.frameDigest } : {}),
    capturedAt: String(refusal.timeMs),
  };
  return {
    id,
    payload: { values, context: {} },
    build: (place) => ({
      type: 'REFUSAL',
      ...headOf(session, id, refusal.timeMs, place),
      reason: refusal.reason,
      policy: provenance.policy,
      modelVersion: provenance.modelVersion,
      commitments: commitFields(place.subjectKey, id, values),
    }),
  };
};

export const draftClose = (session: SessionRow, timeMs: number, reason: string): Draft => {
  const id = newId();
  return {
    id,
    needsCounts: true,
    needsOpenSession: true,
    build: (place) => ({
      type: 'SESSION_CLOSE',
      ...headOf(session, id, timeMs, place),
      openedAt: toSeconds(session.openedAtMs),
      reason,
      counts: {
        detections: place.counts.DETECTION ?? 0,
        refusals: place.counts.REFUSAL ?? 0,
        reviews: place.counts.REVIEW ?? 0,
        overrides: place.counts.OVERRIDE ?? 0,
      },
    }),
  };
};

type Review = { readonly detectionId: string; readonly reviewer: string; readonly timeMs: number };

export const draftReview = (
  session: SessionRow,
  review: Review & { readonly decision: string; readonly factReference: string },
): Draft => {
  const id = newId();
  const { detectionId, reviewer, decision, factReference, timeMs } = review;
  return {
    id,
    build: (place) => ({
      type: 'REVIEW',
      ...headOf(session, id, timeMs, place),
      detectionId,
      reviewer,
      decision,
      factReference,
    }),
  };
};

export const draftOverride = (
  session: SessionRow,
  override: Review & { readonly reason: string; readonly label: string },
): Draft => {
  const id = newId();
  const { detectionId, reviewer, reason, label, timeMs } = override;
  const values = { label };
  return {
    id,
    payload: { values, context: {} },
    build: (place) => ({
      type: 'OVERRIDE',
      ...headOf(session, id, timeMs, place),
      detectionId,
      reviewer,
      reason,
      commitments: commitFields(place.subjectKey, id, values),
    }),
  };
};
