import { createHash } from 'node:crypto';
import { ApiError } from '../errors.ts';
import type { Database } from '../state/database.ts';
import { seal, unseal } from '../vault/seal.ts';
import type { Reply } from './operation.ts';

// draft-ietf-httpapi-idempotency-key-header: one key, one request, one answer.
const KEPT_MS = 24 * 3_600_000;
/** A request under way longer than this died with its process. */
const ABANDONED_MS = 120_000;

export type IdempotentCall = {
  readonly principal: string;
  readonly key: string;
  /** Method, path and body as they arrived. */
  readonly request: string;
};

export type Idempotency = {
  /** Runs the work once a key; repeats get the first answer. @throws ApiError idempotency-mismatch, idempotency-busy */
  run(call: IdempotentCall, work: () => Promise<Reply>): Promise<Reply>;
};

type Kept = { readonly reply?: Reply; readonly problem?: Pick<ApiError, 'code' | 'message' | 'extensions'> };

const sessionOf = (kept: Kept): string | null => {
  const body = (kept.reply?.body ?? kept.problem?.extensions ?? {}) as { sessionId?: unknown };
  return typeof body.sessionId === 'string' ? body.sessionId : null;
};

/** Answers hold readings, so they are kept sealed, and erased with the session's subject. */
export const createIdempotency = (db: Database, key: Uint8Array, now: () => number): Idempotency => {
  const contextOf = (call: IdempotentCall): string => `testigo/reply/v1/${call.principal}/${call.key}`;

  const open = (call: IdempotentCall, digest: Buffer): Kept | undefined => {
    const row = db.get('SELECT * FROM idempotency WHERE principal = ? AND key = ?', call.principal, call.key);
    if (!row) return undefined;
    if (!digest.equals(row.request as Uint8Array)) throw new ApiError('idempotency-mismatch');
    if (row.sealed_reply === null)
      throw new ApiError('idempotency-busy', undefined, { headers: { 'Retry-After': '1' } });
    return JSON.parse(
      Buffer.from(unseal(key, contextOf(call), row.sealed_reply as Uint8Array)).toString(),
    ) as Kept;
  };
  const keep = (call: IdempotentCall, kept: Kept): void => {
    const sealed = seal(key, contextOf(call), Buffer.from(JSON.stringify(kept)));
    db.run(
      'UPDATE idempotency SET sealed_reply = ?, session_id = ? WHERE principal = ? AND key = ?',
      sealed,
      sessionOf(kept),
      call.principal,
      call.key,
    );
  };
  const forget = (call: IdempotentCall): void => {
    db.run('DELETE FROM idempotency WHERE principal = ? AND key = ?', call.principal, call.key);
  };
  const claim = (call: IdempotentCall, digest: Buffer): Kept | undefined =>
    db.inTransaction(() => {
      db.run(
        'DELETE FROM idempotency WHERE started_at < ? OR (sealed_reply IS NULL AND started_at < ?)',
        now() - KEPT_MS,
        now() - ABANDONED_MS,
      );
      const kept = open(call, digest);
      if (!kept)
        db.run(
          'INSERT INTO idempotency (principal, key, request, started_at) VALUES (?, ?, ?, ?)',
          call.principal,
          call.key,
          digest,
          now(),
        );
      return kept;
    });

  return {
    run: async (call, work) => {
      const digest = createHash('sha256').update(call.request).digest();
      const kept = claim(call, digest);
      if (kept?.problem)
        throw new ApiError(kept.problem.code, kept.problem.message, { extensions: kept.problem.extensions });
      if (kept?.reply)
        return { ...kept.reply, headers: { ...kept.reply.headers, 'Idempotent-Replayed': 'true' } };
      try {
        const reply = await work();
        keep(call, { reply });
        return reply;
      } catch (error) {
        // A recorded refusal is an answer; anything else left nothing behind and may be tried again.
        const isRecorded = error instanceof ApiError && typeof error.extensions.recordId === 'string';
        if (isRecorded)
          keep(call, { problem: { code: error.code, message: error.message, extensions: error.extensions } });
        else forget(call);
        throw error;
      }
    },
  };
};
