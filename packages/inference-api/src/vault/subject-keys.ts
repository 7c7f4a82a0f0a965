import { randomBytes } from 'node:crypto';
import { seal, unseal } from './seal.ts';

/**
 * Makes and opens the keys of call sessions. Only the wrapped form is stored: destroying it, and the sealed
 * payloads with it, is what erasure does.
 */
export type SubjectKeys = {
  create(sessionId: string): { readonly key: Uint8Array; readonly wrapped: Uint8Array };
  open(sessionId: string, wrapped: Uint8Array): Uint8Array;
};

const context = (sessionId: string): string => `testigo/subject-key/v1/${sessionId}`;

export const createSubjectKeys = (masterKey: Uint8Array): SubjectKeys => ({
  create: (sessionId) => {
    const key = new Uint8Array(randomBytes(32));
    return { key, wrapped: seal(masterKey, context(sessionId), key) };
  },
  open: (sessionId, wrapped) => unseal(masterKey, context(sessionId), wrapped),
});
