export type Value = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, unknown>>;
/** SQL that SQLite and PostgreSQL both take, with `?` for its values. */
export type Statement = readonly [text: string, ...values: Value[]];

/** Reads from, and writes to, the service's own tables, wherever they are. */
export type Database = {
  get(text: string, ...values: Value[]): Promise<Row | undefined>;
  all(text: string, ...values: Value[]): Promise<Row[]>;
  /**
   * Runs the statements in one transaction, all or none; resolves, once it is committed, to the rows that each one
   * changed. Callers that come together share a commit, never a failure.
   */
  write(...statements: Statement[]): Promise<readonly number[]>;
  /** Removes from the journal what was deleted or overwritten before. */
  forgetDeleted(): Promise<void>;
  close(): Promise<void>;
};

/** What a schema must say differently to each of the two. */
export type Dialect = {
  /** 64 bits. */
  readonly integer: string;
  readonly bytes: string;
  /** Follows a table's closing parenthesis. */
  readonly table: string;
  /** A column, with its comma, that counts up in order of insertion under the name `rowid`. */
  readonly rowid: string;
};

export const SQLITE: Dialect = { integer: 'INTEGER', bytes: 'BLOB', table: 'STRICT', rowid: '' };
