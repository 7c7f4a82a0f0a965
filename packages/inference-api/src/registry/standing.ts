import type { ApiErrorCode } from '../errors.ts';

/** What the registry says of one model and its dataset; zero times mean "never". */
export type RegistryFacts = {
  readonly model: { readonly registeredAt: number; readonly revokedAt: number; readonly datasetRoot: string };
  readonly dataset: { readonly approvedAt: number; readonly revokedAt: number };
};

const STANDING_CODES = [
  'model-not-registered',
  'model-revoked',
  'dataset-not-approved',
  'dataset-revoked',
  'registry-unreachable',
] as const satisfies readonly ApiErrorCode[];
export type StandingCode = (typeof STANDING_CODES)[number];

/** Is it the model that is refused, rather than the request? */
export const isStandingCode = (code: ApiErrorCode): code is StandingCode =>
  STANDING_CODES.some((one) => one === code);

export type Standing = { readonly mayRead: true } | { readonly mayRead: false; readonly code: StandingCode };

const refuse = (code: StandingCode): Standing => ({ mayRead: false, code });

/** May this model answer? Whatever is not plainly in order is a no. */
export const judgeStanding = (facts: RegistryFacts | undefined, datasetRoot: string): Standing => {
  if (!facts) return refuse('registry-unreachable');
  if (!(facts.model.registeredAt > 0)) return refuse('model-not-registered');
  if (facts.model.revokedAt !== 0) return refuse('model-revoked');
  // The manifest names one dataset and the chain another: then this is not the model that was registered.
  if (facts.model.datasetRoot !== datasetRoot) return refuse('model-not-registered');
  if (!(facts.dataset.approvedAt > 0)) return refuse('dataset-not-approved');
  if (facts.dataset.revokedAt !== 0) return refuse('dataset-revoked');
  return { mayRead: true };
};
