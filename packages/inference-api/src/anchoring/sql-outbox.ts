import type { Database, Dialect, Row, Statement } from '../state/database.ts';
import type { Anchor, AnchorState, SignedTransaction } from './anchor.ts';
import type { Outbox } from './outbox.ts';
import type { RecordingOutbox } from './recording.ts';
import { recordingsSchema, SqlRecordings } from './sql-recordings.ts';
import {
  SqlTransactions,
  SUBMISSION_UPDATES,
  submissionColumns,
  submissionValues,
  toSubmission,
  transactionsSchema,
} from './sql-transactions.ts';

export const outboxSchema = (dialect: Dialect): string => `
  CREATE TABLE IF NOT EXISTS anchors (
    log TEXT NOT NULL, size ${dialect.integer} NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL,
    ${submissionColumns(dialect)}, PRIMARY KEY (log, size)
  ) ${dialect.table};
  CREATE INDEX IF NOT EXISTS anchors_unsettled ON anchors (log, size) WHERE state <> 'finalized';
  ${transactionsSchema(dialect)} ${recordingsSchema(dialect)}
`;

const toAnchor = (row: Row): Anchor => ({
  logId: String(row.log),
  size: Number(row.size),
  root: String(row.root),
  note: String(row.note),
  state: row.state as AnchorState,
  ...toSubmission(row),
});

const saveAnchor = (anchor: Anchor): Statement => [
  `INSERT INTO anchors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (log, size) DO UPDATE SET
     root = excluded.root, note = excluded.note, ${SUBMISSION_UPDATES}`,
  ...[anchor.logId, anchor.size, anchor.root, anchor.note],
  ...submissionValues(anchor),
];

/** The outbox of one log in tables of its own. */
export class SqlOutbox implements Outbox {
  readonly recordings: RecordingOutbox;
  readonly #db: Database;
  readonly #logId: string;
  readonly #transactions: SqlTransactions;

  constructor(db: Database, logId: string) {
    this.recordings = new SqlRecordings(db, logId);
    this.#db = db;
    this.#logId = logId;
    this.#transactions = new SqlTransactions(db, logId);
  }

  async listUnsettled(): Promise<readonly Anchor[]> {
    const text = "SELECT * FROM anchors WHERE log = ? AND state <> 'finalized' ORDER BY size";
    return (await this.#db.all(text, this.#logId)).map(toAnchor);
  }

  listTransactionsOf({ size }: Pick<Anchor, 'size'>): Promise<readonly SignedTransaction[]> {
    return this.#transactions.listBySubject(String(size));
  }

  listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]> {
    return this.#transactions.listByNonce(nonce);
  }

  findTransaction(hash: string): Promise<SignedTransaction | undefined> {
    return this.#transactions.find(hash);
  }

  find(size: number): Promise<Anchor | undefined> {
    return this.#findAnchor('size = ?', size);
  }

  async save(anchor: Anchor): Promise<void> {
    await this.#db.write(saveAnchor(anchor));
  }

  async saveSigned(anchor: Anchor, transaction: SignedTransaction): Promise<void> {
    await this.#db.write(...this.#transactions.add(String(anchor.size), transaction), saveAnchor(anchor));
  }

  markSent(hash: string, atMs: number): Promise<void> {
    return this.#transactions.markSent(hash, atMs);
  }

  async dropQueuedBelow(size: number): Promise<void> {
    const text = "DELETE FROM anchors WHERE log = ? AND size < ? AND state = 'queued'";
    await this.#db.write([text, this.#logId, size]);
  }

  findCovering(leafIndex: number): Promise<Anchor | undefined> {
    return this.#findAnchor("size > ? AND state IN ('mined', 'safe', 'finalized') ORDER BY size", leafIndex);
  }

  findLatest(): Promise<Anchor | undefined> {
    return this.#findAnchor("state IN ('mined', 'safe', 'finalized') ORDER BY size DESC");
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  async #findAnchor(condition: string, ...values: number[]): Promise<Anchor | undefined> {
    const text = `SELECT * FROM anchors WHERE log = ? AND ${condition} LIMIT 1`;
    const row = await this.#db.get(text, this.#logId, ...values);
    return row && toAnchor(row);
  }
}
