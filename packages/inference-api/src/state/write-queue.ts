import type { Statement } from './database.ts';

/** Runs all statements in one transaction and returns the rows that each changed. */
export type Commit = (statements: readonly Statement[]) => Promise<readonly number[]>;

type Waiting = {
  readonly statements: readonly Statement[];
  readonly resolve: (changes: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
};

const commitAlone = async (commit: Commit, { statements, resolve, reject }: Waiting): Promise<void> => {
  try {
    resolve(await commit(statements));
  } catch (error) {
    reject(error);
  }
};

const commitTogether = async (commit: Commit, batch: readonly Waiting[]): Promise<void> => {
  if (batch.length === 1) return commitAlone(commit, batch[0]!);
  try {
    const changes = await commit(batch.flatMap(({ statements }) => statements));
    let from = 0;
    for (const { statements, resolve } of batch) {
      resolve(changes.slice(from, from + statements.length));
      from += statements.length;
    }
  } catch {
    // One bad write must not fail its neighbours: each gets a transaction of its own.
    for (const one of batch) await commitAlone(commit, one);
  }
};

/** One transaction at a time; whatever came in while it ran shares the next one. */
export class WriteQueue {
  readonly #commit: Commit;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  add(statements: readonly Statement[]): Promise<readonly number[]> {
    if (statements.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statements, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Callers of this turn come along.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#waiting;
      this.#waiting = [];
      await commitTogether(this.#commit, batch);
    }
    this.#running = undefined;
  }
}
