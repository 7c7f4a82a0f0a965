import type { SignedTransaction } from './anchor.ts';

/** What is on its way to the chain from one account, with the transactions signed for it. */
export interface SubmissionStore<T> {
  listTransactionsOf(submission: T): Promise<readonly SignedTransaction[]>;
  /** What competes for a nonce: a new transaction under it must pay more than these. */
  listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]>;
  /** Inserts or replaces it. */
  save(submission: T): Promise<void>;
  /** Stores the signed transaction and its submission's new state together. */
  saveSigned(submission: T, transaction: SignedTransaction): Promise<void>;
  markSent(hash: string, atMs: number): Promise<void>;
}
