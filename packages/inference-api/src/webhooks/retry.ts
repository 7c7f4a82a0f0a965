export type RetryTimes = {
  readonly attempts: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
};

const GROWTH = 4;

/**
 * When to try again after this many failed attempts; undefined where it was the last. Half of the delay is random:
 * receivers that failed together must not be called together. `retryAfterMs` is what the receiver asked for.
 */
export const nextRetryMs = (
  { attempts, firstRetryMs, maxRetryMs }: RetryTimes,
  failed: number,
  random: number,
  retryAfterMs = 0,
): number | undefined => {
  if (failed >= attempts) return undefined;
  const delay = Math.min(maxRetryMs, firstRetryMs * GROWTH ** (failed - 1));
  return Math.max(Math.round(delay * (0.5 + random / 2)), Math.min(retryAfterMs, maxRetryMs));
};
