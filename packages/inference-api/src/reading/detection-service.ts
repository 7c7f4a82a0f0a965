import { ApiError } from '../errors.ts';
import type { FaceMemory } from '../faces/find-faces.ts';
import type { RefusalCode } from '../policy/refusal-codes.ts';
import { judgeClock } from '../policy/rules.ts';
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
import { digestOf, type Refuser } from '../records/refuse.ts';
import type { RegistryWatch } from '../registry/registry-watch.ts';
import { isStandingCode } from '../registry/standing.ts';
import type { SessionRow, SessionTerms, StateStore } from '../state/state-store.ts';
import { endSpan, inSpan, type OpenSpan, openSpan } from '../tracing/spans.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';
import type { Quality } from './quality.ts';
import type { EmotionReader, Reading } from './read-emotion.ts';

export type PictureRequest = {
  readonly picture: Uint8Array;
  readonly sessionId?: string | undefined;
  readonly capturedAtMs?: number | undefined;
  /** The client's clock as it sent. */
  readonly sentAtMs?: number | undefined;
  /** Whose sessions the caller may use; everybody's if undefined. */
  readonly deployer?: string | undefined;
  /** Where the face was in the frame before, for streams. */
  readonly memory?: FaceMemory | undefined;
};

export type RecordedReading = Recorded & { readonly reading: Reading; readonly session: SessionRow };

/** A picture that was read, with what came of it not on record yet. It counts as under way until it is. */
export type ReadPicture = {
  /** Of the face, where there was one to measure. */
  readonly quality?: Quality | undefined;
  /** @throws ApiError with the record's id where a reading was refused and the refusal recorded */
  record(): Promise<RecordedReading>;
};

export type DetectionService = {
  /** Reads one picture; a stream reads its next frame while this one is being recorded. */
  read(request: PictureRequest): Promise<ReadPicture>;
  /**
   * Reads one picture and records what came of it, a reading or a refusal.
   * @throws ApiError with the record's id where a reading was refused and the refusal recorded
   */
  detect(request: PictureRequest): Promise<RecordedReading>;
};

/** What the operator vouches for of pictures without a session; the notice precedes the upload. */
export type SinglePictureTerms = Pick<
  SessionTerms,
  'purpose' | 'legalBasis' | 'deployer' | 'notice' | 'subjectRole'
>;

export type DetectionParts = {
  readonly reader: EmotionReader;
  readonly ledger: Ledger;
  readonly refuser: Refuser;
  readonly state: StateStore;
  readonly keys: SubjectKeys;
  readonly registry: RegistryWatch;
  readonly provenance: Provenance;
  readonly singlePictures: SinglePictureTerms | undefined;
  readonly detectorName: string;
  readonly picturesInFlight: number;
  readonly now: () => number;
  /** Told of every picture: `reading` or an error code, and the seconds it took. */
  readonly onPicture: (outcome: string, seconds: number) => void;
  /** Told what every face was like, for the drift of the input. */
  readonly onFace: (quality: Quality) => void;
};

type Place = { readonly session: SessionRow; readonly isSingle: boolean };

