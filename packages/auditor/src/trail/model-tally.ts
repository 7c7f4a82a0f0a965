/** Models that are told apart and looked up: far more than a service uses, and few enough to ask a node about. */
export const MAX_MODELS = 256;

export interface ModelUse {
  readonly modelVersion: string;
  readonly datasetRoot: string;
  count: number;
}

/** Readings by model version, and those of versions past the limit. */
export interface Batch {
  readonly counts: ReadonlyMap<string, number>;
  readonly others: number;
}

/** Counts readings by model, of at most MAX_MODELS models: a hostile log may name another one in every record. */
export class ModelTally {
  readonly #uses = new Map<string, ModelUse>();
  #others = 0;
  #batch = new Map<string, number>();
  #batchOthers = 0;

  add({ modelVersion, datasetRoot }: Omit<ModelUse, 'count'>): void {
    const key = `${modelVersion} ${datasetRoot}`;
    const use = this.#uses.get(key);
    if (use !== undefined) use.count += 1;
    else if (this.#uses.size < MAX_MODELS) this.#uses.set(key, { modelVersion, datasetRoot, count: 1 });
    else this.#others += 1;
    const inBatch = this.#batch.get(modelVersion);
    if (inBatch !== undefined || this.#batch.size < MAX_MODELS)
      this.#batch.set(modelVersion, (inBatch ?? 0) + 1);
    else this.#batchOthers += 1;
  }

  /** Models with the dataset that their readings name. */
  get uses(): readonly ModelUse[] {
    return [...this.#uses.values()];
  }

  /** Readings that none of `uses` counts. */
  get others(): number {
    return this.#others;
  }

  /** Readings since the last call: ends a batch at an anchored size. */
  takeBatch(): Batch {
    const batch = { counts: this.#batch, others: this.#batchOthers };
    this.#batch = new Map();
    this.#batchOthers = 0;
    return batch;
  }
}
