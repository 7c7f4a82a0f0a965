import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { WriterLock } from '../log/writer-lock.ts';
import type { Anchor, AnchorState, SignedTransaction } from './anchor.ts';
import type { Outbox } from './outbox.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS anchors (
    log TEXT NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL, state TEXT NOT NULL,
    queued_at INTEGER NOT NULL, nonce INTEGER, transaction_hash TEXT, block_number INTEGER, block_hash TEXT,
    PRIMARY KEY (log, size)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS transactions (
    hash TEXT PRIMARY KEY, log TEXT NOT NULL, size INTEGER NOT NULL, nonce INTEGER NOT NULL, raw TEXT NOT NULL,
    max_fee TEXT NOT NULL, tip TEXT NOT NULL, signed_at INTEGER NOT NULL, sent_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS transactions_by_anchor ON transactions (log, size);
  CREATE INDEX IF NOT EXISTS transactions_by_nonce ON transactions (log, nonce);
  CREATE INDEX IF NOT EXISTS anchors_unsettled ON anchors (log, size) WHERE state <> 'finalized';
`;

type Row = Record<string, SQLOutputValue>;

const optional = <K extends string, T>(key: K, value: SQLOutputValue, read: (value: SQLOutputValue) => T) =>
  (value === null ? {} : { [key]: read(value) }) as { readonly [P in K]?: T };

const toAnchor = (row: Row): Anchor => ({
  logId: String(row.log),
  size: Number(row.size),
  root: String(row.root),
  note: String(row.note),
  state: row.state as AnchorState,
  queuedAtMs: Number(row.queued_at),
  ...optional('nonce', row.nonce!, Number),
  ...optional('transactionHash', row.transaction_hash!, String),
  ...optional('blockNumber', row.block_number!, Number),
  ...optional('blockHash', row.block_hash!, String),
});

const toTransaction = (row: Row): SignedTransaction => ({
  hash: String(row.hash),
  size: Number(row.size),
  nonce: Number(row.nonce),
  raw: String(row.raw),
  maxFeePerGas: BigInt(String(row.max_fee)),
  maxPriorityFeePerGas: BigInt(String(row.tip)),
  signedAtMs: Number(row.signed_at),
  ...optional('sentAtMs', row.sent_at!, Number),
});

const prepareStatements = (database: DatabaseSync) => ({
  unsettled: database.prepare("SELECT * FROM anchors WHERE log = ? AND state <> 'finalized' ORDER BY size"),
  transactions: database.prepare('SELECT * FROM transactions WHERE log = ? AND size = ? ORDER BY rowid'),
  byNonce: database.prepare('SELECT * FROM transactions WHERE log = ? AND nonce = ? ORDER BY rowid'),
  transaction: database.prepare('SELECT * FROM transactions WHERE hash = ?'),
  anchor: database.prepare('SELECT * FROM anchors WHERE log = ? AND size = ?'),
  save: database.prepare('INSERT OR REPLACE INTO anchors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  addTransaction: database.prepare('INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  markSent: database.prepare('UPDATE transactions SET sent_at = ? WHERE hash = ?'),
  dropQueued: database.prepare("DELETE FROM anchors WHERE log = ? AND size < ? AND state = 'queued'"),
  covering: database.prepare(
    "SELECT * FROM anchors WHERE log = ? AND size > ? AND state IN ('mined', 'safe', 'finalized') ORDER BY size LIMIT 1",
  ),
  latest: database.prepare(
    "SELECT * FROM anchors WHERE log = ? AND state IN ('mined', 'safe', 'finalized') ORDER BY size DESC LIMIT 1",
  ),
});

/** The outbox in one SQLite database, `anchors.db`, with one writer. */
export class SqliteOutbox implements Outbox {
  readonly #logId: string;
  readonly #lock: WriterLock;
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof ReturnType<typeof prepareStatements>, StatementSync>;

  /** @throws ApiError `log-locked` where another process anchors from this folder */
  constructor(folder: string, logId: string) {
    mkdirSync(folder, { recursive: true });
    this.#logId = logId;
    this.#lock = new WriterLock(join(folder, 'anchors.lock'));
    this.#database = new DatabaseSync(join(folder, 'anchors.db'));
    this.#database.exec(SCHEMA);
    this.#statements = prepareStatements(this.#database);
  }

  async listUnsettled(): Promise<readonly Anchor[]> {
    return this.#statements.unsettled.all(this.#logId).map(toAnchor);
  }

  async listTransactions(size: number): Promise<readonly SignedTransaction[]> {
    return this.#statements.transactions.all(this.#logId, size).map(toTransaction);
  }

  async listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]> {
    return this.#statements.byNonce.all(this.#logId, nonce).map(toTransaction);
  }

  async findTransaction(hash: string): Promise<SignedTransaction | undefined> {
    const row = this.#statements.transaction.get(hash);
    return row && toTransaction(row);
  }

  async find(size: number): Promise<Anchor | undefined> {
    const row = this.#statements.anchor.get(this.#logId, size);
    return row && toAnchor(row);
  }

  async save(anchor: Anchor): Promise<void> {
    this.#save(anchor);
  }

  async saveSigned(anchor: Anchor, transaction: SignedTransaction): Promise<void> {
    const { hash, size, nonce, raw, maxFeePerGas, maxPriorityFeePerGas, signedAtMs } = transaction;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const fees = [String(maxFeePerGas), String(maxPriorityFeePerGas)] as const;
      this.#statements.addTransaction.run(hash, this.#logId, size, nonce, raw, ...fees, signedAtMs, null);
      this.#save(anchor);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async markSent(hash: string, atMs: number): Promise<void> {
    this.#statements.markSent.run(atMs, hash);
  }

  async dropQueuedBelow(size: number): Promise<void> {
    this.#statements.dropQueued.run(this.#logId, size);
  }

  async findCovering(leafIndex: number): Promise<Anchor | undefined> {
    const row = this.#statements.covering.get(this.#logId, leafIndex);
    return row && toAnchor(row);
  }

  async findLatest(): Promise<Anchor | undefined> {
    const row = this.#statements.latest.get(this.#logId);
    return row && toAnchor(row);
  }

  async close(): Promise<void> {
    this.#database.close();
    this.#lock.release();
  }

  #save(anchor: Anchor): void {
    const { logId, size, root, note, state, queuedAtMs } = anchor;
    const { nonce = null, transactionHash = null, blockNumber = null, blockHash = null } = anchor;
    const place = [nonce, transactionHash, blockNumber, blockHash] as const;
    this.#statements.save.run(logId, size, root, note, state, queuedAtMs, ...place);
  }
}
