import type { ModelClaim } from '../verify/model-claim.ts';

/** Claims that are told apart and looked up: far more than a service makes, and few enough to ask a node about. */
export const MAX_MODELS = 256;

/** One thing that records say about their model, and how many say it. */
export interface ModelUse {
  readonly claim: ModelClaim;
  count: number;
  /** Seconds since 1970 from which `madeSince` counts, where it was known before the first record; else infinity. */
  readonly revokedAt: { model: number; dataset: number };
  /** Records that state that second or a later one. */
  readonly madeSince: { model: number; dataset: number };
}

/** Readings by model version, and those of versions past the limit. */
export interface Batch {
  readonly counts: ReadonlyMap<string, number>;
  readonly others: number;
}

/** Whether a reading says it; a session names its model alone. */
const isOfReading = (claim: ModelClaim): boolean => claim.datasetRoot !== undefined;

/** Counts records by what they say about their model, in bounded space: a hostile log may say another thing in each. */
export class ModelTally {
  readonly #readings = new Map<string, ModelUse>();
  readonly #mentions = new Map<string, ModelUse>();
  #others = 0;
  #batch = new Map<string, number>();
  #batchOthers = 0;

  /** Takes up claims before the records that make them, and gives those that are new and not past the limit. */
  admit(claims: readonly ModelClaim[]): ModelUse[] {
    return claims.flatMap((claim) => (this.#find(claim) === undefined ? (this.#open(claim) ?? []) : []));
  }

  /** `time` in seconds since 1970. */
  add(claim: ModelClaim, time: number): void {
    const use = this.#find(claim) ?? this.#open(claim);
    if (use === undefined) this.#others += 1;
    else {
      use.count += 1;
      if (time >= use.revokedAt.model) use.madeSince.model += 1;
      if (time >= use.revokedAt.dataset) use.madeSince.dataset += 1;
    }
    if (isOfReading(claim)) this.#addToBatch(claim.modelVersion);
  }

  /** What readings say about their models, and then the models that no reading names. */
  get uses(): readonly ModelUse[] {
    const readings = [...this.#readings.values()];
    const read = new Set(readings.map(({ claim }) => claim.modelVersion));
    return [
      ...readings,
      ...[...this.#mentions.values()].filter(({ claim }) => !read.has(claim.modelVersion)),
    ];
  }

  /** Records whose claim was past the limit. */
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

  #find(claim: ModelClaim): ModelUse | undefined {
    return this.#usesLike(claim).get(keyOf(claim));
  }

  #open(claim: ModelClaim): ModelUse | undefined {
    const uses = this.#usesLike(claim);
    if (uses.size >= MAX_MODELS) return undefined;
    const use: ModelUse = {
      claim,
      count: 0,
      revokedAt: { model: Infinity, dataset: Infinity },
      madeSince: { model: 0, dataset: 0 },
    };
    uses.set(keyOf(claim), use);
    return use;
  }

  #usesLike(claim: ModelClaim): Map<string, ModelUse> {
    return isOfReading(claim) ? this.#readings : this.#mentions;
  }

  #addToBatch(modelVersion: string): void {
    const inBatch = this.#batch.get(modelVersion);
    if (inBatch !== undefined || this.#batch.size < MAX_MODELS)
      this.#batch.set(modelVersion, (inBatch ?? 0) + 1);
    else this.#batchOthers += 1;
  }
}

const keyOf = ({ modelVersion, datasetRoot, datasetSize }: ModelClaim): string =>
  `${modelVersion} ${datasetRoot} ${datasetSize}`;
