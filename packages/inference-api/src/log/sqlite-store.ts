import { Worker } from 'node:worker_threads';
import { ApiError } from '../errors.ts';
import type { ModelCount, StoredRecord } from './log.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type { SqliteStoreOptions } from './sqlite-writer.ts';
import type { Commit, LogStore, StoredHead } from './store.ts';
import { type Answer, packCommit, type Question } from './writer-messages.ts';

export type { SqliteStoreOptions };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Unnumbered = Question extends infer Q ? (Q extends Question ? Omit<Q, 'number'> : never) : never;

// Beside this file, built or not.
const threadFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js', import.meta.url);

/**
 * The log in one SQLite database, `log.db`, under a folder of its own. A thread of its own writes, so that the service
 * goes on reading requests while the disk syncs.
 */
export class SqliteStore implements LogStore {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #reader: SqliteReader | undefined;
  #lastNumber = 0;
  #failure: ApiError | undefined;

  /** Creates the folder where it is missing. @throws ApiError `log-locked`, `store-version`, `store-unavailable` */
  static async open(folder: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
    const store = new SqliteStore(folder, options);
    await new Promise((resolve, reject) => store.#waiting.set(0, { resolve, reject }));
    try {
      store.#reader = new SqliteReader(folder);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  private constructor(folder: string, options: SqliteStoreOptions) {
    this.#worker = new Worker(threadFile(), { workerData: { folder, options } });
    this.#worker.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', () => this.#fail(new Error('the thread has ended')));
  }

  readHead(): Promise<StoredHead | undefined> {
    return this.#read().readHead();
  }

  readRecords(fromLeaf: number, toLeaf: number): Promise<readonly StoredRecord[]> {
    return this.#read().readRecords(fromLeaf, toLeaf);
  }

  readTile(level: number, index: number): Promise<Uint8Array | undefined> {
    return this.#read().readTile(level, index);
  }

  readTileRoots(level: number, from: number, to: number): Promise<Uint8Array> {
    return this.#read().readTileRoots(level, from, to);
  }

  sumModelCounts(fromSize: number, toSize: number): Promise<readonly ModelCount[]> {
    return this.#read().sumModelCounts(fromSize, toSize);
  }

  async findLeaves(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return (await this.#ask({ kind: 'findLeaves', ids })) as ReadonlyMap<string, number>;
  }

  async commit(commit: Commit): Promise<void> {
    const packed = packCommit(commit);
    await this.#ask({ kind: 'commit', commit: packed }, [packed.bytes.buffer]);
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    // The reader is gone first: the last connection to close folds the write-ahead log into the database.
    if (!this.#failure) await this.#ask({ kind: 'close' });
    this.#reader = undefined;
    await this.#worker.terminate();
  }

  #read(): SqliteReader {
    if (!this.#reader) throw new ApiError('log-unavailable', 'The log is closed.');
    return this.#reader;
  }

  #ask(question: Unnumbered, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ ...question, number }, transfer);
    });
  }

  #onAnswer({ number, value, error }: Answer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error)
      waiting?.reject(error.code ? new ApiError(error.code, error.message) : new Error(error.message));
    else waiting?.resolve(value);
  }

  #fail(cause: unknown): void {
    this.#failure ??= new ApiError('log-unavailable', "The log's writing thread is gone.", { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