export const createDetectionService = (parts: DetectionParts): DetectionService => {
  const { ledger, refuser, state, keys, provenance, now } = parts;
  let inFlight = 0;

  const openSingle = async (terms: SinglePictureTerms): Promise<SessionRow> => {
    const id = newId();
    const openedAtMs = now();
    return {
      id,
      terms: {
        ...terms,
        noticeShownAtMs: openedAtMs,
        consentGivenAtMs: openedAtMs,
        roles: [terms.subjectRole],
      },
      openedAtMs,
      wrappedKey: (await keys.create(id)).wrapped,
    };
  };

  const findPlace = async ({ sessionId, deployer }: PictureRequest): Promise<Place> => {
    if (sessionId === undefined) {
      const terms = parts.singlePictures;
      if (!terms) return refuser.refuseAlone('notice-missing');
      if (deployer !== undefined && deployer !== terms.deployer) throw new ApiError('forbidden');
      return { session: await openSingle(terms), isSingle: true };
    }
    const session = await state.findSession(sessionId);
    if (!session || (deployer !== undefined && session.terms.deployer !== deployer))
      throw new ApiError('session-unknown');
    if (session.closedAtMs !== undefined) throw new ApiError('session-closed');
    return { session, isSingle: false };
  };

  /** A picture without a session is a session of its own: opened, used once and closed under one checkpoint. */
  const recordSingle = async (session: SessionRow, draft: Draft): Promise<Recorded> => {
    await state.insertSession(session);
    try {
      const drafts = [draftOpen(session, provenance), draft, draftClose(session, now(), 'single-picture')];
      return (await ledger.append(session, drafts, () => state.markClosed(session.id, now())))[1]!;
    } catch (error) {
      await state.dropSession(session.id);
      throw error;
    }
  };

  const refuse = async (
    { session, isSingle }: Place,
    code: RefusalCode,
    picture: Uint8Array,
  ): Promise<never> => {
    if (!isSingle) return refuser.refuse(code, session, picture);
    // A session opens on its model: on one that does not stand none does, and the refusal stands by itself.
    if (isStandingCode(code)) return refuser.refuseAlone(code, session.terms.subjectRole);
    const draft = draftRefusal(session, provenance, {
      reason: code,
      timeMs: now(),
      frameDigest: digestOf(picture),
    });
    const { receipt, sequence } = await recordSingle(session, draft);
    throw new ApiError(code, undefined, {
      extensions: { sessionId: session.id, sequence, ...presentReceipt(receipt) },
    });
  };

  /** What must hold before a picture is so much as decoded. */
  const judgeBefore = (request: PictureRequest, arrivedAtMs: number): RefusalCode | undefined => {
    const standing = parts.registry.standing();
    if (!standing.mayRead) return standing.code;
    return judgeClock({ sentAtMs: request.sentAtMs, capturedAtMs: request.capturedAtMs }, arrivedAtMs);
  };

  const recordReading = async (
    place: Place,
    picture: Uint8Array,
    reading: Reading,
    capturedAtMs: number,
  ): Promise<RecordedReading> => {
    const { label, scoresPpm } = reading;
    const fields = { frameDigest: digestOf(picture), label, scoresPpm, capturedAtMs };
    const context = { box: reading.box, detector: parts.detectorName };
    const draft = draftDetection(place.session, provenance, fields, context);
    const recorded = place.isSingle
      ? await recordSingle(place.session, draft)
      : (await ledger.append(place.session, [draft]))[0]!;
    return { reading, session: place.session, ...recorded };
  };

  const readOne = async (request: PictureRequest, frame: OpenSpan): Promise<ReadPicture> => {
    const { picture } = request;
    const arrivedAtMs = now();
    const place = await findPlace(request);
    const before = judgeBefore(request, arrivedAtMs);
    if (before) return { record: () => refuse(place, before, picture) };
    const reading = await parts.reader.readEmotion(picture, request.memory);
    frame.addStages(reading.stages);
    const { quality } = reading;
    if (quality) parts.onFace(quality);
    if (reading.outcome === 'refused')
      return { quality, record: () => refuse(place, reading.reason, picture) };
    const record = async (): Promise<RecordedReading> => {
      // A revocation that arrived while the picture was being read counts too.
      const after = parts.registry.standing();
      if (!after.mayRead) return refuse(place, after.code, picture);
      return recordReading(place, picture, reading, request.capturedAtMs ?? arrivedAtMs);
    };
    return { quality, record };
  };

  /** Counts a picture as under way from the call until `finish`. */
  const begin = () => {
    if (inFlight >= parts.picturesInFlight)
      throw new ApiError('overloaded', undefined, { headers: { 'Retry-After': '1' } });
    inFlight += 1;
    const startedAt = performance.now();
    const frame = openSpan('frame');
    const finish = (outcome: string, error?: unknown): void => {
      inFlight -= 1;
      frame.span.setAttribute('testigo.outcome', outcome);
      endSpan(frame.span, error);
      parts.onPicture(outcome, (performance.now() - startedAt) / 1000);
    };
    const fail = (error: unknown): never => {
      finish(error instanceof ApiError ? error.code : 'internal', error);
      throw error;
    };
    return { frame, finish, fail };
  };

  const read = async (request: PictureRequest): Promise<ReadPicture> => {
    const { frame, finish, fail } = begin();
    const { quality, record } = await frame.run(() => readOne(request, frame)).catch(fail);
    return {
      quality,
      record: async () => {
        const recorded = await frame.run(() => inSpan('record', record)).catch(fail);
        frame.span.setAttribute('testigo.record.id', recorded.record.id);
        finish('reading');
        return recorded;
      },
    };
  };

  return { read, detect: async (request) => (await read(request)).record() };
};
