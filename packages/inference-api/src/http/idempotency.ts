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

  const open = async (call: IdempotentCall, digest: Buffer): Promise<Kept> => {
    const row = await db.get(
      'SELECT * FROM idempotency WHERE principal = ? AND key = ?',
      call.principal,
      call.key,
    );
    const busy = new ApiError('idempotency-busy', undefined, { headers: { 'Retry-After': '1' } });
    // Given up between our claim and this look.
    if (!row) throw busy;
    if (!digest.equals(row.request as Uint8Array)) throw new ApiError('idempotency-mismatch');
    if (row.sealed_reply === null) throw busy;
    return JSON.parse(
      Buffer.from(unseal(key, contextOf(call), row.sealed_reply as Uint8Array)).toString(),
    ) as Kept;
  };
  const forget = async (call: IdempotentCall): Promise<void> => {
    await db.write(['DELETE FROM idempotency WHERE principal = ? AND key = ?', call.principal, call.key]);
  };
  const keep = async (call: IdempotentCall, kept: Kept): Promise<void> => {
    const sealed = seal(key, contextOf(call), Buffer.from(JSON.stringify(kept)));
    const sessionId = sessionOf(kept);
    const [changed] = await db.write([
      `UPDATE idempotency SET sealed_reply = ?, session_id = ? WHERE principal = ? AND key = ? AND NOT EXISTS
         (SELECT 1 FROM sessions WHERE id = ? AND erased_at IS NOT NULL)`,
      sealed,
      sessionId,
      call.principal,
      call.key,
      sessionId,
    ]);
    // Erased while the answer was under way: then it is kept nowhere.
    if (changed === 0) await forget(call);
  };
  /** The kept answer, or undefined where this call is the one that makes it. */
  const claim = async (call: IdempotentCall, digest: Buffer): Promise<Kept | undefined> => {
    const [, claimed] = await db.write(
      [
        'DELETE FROM idempotency WHERE started_at < ? OR (sealed_reply IS NULL AND started_at < ?)',
        now() - KEPT_MS,
        now() - ABANDONED_MS,
      ],
      [
        'INSERT INTO idempotency (principal, key, request, started_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        call.principal,
        call.key,
        digest,
        now(),
      ],
    );
    return claimed === 1 ? undefined : open(call, digest);
  };

  return {
    run: async (call, work) => {
      const digest = createHash('sha256').update(call.request).digest();
      const kept = await claim(call, digest);
      if (kept?.problem)
        throw new ApiError(kept.problem.code, kept.problem.message, { extensions: kept.problem.extensions });
      if (kept?.reply)
        return { ...kept.reply, headers: { ...kept.reply.headers, 'Idempotent-Replayed': 'true' } };
      try {
        const reply = await work();
        await keep(call, { reply });
        return reply;
      } catch (error) {
        // A recorded refusal is an answer; anything else left nothing behind and may be tried again.
        const isRecorded = error instanceof ApiError && typeof error.extensions.recordId === 'string';
        if (isRecorded)
          await keep(call, {
            problem: { code: error.code, message: error.message, extensions: error.extensions },
          });
        else await forget(call);
        throw error;
      }
    },
  };
};
