import { ApiError } from '../errors.ts';
import type { TransparencyLog } from '../log/log.ts';
import type { RefusalCode } from '../policy/refusal-codes.ts';
import {
  findProtectedTraits,
  type Ground,
  judgeClock,
  judgeDecision,
  judgeNotice,
  judgeRole,
  type Role,
} from '../policy/rules.ts';
import {
  draftClose,
  draftOpen,
  draftOverride,
  draftReview,
  newId,
  type Provenance,
} from '../records/drafts.ts';
import type { Ledger, Recorded } from '../records/ledger.ts';
import type { Refuser } from '../records/refuse.ts';
import type { StandOnChain } from '../records/stand-on-chain.ts';
import type { RegistryWatch } from '../registry/registry-watch.ts';
import type { SessionRow, SessionTerms, StateStore } from '../state/state-store.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';

export type OpenRequest = {
  readonly purpose: string;
  readonly legalBasis: string;
  readonly deployer: string;
  readonly notice: string;
  readonly noticeShownAtMs?: number | undefined;
  readonly consentGivenAtMs?: number | undefined;
  readonly subjectRole: Role;
  readonly roles: readonly Role[];
  readonly ground?: Ground | undefined;
  readonly sentAtMs?: number | undefined;
};

export type ReviewRequest = {
  readonly reviewer?: string | undefined;
  readonly decision: string;
  readonly factReference?: string | undefined;
};
export type OverrideRequest = ReviewRequest & { readonly label: string; readonly reason: string };

export type SessionService = {
  open(request: OpenRequest): Promise<{ readonly session: SessionRow; readonly recorded: Recorded }>;
  close(session: SessionRow, reason: string): Promise<Recorded>;
  review(detectionId: string, request: ReviewRequest, deployer?: string): Promise<Recorded>;
  /** A person's word against the model's: the reading stays on record, the other label stands beside it. */
  override(
    detectionId: string,
    request: Omit<OverrideRequest, 'decision'>,
    deployer?: string,
  ): Promise<Recorded>;
  /** @throws ApiError session-unknown, also for other deployers' sessions: their existence is nobody's business. */
  find(id: string, deployer?: string): Promise<SessionRow>;
};

/** Closed lists: a field that only takes words from one cannot carry a name. Undefined takes any token. */
export type AllowedTerms = {
  readonly purposes?: readonly string[] | undefined;
  readonly legalBases?: readonly string[] | undefined;
  readonly deployers?: readonly string[] | undefined;
  readonly notices?: readonly string[] | undefined;
};

export type SessionParts = {
  readonly log: TransparencyLog;
  readonly ledger: Ledger;
  readonly refuser: Refuser;
  readonly state: StateStore;
  readonly keys: SubjectKeys;
  readonly registry: RegistryWatch;
  readonly provenance: Provenance;
  readonly labels: readonly string[];
  readonly allowed: AllowedTerms;
  readonly pseudonymOf: (name: string) => string;
  readonly standOnChain: StandOnChain;
  readonly now: () => number;
};

const checkAllowed = (request: OpenRequest, allowed: AllowedTerms): void => {
  const checks = [
    ['purpose', request.purpose, allowed.purposes],
    ['legalBasis', request.legalBasis, allowed.legalBases],
    ['deployer', request.deployer, allowed.deployers],
    ['notice', request.notice, allowed.notices],
  ] as const;
  const errors = checks
    .filter(([, value, list]) => list !== undefined && !list.includes(value))
    .map(([name]) => ({ at: `body.${name}`, message: "not in this service's list" }));
  if (errors.length > 0)
    throw new ApiError('bad-request', 'Some terms are not on the list of this service.', {
      extensions: { errors },
    });
};

