import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EncodedRecord } from './log.ts';

/*
 * Record ids are random, so a plain unique index writes one page of it for each record appended: at a million
 * records two thirds of an append's cost. Instead, new ids wait in memory, in buckets by their first bits, and a
 * bucket is folded into the index when its turn comes: hundreds of neighbours share each page written. The ids
 * that wait also stand, batch by batch, in a small table that the next start reads; `folded` says from where on,
 * bucket by bucket.
 */
const BUCKET_BITS = 6;
const BUCKETS = 2 ** BUCKET_BITS;
const ID_DIGITS = 32;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ids (id BLOB PRIMARY KEY, leaf INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS waiting_ids (first_leaf INTEGER PRIMARY KEY, to_leaf INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS folded (bucket INTEGER PRIMARY KEY, to_leaf INTEGER NOT NULL) STRICT;
`;

const bucketOf = (id: string): number => Number.parseInt(id.slice(0, 2), 16) >> (8 - BUCKET_BITS);

/** Finds the leaf of a record id. Exact: every id is in memory or in the index. */
export class IdIndex {
  readonly #waiting: Map<string, number>[] = Array.from({ length: BUCKETS }, () => new Map());
  readonly #maxWaiting: number;
  readonly #findFolded: StatementSync;
  readonly #fold: StatementSync;
  readonly #setFolded: StatementSync;
  readonly #addWaiting: StatementSync;
  readonly #dropWaiting: StatementSync;
  #count = 0;
  #nextBucket = 0;
  /** Up to which leaf a bucket's ids are in the index. */
  #foldedTo: number[] = new Array<number>(BUCKETS).fill(0);

  constructor(database: DatabaseSync, maxWaiting = 65_536) {
    database.exec(SCHEMA);
    this.#maxWaiting = maxWaiting;
    this.#findFolded = database.prepare('SELECT leaf FROM ids WHERE id = ?');
    this.#fold = database.prepare('INSERT INTO ids VALUES (?, ?)');
    this.#setFolded = database.prepare('INSERT OR REPLACE INTO folded VALUES (?, ?)');
    this.#addWaiting = database.prepare('INSERT INTO waiting_ids VALUES (?, ?, ?)');
    this.#dropWaiting = database.prepare('DELETE FROM waiting_ids WHERE first_leaf < ?1 AND to_leaf <= ?1');
    this.#load(database);
  }

  find(id: string): number | undefined {
    const leaf = this.#waiting[bucketOf(id)]!.get(id) ?? this.#findFolded.get(Buffer.from(id, 'hex'))?.leaf;
    return leaf === undefined ? undefined : Number(leaf);
  }

  /** Call inside the transaction that adds these records; returns what to call once it is committed. */
  add(records: readonly EncodedRecord[], firstLeaf: number): () => void {
    const ids = Buffer.from(records.map(({ id }) => id).join(''), 'hex');
    if (records.length > 0) this.#addWaiting.run(firstLeaf, firstLeaf + records.length, ids);
    const buckets: number[] = [];
    const foldedTo = [...this.#foldedTo];
    for (let left = this.#count + records.length; left > this.#maxWaiting && buckets.length < BUCKETS; ) {
      const bucket = (this.#nextBucket + buckets.length) % BUCKETS;
      this.#foldBucket(bucket, firstLeaf);
      foldedTo[bucket] = firstLeaf;
      buckets.push(bucket);
      left -= this.#waiting[bucket]!.size;
    }
    if (buckets.length > 0) this.#dropWaiting.run(Math.min(...foldedTo));
    return () => {
      this.#foldedTo = foldedTo;
      for (const bucket of buckets) {
        this.#count -= this.#waiting[bucket]!.size;
        this.#waiting[bucket] = new Map();
      }
      this.#nextBucket = (this.#nextBucket + buckets.length) % BUCKETS;
      records.forEach(({ id }, at) => {
        this.#waiting[bucketOf(id)]!.set(id, firstLeaf + at);
      });
      this.#count += records.length;
    };
  }

  #foldBucket(bucket: number, toLeaf: number): void {
    for (const [id, leaf] of [...this.#waiting[bucket]!].sort(([a], [b]) => (a < b ? -1 : 1))) {
      this.#fold.run(Buffer.from(id, 'hex'), leaf);
    }
    this.#setFolded.run(bucket, toLeaf);
  }

  #load(database: DatabaseSync): void {
    for (const row of database.prepare('SELECT bucket, to_leaf FROM folded').all()) {
      this.#foldedTo[Number(row.bucket)] = Number(row.to_leaf);
    }
    const from = Math.min(...this.#foldedTo);
    this.#nextBucket = this.#foldedTo.indexOf(from);
    const batches = database.prepare(
      'SELECT first_leaf, ids FROM waiting_ids WHERE to_leaf > ? ORDER BY first_leaf',
    );
    for (const row of batches.iterate(from)) {
      const ids = Buffer.from(row.ids as Uint8Array).toString('hex');
      for (let at = 0; at * ID_DIGITS < ids.length; at++) {
        this.#addLoaded(ids.slice(at * ID_DIGITS, (at + 1) * ID_DIGITS), Number(row.first_leaf) + at);
      }
    }
  }

  #addLoaded(id: string, leaf: number): void {
    const bucket = bucketOf(id);
    if (leaf < this.#foldedTo[bucket]!) return;
    this.#waiting[bucket]!.set(id, leaf);
    this.#count++;
  }
}
