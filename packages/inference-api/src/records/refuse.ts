import { createHash } from 'node:crypto';
import { ApiError } from '../errors.ts';
import type { RefusalCode } from '../policy/refusal-codes.ts';
import type { SessionRow } from '../state/state-store.ts';
import { draftRefusal, newId, type Provenance, toSeconds } from './drafts.ts';
import type { Ledger } from './ledger.ts';
import { presentReceipt } from './present.ts';

export type Refuser = {
  /** Records the refusal in the session's sequence, then throws its problem. */
  refuse(code: RefusalCode, session: SessionRow, picture?: Uint8Array): Promise<never>;
  /** The same where there is no session to record it in, or its subject was erased. */
  refuseAlone(code: RefusalCode, subjectRole?: string): Promise<never>;
};

export const digestOf = (picture: Uint8Array): string => createHash('sha256').update(picture).digest('hex');

type RefuserParts = { readonly ledger: Ledger; readonly provenance: Provenance; readonly now: () => number };

/** A refusal that left no trace could be denied: the record comes first, the answer after it. */
export const createRefuser = ({ ledger, provenance, now }: RefuserParts): Refuser => {
  const refuseAlone = async (code: RefusalCode, subjectRole?: string): Promise<never> => {
    const receipt = await ledger.appendAlone({
      type: 'REFUSAL',
      version: 1,
      id: newId(),
      time: toSeconds(now()),
      reason: code,
      policy: provenance.policy,
      ...(subjectRole === undefined ? {} : { subjectRole }),
      modelVersion: provenance.modelVersion,
    });
    throw new ApiError(code, undefined, { extensions: presentReceipt(receipt) });
  };
  return {
    refuseAlone,
    refuse: async (code, session, picture) => {
      if (!session.wrappedKey) return refuseAlone(code, session.terms.subjectRole);
      const frameDigest = picture && digestOf(picture);
      const draft = draftRefusal(session, provenance, {
        reason: code,
        timeMs: now(),
        ...(frameDigest ? { frameDigest } : {}),
      });
      // A frame that was still being read when its session closed has no place in the closed account.
      const needsOpenSession = picture !== undefined;
      const [recorded] = await ledger.append(session, [{ ...draft, needsOpenSession }]);
      throw new ApiError(code, undefined, {
        extensions: {
          sessionId: session.id,
          sequence: recorded!.sequence,
          ...presentReceipt(recorded!.receipt),
        },
      });
    },
  };
};
