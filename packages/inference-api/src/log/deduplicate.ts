import { equalBytes } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { ANCHOR_STEP, type EncodedRecord, type StoredRecord } from './log.ts';
import type { ModelCountAt } from './store.ts';

/** Reads the records that the log already holds under these ids. */
export type FindKnown = (ids: readonly string[]) => Promise<ReadonlyMap<string, StoredRecord>>;

/** Where a record of a request ends up: in a new leaf, or in the one that holds it already. */
export interface Placement {
  readonly leafIndex: number;
  readonly isDuplicate: boolean;
}

export interface Plan {
  /** The records to append, in leaf order. */
  readonly fresh: readonly EncodedRecord[];
  /** One entry a request: its records' places, or why the request is refused as a whole. */
  readonly outcomes: readonly (readonly Placement[] | ApiError)[];
}

const takenError = (id: string) =>
  new ApiError('record-id-taken', `Record ${id} is in the log with other content.`);

const placeRequest = (
  request: readonly EncodedRecord[],
  known: ReadonlyMap<string, StoredRecord>,
  fresh: Map<string, StoredRecord & EncodedRecord>,
  size: number,
): readonly Placement[] | ApiError => {
  const added: string[] = [];
  const placements: Placement[] = [];
  for (const record of request) {
    const holder = known.get(record.id) ?? fresh.get(record.id);
    if (holder && !equalBytes(holder.bytes, record.bytes)) {
      for (const id of added) fresh.delete(id);
      return takenError(record.id);
    }
    const leafIndex = holder?.leafIndex ?? size + fresh.size;
    placements.push({ leafIndex, isDuplicate: holder !== undefined });
    if (holder) continue;
    fresh.set(record.id, { ...record, leafIndex });
    added.push(record.id);
  }
  return placements;
};

/** Gives every record of a batch its leaf: the same id and bytes twice are one leaf, other bytes are refused. */
export const planBatch = async (
  requests: readonly (readonly EncodedRecord[])[],
  size: number,
  findKnown: FindKnown,
): Promise<Plan> => {
  const known = await findKnown(requests.flatMap((request) => request.map(({ id }) => id)));
  const fresh = new Map<string, StoredRecord & EncodedRecord>();
  const outcomes = requests.map((request) => placeRequest(request, known, fresh, size));
  return { fresh: [...fresh.values()], outcomes };
};

/**
 * Detections by model version, for the anchors to name. A batch is counted in the parts that `ANCHOR_STEP` cuts it into,
 * each under the size that the log has at its end, so that an anchor may stop at any multiple of the step.
 */
export const countByModel = (
  records: readonly EncodedRecord[],
  firstLeaf: number,
): readonly ModelCountAt[] => {
  const counts = new Map<string, ModelCountAt>();
  records.forEach(({ modelVersion }, at) => {
    if (!modelVersion) return;
    const stepEnd = (Math.floor((firstLeaf + at) / ANCHOR_STEP) + 1) * ANCHOR_STEP;
    const size = Math.min(stepEnd, firstLeaf + records.length);
    const key = `${size}/${modelVersion}`;
    counts.set(key, { size, modelVersion, count: (counts.get(key)?.count ?? 0) + 1 });
  });
  return [...counts.values()];
};
