import type { Database, Dialect, Row, Statement } from '../state/database.ts';
import type { Anchor, AnchorState, SignedTransaction } from './anchor.ts';
import type { Outbox } from './outbox.ts';

export const outboxSchema = ({ integer, table, rowid }: Dialect): string => `
  CREATE TABLE IF NOT EXISTS anchors (
    log TEXT NOT NULL, size ${integer} NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL, state TEXT NOT NULL,
    queued_at ${integer} NOT NULL, nonce ${integer}, transaction_hash TEXT, block_number ${integer}, block_hash TEXT,
    PRIMARY KEY (log, size)
  ) ${table};
  CREATE TABLE IF NOT EXISTS transactions (
    ${rowid} hash TEXT PRIMARY KEY, log TEXT NOT NULL, size ${integer} NOT NULL, nonce ${integer} NOT NULL,
    raw TEXT NOT NULL, max_fee TEXT NOT NULL, tip TEXT NOT NULL, signed_at ${integer} NOT NULL, sent_at ${integer}
  ) ${table};
  CREATE INDEX IF NOT EXISTS transactions_by_anchor ON transactions (log, size);
  CREATE INDEX IF NOT EXISTS transactions_by_nonce ON transactions (log, nonce);
  CREATE INDEX IF NOT EXISTS anchors_unsettled ON anchors (log, size) WHERE state <> 'finalized';
`;

const optional = <K extends string, T>(key: K, value: unknown, read: (value: unknown) => T) =>
  (value === null ? {} : { [key]: read(value) }) as { readonly [P in K]?: T };

const toAnchor = (row: Row): Anchor => ({
  logId: String(row.log),
  size: Number(row.size),
  root: String(row.root),
  note: String(row.note),
  state: row.state as AnchorState,
  queuedAtMs: Number(row.queued_at),
  ...optional('nonce', row.nonce, Number),
  ...optional('transactionHash', row.transaction_hash, String),
  ...optional('blockNumber', row.block_number, Number),
  ...optional('blockHash', row.block_hash, String),
});

const toTransaction = (row: Row): SignedTransaction => ({
  hash: String(row.hash),
  size: Number(row.size),
  nonce: Number(row.nonce),
  raw: String(row.raw),
  maxFeePerGas: BigInt(String(row.max_fee)),
  maxPriorityFeePerGas: BigInt(String(row.tip)),
  signedAtMs: Number(row.signed_at),
  ...optional('sentAtMs', row.sent_at, Number),
});

const saveAnchor = (anchor: Anchor): Statement => {
  const { logId, size, root, note, state, queuedAtMs } = anchor;
  const { nonce = null, transactionHash = null, blockNumber = null, blockHash = null } = anchor;
  const place = [nonce, transactionHash, blockNumber, blockHash] as const;
  return [
    `INSERT INTO anchors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (log, size) DO UPDATE SET
       root = excluded.root, note = excluded.note, state = excluded.state, queued_at = excluded.queued_at,
       nonce = excluded.nonce, transaction_hash = excluded.transaction_hash, block_number = excluded.block_number,
       block_hash = excluded.block_hash`,
    ...[logId, size, root, note, state, queuedAtMs],
    ...place,
  ];
};

/** The outbox of one log in tables of its own. */
export class SqlOutbox implements Outbox {
  readonly #db: Database;
  readonly #logId: string;

  constructor(db: Database, logId: string) {
    this.#db = db;
    this.#logId = logId;
  }

  async listUnsettled(): Promise<readonly Anchor[]> {
    const text = "SELECT * FROM anchors WHERE log = ? AND state <> 'finalized' ORDER BY size";
    return (await this.#db.all(text, this.#logId)).map(toAnchor);
  }

  async listTransactions(size: number): Promise<readonly SignedTransaction[]> {
    const text = 'SELECT * FROM transactions WHERE log = ? AND size = ? ORDER BY rowid';
    return (await this.#db.all(text, this.#logId, size)).map(toTransaction);
  }

  async listTransactionsByNonce(nonce: number): Promise<readonly SignedTransaction[]> {
    const text = 'SELECT * FROM transactions WHERE log = ? AND nonce = ? ORDER BY rowid';
    return (await this.#db.all(text, this.#logId, nonce)).map(toTransaction);
  }

  async findTransaction(hash: string): Promise<SignedTransaction | undefined> {
    const row = await this.#db.get('SELECT * FROM transactions WHERE hash = ?', hash);
    return row && toTransaction(row);
  }

  find(size: number): Promise<Anchor | undefined> {
    return this.#findAnchor('size = ?', size);
  }

  async save(anchor: Anchor): Promise<void> {
    await this.#db.write(saveAnchor(anchor));
  }

  async saveSigned(anchor: Anchor, transaction: SignedTransaction): Promise<void> {
    const { hash, size, nonce, raw, maxFeePerGas, maxPriorityFeePerGas, signedAtMs } = transaction;
    await this.#db.write(
      // Signed again, it is the newest again.
      ['DELETE FROM transactions WHERE hash = ?', hash],
      [
        `INSERT INTO transactions (hash, log, size, nonce, raw, max_fee, tip, signed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[hash, this.#logId, size, nonce, raw],
        ...[String(maxFeePerGas), String(maxPriorityFeePerGas), signedAtMs],
      ],
      saveAnchor(anchor),
    );
  }

  async markSent(hash: string, atMs: number): Promise<void> {
    await this.#db.write(['UPDATE transactions SET sent_at = ? WHERE hash = ?', atMs, hash]);
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
