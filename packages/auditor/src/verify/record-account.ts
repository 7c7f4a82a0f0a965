import { type Finding, parseRecord, type TrailRecord } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { LogRecord } from '../log/find-records.ts';
import { KnownLeaves } from '../log/known-root.ts';
import { hashLeafFast } from '../trail/tree-roots.ts';
import { attempt } from './checked.ts';
import { type ModelClaim, modelClaimOf } from './model-claim.ts';

const MAX_EXAMPLES = 10;
/** Different things said about models that are kept and looked up; a hostile log may say another one in every record. */
export const MAX_CLAIMS = 64;

/** Takes up records one by one and keeps only what judging them together needs, in space that does not grow with them. */
export class RecordAccount {
  readonly leaves = new KnownLeaves();
  readonly #claims = new Map<string, ModelClaim>();
  #claimsLeftOut = 0;
  readonly #types = new Map<string, number>();
  readonly #malformed: Finding[] = [];
  #malformedCount = 0;
  /** The earliest and the latest record by the time it states. */
  #first: TrailRecord | undefined;
  #last: TrailRecord | undefined;

  add({ index, bytes }: LogRecord): void {
    this.leaves.add(index, hashLeafFast(bytes));
    const read = attempt(() => parseRecord(bytes));
    if ('value' in read) this.#count(read.value);
    else this.#reject(index, read.reason);
  }

  get first(): TrailRecord | undefined {
    return this.#first;
  }

  get last(): TrailRecord | undefined {
    return this.#last;
  }

  /** Every different thing that the records say about a model; a mere version is said by a reading of it as well. */
  claims(): ModelClaim[] {
    const all = [...this.#claims.values()];
    const read = new Set(all.filter((claim) => claim.datasetRoot).map(({ modelVersion }) => modelVersion));
    return all.filter((claim) => claim.datasetRoot !== undefined || !read.has(claim.modelVersion));
  }

  /** Records that say something else about their model than `claims` holds. */
  get claimsLeftOut(): number {
    return this.#claimsLeftOut;
  }

  counts(): Record<string, number> {
    const types = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      'records read': this.leaves.count,
      ...Object.fromEntries(types.map(([type, n]) => [`records ${type}`, n])),
      ...(this.#malformedCount > MAX_EXAMPLES && { 'findings record-malformed': this.#malformedCount }),
    };
  }

  /** Are all of them records, each in its one form? */
  conclude(): Finding[] {
    if (this.#malformed.length > 0) return this.#malformed;
    const seen = [...this.#types].map(([type, n]) => `${n} ${type}`).join(', ');
    return [makeFinding('record-well-formed', { seen, source: 'log: entries' })];
  }

  #count(record: TrailRecord): void {
    this.#types.set(record.type, (this.#types.get(record.type) ?? 0) + 1);
    if (this.#first === undefined || record.time < this.#first.time) this.#first = record;
    if (this.#last === undefined || record.time >= this.#last.time) this.#last = record;
    const claim = modelClaimOf(record);
    if (claim !== undefined) this.#keepClaim(claim);
  }

  #keepClaim(claim: ModelClaim): void {
    const key = JSON.stringify(claim);
    if (this.#claims.has(key)) return;
    if (this.#claims.size < MAX_CLAIMS) this.#claims.set(key, claim);
    else this.#claimsLeftOut += 1;
  }

  #reject(index: number, reason: string): void {
    this.#malformedCount += 1;
    if (this.#malformed.length < MAX_EXAMPLES)
      this.#malformed.push(makeFinding('record-malformed', { seen: reason, source: `log, index ${index}` }));
  }
}
