import type { RequestHandler } from 'express';
import { ApiError } from '../errors.ts';
import type { RequestContext } from './operation.ts';
import { sendProblem } from './problem.ts';

/*
 * Every connection may be sending a body of limits.bodyBytes, and is in no hurry: a few thousand of them would take all
 * memory long before the pictures in them count as under way. What counts here is what has arrived, not what was
 * announced, so that holding the budget costs the sender as much as it costs the service.
 */

/** What one request holds of the budget. */
export type BodyHold = {
  /** Takes more; false where that would be too much, and then nothing is held any more. */
  add(bytes: number): boolean;
  release(): void;
};

export type BodyBudget = { hold(caller: string): BodyHold };

/** No caller gets more of it than this share, so that one who sends too much is refused before the others are. */
const SHARE = 4;

export const createBodyBudget = (bytes: number): BodyBudget => {
  const byCaller = new Map<string, number>();
  let total = 0;
  const take = (caller: string, more: number): void => {
    total += more;
    const held = (byCaller.get(caller) ?? 0) + more;
    if (held > 0) byCaller.set(caller, held);
    else byCaller.delete(caller);
  };
  return {
    hold: (caller) => {
      let own = 0;
      const release = (): void => {
        take(caller, -own);
        own = 0;
      };
      const add = (more: number): boolean => {
        own += more;
        take(caller, more);
        if (total <= bytes && (byCaller.get(caller) ?? 0) <= bytes / SHARE) return true;
        release();
        return false;
      };
      return { add, release };
    },
  };
};

export const bodyRefusal = (): ApiError =>
  new ApiError('overloaded', 'Too much is being sent at once.', { headers: { 'Retry-After': '1' } });

/** Stands before what reads the body; `stopRefused` stands behind it. */
export const holdBody =
  (budget: BodyBudget): RequestHandler =>
  (request, response, next) => {
    const { principal, traceId } = response.locals.context as RequestContext;
    const hold = budget.hold(principal.id);
    response.once('close', hold.release);
    request.on('data', (chunk: Buffer) => {
      if (response.headersSent || hold.add(chunk.length)) return;
      const error = bodyRefusal();
      response.locals.errorCode = error.code;
      response.set('Connection', 'close');
      sendProblem(response, error, traceId);
      request.destroy();
    });
    next();
  };

/** A body that was whole when it was refused must not be acted on. */
export const stopRefused: RequestHandler = (_request, response, next) => {
  if (!response.headersSent) next();
};
