import type { RefusalCode } from './refusal-codes.ts';

// Pure decisions: what may not be done, and why. docs/policy.md names the law behind each.

/** Everybody a call can show. Only some may be scored without more. */
export const ROLES = ['customer', 'employee', 'agent', 'candidate', 'student', 'bystander'] as const;
export type Role = (typeof ROLES)[number];

const PROTECTED_ROLES: ReadonlySet<Role> = new Set(['employee', 'agent', 'candidate', 'student']);

export type Ground = { readonly kind: string; readonly document: string };

/** AI Act art. 5(1)(f): work and education only for documented medical or safety reasons. Bystanders never. */
export const judgeRole = (role: Role, ground: Ground | undefined): RefusalCode | undefined => {
  if (role === 'bystander') return 'role-not-allowed';
  if (!PROTECTED_ROLES.has(role)) return undefined;
  const isDocumented =
    ground !== undefined && (ground.kind === 'medical' || ground.kind === 'safety') && ground.document !== '';
  return isDocumented ? undefined : 'role-not-allowed';
};

/** Clocks of the platform and of this service may differ by this much. */
export const MAX_SKEW_MS = 1_000;

export type Notice = {
  readonly legalBasis: string;
  readonly noticeShownAtMs?: number | undefined;
  readonly consentGivenAtMs?: number | undefined;
};

/** AI Act art. 50(5): told at the latest at the first exposure. GDPR art. 7(1): consent must be demonstrable. */
export const judgeNotice = (notice: Notice, nowMs: number): RefusalCode | undefined => {
  const isPast = (at: number | undefined): boolean => at !== undefined && at <= nowMs + MAX_SKEW_MS;
  if (!isPast(notice.noticeShownAtMs)) return 'notice-missing';
  return notice.legalBasis === 'consent' && !isPast(notice.consentGivenAtMs) ? 'consent-missing' : undefined;
};

/** `sentAtMs` is the client's clock as it sent; a capture may be older, never newer. */
export const judgeClock = (
  times: { readonly sentAtMs?: number | undefined; readonly capturedAtMs?: number | undefined },
  nowMs: number,
): RefusalCode | undefined => {
  if (times.sentAtMs !== undefined && Math.abs(nowMs - times.sentAtMs) > MAX_SKEW_MS) return 'clock-skew';
  return times.capturedAtMs !== undefined && times.capturedAtMs - nowMs > MAX_SKEW_MS
    ? 'clock-skew'
    : undefined;
};

export type Decision = {
  readonly reviewer?: string | undefined;
  readonly factReference?: string | undefined;
};

const AUTOMATED = /^(?:auto|automatic|automated|system|model|bot|ai|none)(?:[-_.:]|$)/i;
const EMOTIONAL = /emotion|reading|detection|mood|stress|expression|affect/i;

/** GDPR art. 22 and AI Act art. 14: a person decides. AI Act art. 5(1)(d): on a fact, not on a feeling. */
export const judgeDecision = (
  { reviewer, factReference }: Decision,
  isRecordId: (reference: string) => boolean,
): RefusalCode | undefined => {
  if (!reviewer || AUTOMATED.test(reviewer)) return 'reviewer-missing';
  const isFact =
    factReference !== undefined &&
    factReference !== '' &&
    !EMOTIONAL.test(factReference) &&
    !isRecordId(factReference);
  return isFact ? undefined : 'fact-missing';
};

// GDPR art. 9, AI Act annex III 1(b), art. 5(1)(g); and the scores that law.md says must never be.
const TRAITS =
  /(?:^|[^a-z])(?:age|aged|old|young|gender|sex|male|female|man|woman|race|racial|ethnic\w*|origin|skin|black|white|asian|indian|religio\w*|muslim|christian|jewish|hindu|orientation|gay|lesbian|politic\w*|union|disab\w*|health|pregnan\w*|nationality|immigrant|deception|lie|lying|liar|deceptive|truthful|fraud\w*)(?:[^a-z]|$)/i;

/** Labels that must never be given to a face. */
export const findProtectedTraits = (labels: readonly string[]): readonly string[] =>
  labels.filter((label) => TRAITS.test(label));

/** Half a year, AI Act art. 19(1) and 26(6), counted generously. */
export const RETENTION_MS = 184 * 24 * 3_600_000;

export const judgeDeletion = (
  newestMs: number,
  nowMs: number,
  overridingGround: string | undefined,
): RefusalCode | undefined =>
  nowMs - newestMs < RETENTION_MS && !overridingGround ? 'retention-period' : undefined;
