import { ANCHOR_STEP } from '../log/log.ts';

/*
 * A consistency proof from a log of odd * 2^k leaves leaves out k of its elements, at about 1,000 gas each, so an anchor
 * that stops at a round size makes the next one cheaper: below 60,000 gas for any batch to 2^20 from multiples of 64 on,
 * 67,000 otherwise. What is left over goes with the next anchor.
 */
const STEPS = [4 * ANCHOR_STEP, ANCHOR_STEP] as const;

/**
 * The size to anchor next: the newest multiple of 256, or else of 64, that leaves out no record that is due; the newest
 * size where there is none; undefined where nothing is due yet.
 */
export const chooseAnchorSize = ({
  head,
  due,
  newest,
}: {
  /** The size that the registry holds. */
  readonly head: number;
  /** Leaves below this size have waited long enough. */
  readonly due: number;
  readonly newest: number;
}): number | undefined => {
  const round = STEPS.map((step) => newest - (newest % step)).find((size) => size > head && size >= due);
  return round ?? (due > head ? newest : undefined);
};

/** Knows which leaves have waited for `waitMs`, from the sizes it was told of. What it found at the start is due at once. */
export class Patience {
  readonly #waitMs: number;
  #due: number | undefined;
  #seen: { readonly atMs: number; readonly size: number }[] = [];

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  dueSize(newest: number, nowMs: number): number {
    this.#due ??= newest;
    if (this.#seen.at(-1)?.size !== newest) this.#seen.push({ atMs: nowMs, size: newest });
    while (this.#seen[0] && nowMs - this.#seen[0].atMs >= this.#waitMs) this.#due = this.#seen.shift()!.size;
    return this.#due;
  }
}