const termsOf = (request: OpenRequest, noticeShownAtMs: number): SessionTerms => {
  const { purpose, legalBasis, deployer, notice, consentGivenAtMs, subjectRole, roles, ground } = request;
  return {
    purpose,
    legalBasis,
    deployer,
    notice,
    noticeShownAtMs,
    ...(consentGivenAtMs === undefined ? {} : { consentGivenAtMs }),
    subjectRole,
    roles: [...new Set([subjectRole, ...roles])],
    ...(ground === undefined ? {} : { ground }),
  };
};

export const createSessionService = (parts: SessionParts): SessionService => {
  const { ledger, refuser, state, keys, provenance, now } = parts;

  const judgeOpening = (request: OpenRequest): RefusalCode | undefined => {
    const standing = parts.registry.standing();
    return (
      judgeClock({ sentAtMs: request.sentAtMs }, now()) ??
      judgeRole(request.subjectRole, request.ground) ??
      judgeNotice(request, now()) ??
      (standing.mayRead ? undefined : standing.code)
    );
  };

  const find = async (id: string, deployer?: string): Promise<SessionRow> => {
    const session = await state.findSession(id);
    if (!session || (deployer !== undefined && session.terms.deployer !== deployer))
      throw new ApiError('session-unknown');
    return session;
  };

  const findDetection = async (detectionId: string, deployer: string | undefined): Promise<SessionRow> => {
    const row = await state.findRecord(detectionId);
    if (row?.type !== 'DETECTION') throw new ApiError('record-unknown');
    return find(row.sessionId, deployer);
  };

  const checkDecision = async (
    session: SessionRow,
    request: Omit<ReviewRequest, 'decision'>,
  ): Promise<void> => {
    const reference = request.factReference ?? '';
    // A reading cannot be the fact that a decision about a reading leans on.
    const isReading =
      /^[0-9a-f]{32}$/.test(reference) && (await parts.log.findRecord(reference)) !== undefined;
    const code = judgeDecision(request, () => isReading);
    if (code) await refuser.refuse(code, session);
  };

  return {
    find,
    open: async (request) => {
      checkAllowed(request, parts.allowed);
      const code = judgeOpening(request);
      if (code) return refuser.refuseAlone(code, request.subjectRole);
      const id = newId();
      const terms = termsOf(request, request.noticeShownAtMs ?? now());
      const { wrapped: wrappedKey } = await keys.create(id);
      const session: SessionRow = { id, terms, openedAtMs: now(), wrappedKey };
      await state.insertSession(session);
      try {
        const [recorded] = await ledger.append(session, [draftOpen(session, provenance)]);
        return { session, recorded: recorded! };
      } catch (error) {
        await state.dropSession(id);
        throw error;
      }
    },
    close: async (session, reason) => {
      const close = () => state.markClosed(session.id, now());
      return (await ledger.append(session, [draftClose(session, now(), reason)], close))[0]!;
    },
    review: async (detectionId, request, deployer) => {
      const session = await findDetection(detectionId, deployer);
      await checkDecision(session, request);
      const reviewer = parts.pseudonymOf(request.reviewer ?? '');
      const { decision, factReference = '' } = request;
      await parts.standOnChain(detectionId);
      const draft = draftReview(session, { detectionId, reviewer, decision, factReference, timeMs: now() });
      return (await ledger.append(session, [draft]))[0]!;
    },
    override: async (detectionId, request, deployer) => {
      const session = await findDetection(detectionId, deployer);
      if (findProtectedTraits([request.label]).length > 0) await refuser.refuse('protected-trait', session);
      if (!parts.labels.includes(request.label)) {
        const errors = [{ at: 'body.label', message: `one of ${parts.labels.join(', ')}` }];
        throw new ApiError('bad-request', 'The model knows no such label.', { extensions: { errors } });
      }
      await checkDecision(session, request);
      const reviewer = parts.pseudonymOf(request.reviewer ?? '');
      const { reason, label } = request;
      await parts.standOnChain(detectionId);
      const draft = draftOverride(session, { detectionId, reviewer, reason, label, timeMs: now() });
      return (await ledger.append(session, [draft]))[0]!;
    },
  };
};
