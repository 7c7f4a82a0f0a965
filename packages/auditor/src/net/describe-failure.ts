import { messageOf } from '../errors.ts';

/** Why a request failed: fetch says no more than that it did, and keeps the reason as its cause. */
export function describeFailure(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return error instanceof TypeError && cause !== undefined
    ? `${messageOf(error)}: ${messageOf(cause)}`
    : messageOf(error);
}
