import type { Database, Dialect, Row, Statement } from '../state/database.ts';
import { optional } from '../state/nullable.ts';
import type { SignedTransaction, Submission } from './anchor.ts';

export const transactionsSchema = ({ integer, table, rowid }: Dialect): string => `
  CREATE TABLE IF NOT EXISTS signed_transactions (
    ${rowid} hash TEXT PRIMARY KEY, lane TEXT NOT NULL, subject TEXT NOT NULL, nonce ${integer} NOT NULL,
    raw TEXT NOT NULL, max_fee TEXT NOT NULL, tip TEXT NOT NULL, signed_at ${integer} NOT NULL, sent_at ${integer}
  ) ${table};
  CREATE INDEX IF NOT EXISTS signed_transactions_by_subject ON signed_transactions (lane, subject);
  CREATE INDEX IF NOT EXISTS signed_transactions_by_nonce ON signed_transactions (lane, nonce);
`;

const toTransaction = (row: Row): SignedTransaction => ({
  hash: String(row.hash),
  nonce: Number(row.nonce),
  raw: String(row.raw),
  maxFeePerGas: BigInt(String(row.max_fee)),
  maxPriorityFeePerGas: BigInt(String(row.tip)),
  signedAtMs: Number(row.signed_at),
  ...optional('sentAtMs', row.sent_at, Number),
});

/** The columns of a submission, in the order of `submissionValues`. */
export const submissionColumns = ({ integer }: Dialect): string => `
    state TEXT NOT NULL, queued_at ${integer} NOT NULL, nonce ${integer}, transaction_hash TEXT,
    block_number ${integer}, block_hash TEXT`;

export const submissionValues = (submission: Submission) => {
  const { state, queuedAtMs } = submission;
  const { nonce = null, transactionHash = null, blockNumber = null, blockHash = null } = submission;
  return [state, queuedAtMs, nonce, transactionHash, blockNumber, blockHash] as const;
};

/** Sets a submission's columns to what an insert that met an older row had for them. */
export const SUBMISSION_UPDATES = `state = excluded.state, queued_at = excluded.queued_at, nonce = excluded.nonce,
  transaction_hash = excluded.transaction_hash, block_number = excluded.block_number, block_hash = excluded.block_hash`;

export const toSubmission = (row: Row): Omit<Submission, 'state'> => ({
  queuedAtMs: Number(row.queued_at),
  ...optional('nonce', row.nonce, Number),
  ...optional('transactionHash', row.transaction_hash, String),
  ...optional('blockNumber', row.block_number, Number),
  ...optional('blockHash', row.block_hash, String),
});

/** The signed transactions of one account. */
export class SqlTransactions {
  readonly #db: Database;
  readonly #lane: string;

  constructor(db: Database, lane: string) {
    this.#db = db;
    this.#lane = lane;
  }

  listBySubject(subject: string): Promise<readonly SignedTransaction[]> {
    return this.#list('subject = ?', subject);
  }

  listByNonce(nonce: number): Promise<readonly SignedTransaction[]> {
    return this.#list('nonce = ?', nonce);
  }

  /** Of any account. */
  async find(hash: string): Promise<SignedTransaction | undefined> {
    const row = await this.#db.get('SELECT * FROM signed_transactions WHERE hash = ?', hash);
    return row && toTransaction(row);
  }

  /** Statements that store it, for a transaction of the caller's. */
  add(subject: string, transaction: SignedTransaction): readonly Statement[] {
    const { hash, nonce, raw, maxFeePerGas, maxPriorityFeePerGas, signedAtMs } = transaction;
    return [
      // Signed again, it is the newest again.
      ['DELETE FROM signed_transactions WHERE hash = ?', hash],
      [
        `INSERT INTO signed_transactions (hash, lane, subject, nonce, raw, max_fee, tip, signed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[hash, this.#lane, subject, nonce, raw],
        ...[String(maxFeePerGas), String(maxPriorityFeePerGas), signedAtMs],
      ],
    ];
  }

  async markSent(hash: string, atMs: number): Promise<void> {
    await this.#db.write(['UPDATE signed_transactions SET sent_at = ? WHERE hash = ?', atMs, hash]);
  }

  async #list(condition: string, value: string | number): Promise<readonly SignedTransaction[]> {
    const text = `SELECT * FROM signed_transactions WHERE lane = ? AND ${condition} ORDER BY rowid`;
    return (await this.#db.all(text, this.#lane, value)).map(toTransaction);
  }
}
