/** What a caller may do. Each endpoint names the one it needs. */
export const SCOPES = [
  /** Send pictures and frames. */
  'detect',
  /** Open and close sessions. */
  'sessions',
  /** Review and override readings. */
  'review',
  /** Read records, proofs, evidence without disclosures. */
  'read',
  /** Open committed fields in evidence bundles. */
  'disclose',
  /** Erasure, export, holds, retention. */
  'rights',
  /** Webhook endpoints and their deliveries. */
  'webhooks',
  /** API keys, metrics. */
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

export type Principal = {
  /** Stable name for rate limits and idempotency; never a secret. */
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The only deployer whose sessions are visible; all if undefined. */
  readonly deployer: string | undefined;
  /** Whether the key or token that was shown still counts: what outlives one request asks again. */
  isCurrent(): Promise<boolean>;
};

/** Who shares what is limited by tenant: all keys and tokens of one deployer; one that is limited to none, by itself. */
export const tenantOf = ({ id, deployer }: Pick<Principal, 'id' | 'deployer'>): string =>
  deployer === undefined ? id : `deployer:${deployer}`;
