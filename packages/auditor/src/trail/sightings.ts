import type { Finding } from '@testigo/trail';
import { type FindingCode, makeFinding, type Observation } from '../findings/table.ts';

/** Enough to act on; the counts say how many there are in all. */
const MAX_EXAMPLES = 10;

interface Sighting {
  readonly code: FindingCode;
  readonly observation: Observation;
  /** Index of the record it was met at, and which of several things at that record it is about. */
  readonly index: number;
  readonly rank: number;
}

/** Findings as they are met: the first ten of each code, and how many there are. */
export class Sightings {
  #first: Sighting[] = [];
  readonly #found = new Map<FindingCode, number>();

  add(code: FindingCode, index: number, rank: number, observation: Observation): void {
    const count = (this.#found.get(code) ?? 0) + 1;
    this.#found.set(code, count);
    if (count <= MAX_EXAMPLES) this.#first.push({ code, observation, index, rank });
  }

  /** Takes over what another part of the log gave; the order of the log decides which ten are kept. */
  absorb(other: Sightings): void {
    for (const [code, count] of other.#found) this.#found.set(code, (this.#found.get(code) ?? 0) + count);
    const all = [...this.#first, ...other.#first].sort((a, b) => a.index - b.index || a.rank - b.rank);
    const kept = new Map<FindingCode, number>();
    this.#first = all.filter(({ code }) => {
      const count = (kept.get(code) ?? 0) + 1;
      kept.set(code, count);
      return count <= MAX_EXAMPLES;
    });
  }

  findings(): Finding[] {
    return this.#first.map(({ code, observation }) => makeFinding(code, observation));
  }

  /** Where there are more than are shown. */
  counts(): Record<string, number> {
    const many = [...this.#found].filter(([, count]) => count > MAX_EXAMPLES);
    return Object.fromEntries(many.map(([code, count]) => [`findings ${code}`, count]));
  }
}
