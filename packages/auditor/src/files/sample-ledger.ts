import { createHash } from 'node:crypto';
import type { Sample } from '@testigo/trail';
import { IdTable } from '../trail/id-table.ts';

/** A manifest lists at most 64 labels; a file with more classes than this is not what any manifest counts. */
const MAX_CLASSES = 4096;

/** Columns of an id's row: its newest leaf, and that leaf's class from 1, or 0 where it is withdrawn. */
const NEWEST = 0;
const CLASS = 1;

/** How many live samples each split and label has: `counts[split][label]`. */
export type SplitCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Keeps the history of every id and counts what is live (docs/spec/dataset-manifest.md, "Sample"). */
export class SampleLedger {
  readonly #ids = new IdTable(2);
  readonly #classes: { readonly split: string; readonly label: string; count: number }[] = [];
  readonly #numbers = new Map<string, number>();

  /** What is wrong with the sample as the next one of its dataset; nothing where it may stand there. */
  add(sample: Sample): string | undefined {
    const key = new Uint32Array(4);
    createHash('sha256').update(sample.id).digest().copy(new Uint8Array(key.buffer), 0, 0, 16);
    const { row, isNew } = this.#ids.insert(key, 0);
    const newest = isNew ? undefined : this.#ids.get(row, NEWEST);
    if (sample.supersedes !== newest)
      return newest === undefined
        ? `${sample.id} supersedes a sample that is not of its id`
        : `${sample.id} must supersede sample ${newest}, the newest of its id, and no other`;
    const before = isNew ? 0 : this.#ids.get(row, CLASS);
    if (before > 0) this.#classes[before - 1]!.count -= 1;
    const now = sample.tombstone === true ? 0 : this.#numberOf(sample);
    if (now === undefined) return `more than ${MAX_CLASSES} classes`;
    if (now > 0) this.#classes[now - 1]!.count += 1;
    this.#ids.set(row, NEWEST, sample.index);
    this.#ids.set(row, CLASS, now);
    return undefined;
  }

  get counts(): SplitCounts {
    // without a prototype: a split may be called `constructor`
    const counts: Record<string, Record<string, number>> = Object.create(null);
    for (const { split, label, count } of this.#classes) {
      if (count === 0) continue;
      counts[split] ??= Object.create(null) as Record<string, number>;
      counts[split][label] = count;
    }
    return counts;
  }

  #numberOf({ split, label }: Sample): number | undefined {
    const name = `${split} ${label}`;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#classes.length === MAX_CLASSES) return undefined;
    const number = this.#classes.push({ split, label, count: 0 });
    this.#numbers.set(name, number);
    return number;
  }
}
