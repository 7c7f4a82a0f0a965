import type { Database, Dialect, Row, Statement } from '../state/database.ts';
import type { SignedTransaction } from './anchor.ts';
import type { Detection, Recording, RecordingOutbox } from './recording.ts';
import {
  SqlTransactions,
  SUBMISSION_UPDATES,
  submissionColumns,
  submissionValues,
  toSubmission,
} from './sql-transactions.ts';

export const recordingsSchema = (dialect: Dialect): string => `
  CREATE TABLE IF NOT EXISTS recordings (
    log TEXT NOT NULL, leaf TEXT NOT NULL, model TEXT NOT NULL, dataset TEXT NOT NULL,
    ${submissionColumns(dialect)}, PRIMARY KEY (log, leaf)
  ) ${dialect.table};
  CREATE INDEX IF NOT EXISTS recordings_unsettled ON recordings (log, queued_at)
    WHERE state NOT IN ('finalized', 'refused');
`;

const toRecording = (row: Row): Recording => ({
  leaf: String(row.leaf),
  modelVersion: String(row.model),
  datasetRoot: String(row.dataset),
  state: row.state as Recording['state'],
  ...toSubmission(row),
});

/** The recordings of one log, in tables beside its anchors. */
export class SqlRecordings implements RecordingOutbox {
  readonly #db: Database;
  readonly #logId: string;
  readonly #transactions: SqlTransactions;

  constructor(db: Database, logId: string) {
    this.#db = db;
    this.#logId = logId;
    this.#transactions = new SqlTransactions(db, `${logId}/recordings`);
  }

  async add(detection: Detection, atMs: number): Promise<void> {
    await this.#db.write(this.#insert({ ...detection, state: 'queued', queuedAtMs: atMs }, 'NOTHING'));
  }

  async listUnsettled(): Promise<readonly Recording[]> {
    const text = `SELECT * FROM recordings WHERE log = ? AND state NOT IN ('finalized', 'refused')
      ORDER BY queued_at, leaf`;
    return (await this.#db.all(text, this.#logId)).map(toRecording);
  }

  async find(leaf: string): Promise<Recording | undefined> {
    const row = await this.#db.get('SELECT * FROM recordings WHERE log = ? AND leaf = ?', this.#logId, leaf);
    return row && toRecording(row);
  }

  listTransactionsOf({ leaf }: Pick<Recording, 'leaf'>): Promise<readonly SignedTransaction[]> {
    return this.#transactions.listBySubject(leaf);
  }

  listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]> {
    return this.#transactions.listByNonce(nonce);
  }

  async save(recording: Recording): Promise<void> {
    await this.#db.write(this.#replace(recording));
  }

  async saveSigned(recording: Recording, transaction: SignedTransaction): Promise<void> {
    await this.#db.write(...this.#transactions.add(recording.leaf, transaction), this.#replace(recording));
  }

  markSent(hash: string, atMs: number): Promise<void> {
    return this.#transactions.markSent(hash, atMs);
  }

  #replace(recording: Recording): Statement {
    return this.#insert(recording, `UPDATE SET ${SUBMISSION_UPDATES}`);
  }

  #insert(recording: Recording, onConflict: string): Statement {
    const { leaf, modelVersion, datasetRoot } = recording;
    return [
      `INSERT INTO recordings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (log, leaf) DO ${onConflict}`,
      ...[this.#logId, leaf, modelVersion, datasetRoot],
      ...submissionValues(recording),
    ];
  }
}
