import { randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../privacy/key-wrapper.ts';

/**
 * Makes and opens the keys of call sessions. Only the wrapped form is stored: destroying it, and the sealed
 * payloads with it, is what erasure does.
 */
export type SubjectKeys = {
  create(sessionId: string): Promise<{ readonly key: Uint8Array; readonly wrapped: Uint8Array }>;
  open(sessionId: string, wrapped: Uint8Array): Promise<Uint8Array>;
};

const context = (sessionId: string): string => `testigo/subject-key/v1/${sessionId}`;

export const createSubjectKeys = (wrapper: KeyWrapper): SubjectKeys => ({
  create: async (sessionId) => {
    const key = new Uint8Array(randomBytes(32));
    return { key, wrapped: await wrapper.wrap(key, context(sessionId)) };
  },
  open: (sessionId, wrapped) => wrapper.unwrap(wrapped, context(sessionId)),
});
