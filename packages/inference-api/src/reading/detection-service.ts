import { createHash } from 'node:crypto';
import { ApiError } from '../errors.ts';
import {
  draftClose,
  draftDetection,
  draftOpen,
  draftRefusal,
  newId,
  type Provenance,
} from '../records/drafts.ts';
import type { Draft, Ledger, Recorded } from '../records/ledger.ts';
import { presentReceipt } from '../records/present.ts';
import type { RegistryWatch } from '../registry/registry-watch.ts';
import type { StandingCode } from '../registry/standing.ts';
import type { SessionRow, SessionTerms, StateStore } from '../state/state-store.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';
import type { EmotionReader, NoReading, Reading } from './read-emotion.ts';

export type PictureRequest = {
  readonly picture: Uint8Array;
  readonly sessionId?: string | undefined;
  readonly capturedAtMs?: number | undefined;
};

export type RecordedReading = Recorded & { readonly reading: Reading; readonly session: SessionRow };

export type DetectionService = {
  /**
   * Reads one picture and records what came of it, a reading or a refusal.
   * @throws ApiError with the record's id where a reading was refused and the refusal recorded
   */
  detect(request: PictureRequest): Promise<RecordedReading>;
};

export type DetectionParts = {
  readonly reader: EmotionReader;
  readonly ledger: Ledger;
  readonly state: StateStore;
  readonly keys: SubjectKeys;
  readonly registry: RegistryWatch;
  readonly provenance: Provenance;
  readonly singlePictures: SinglePictureTerms | undefined;
  readonly detectorName: string;
  readonly picturesInFlight: number;
  readonly now: () => number;
};

/** What the operator vouches for of pictures without a session; the notice precedes the upload. */
export type SinglePictureTerms = Pick<
  SessionTerms,
  'purpose' | 'legalBasis' | 'deployer' | 'notice' | 'subjectRole'
>;

type Place = { readonly session: SessionRow; readonly isSingle: boolean };
type RefusalCode = NoReading['reason'] | StandingCode;

const digestOf = (picture: Uint8Array): string => createHash('sha256').update(picture).digest('hex');

export const createDetectionService = (parts: DetectionParts): DetectionService => {
  const { ledger, state, keys, provenance, now } = parts;
  let inFlight = 0;

  const findPlace = async (sessionId: string | undefined): Promise<Place> => {
    if (sessionId === undefined) {
      const terms = parts.singlePictures;
      if (!terms) throw new ApiError('notice-missing');
      const id = newId();
      const openedAtMs = now();
      const session: SessionRow = {
        id,
        terms: { ...terms, noticeShownAtMs: openedAtMs, roles: [terms.subjectRole] },
        openedAtMs,
        wrappedKey: keys.create(id).wrapped,
      };
      return { session, isSingle: true };
    }
    const session = await state.findSession(sessionId);
    if (!session) throw new ApiError('session-unknown');
    if (session.closedAtMs !== undefined) throw new ApiError('session-closed');
    return { session, isSingle: false };
  };

  /** A picture without a session is a session of its own: opened, used once and closed under one checkpoint. */
  const record = async (
    { session, isSingle }: Place,
    draft: Draft,
    kind: 'detections' | 'refusals',
  ): Promise<Recorded> => {
    if (!isSingle) return (await ledger.append(session, [draft]))[0]!;
    await state.insertSession(session);
    const counts = { detections: 0, refusals: 0, reviews: 0, overrides: 0, [kind]: 1 };
    const drafts = [
      draftOpen(session, provenance),
      draft,
      draftClose(session, now(), 'single-picture', counts),
    ];
    const recorded = (await ledger.append(session, drafts))[1]!;
    await state.markClosed(session.id, now());
    return recorded;
  };

  const refuse = async (place: Place, code: RefusalCode, picture: Uint8Array): Promise<never> => {
    const draft = draftRefusal(place.session, provenance, {
      reason: code,
      timeMs: now(),
      frameDigest: digestOf(picture),
    });
    const { receipt, sequence } = await record(place, draft, 'refusals');
    throw new ApiError(code, undefined, {
      extensions: { sessionId: place.session.id, sequence, ...presentReceipt(receipt) },
    });
  };

  const detectOne = async ({
    picture,
    sessionId,
    capturedAtMs,
  }: PictureRequest): Promise<RecordedReading> => {
    const arrivedAtMs = now();
    const place = await findPlace(sessionId);
    const before = parts.registry.standing();
    if (!before.mayRead) return refuse(place, before.code, picture);
    const outcome = await parts.reader.readEmotion(picture);
    if (outcome.outcome === 'refused') return refuse(place, outcome.reason, picture);
    // A revocation that arrived while the picture was being read counts too.
    const after = parts.registry.standing();
    if (!after.mayRead) return refuse(place, after.code, picture);
    const fields = {
      frameDigest: digestOf(picture),
      label: outcome.label,
      scoresPpm: outcome.scoresPpm,
      capturedAtMs: capturedAtMs ?? arrivedAtMs,
    };
    const draft = draftDetection(place.session, provenance, fields, {
      box: outcome.box,
      detector: parts.detectorName,
    });
    return { reading: outcome, session: place.session, ...(await record(place, draft, 'detections')) };
  };

  return {
    detect: async (request) => {
      if (inFlight >= parts.picturesInFlight)
        throw new ApiError('overloaded', undefined, { headers: { 'Retry-After': '1' } });
      inFlight += 1;
      try {
        return await detectOne(request);
      } finally {
        inFlight -= 1;
      }
    },
  };
};
