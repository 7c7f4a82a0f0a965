import type { TrailRecord } from '@testigo/trail';

/** What a record says about the model and the data behind it. */
export interface ModelClaim {
  readonly modelVersion: string;
  readonly datasetRoot?: string;
  readonly datasetSize?: number;
  readonly preprocessing?: string;
}

/** What the record says about its model; undefined for records that rely on none, a refusal among them. */
export function modelClaimOf(record: TrailRecord): ModelClaim | undefined {
  switch (record.type) {
    case 'DETECTION': {
      const { modelVersion, datasetRoot, datasetSize, preprocessing } = record;
      return { modelVersion, datasetRoot, datasetSize, preprocessing };
    }
    case 'SESSION_OPEN':
      return { modelVersion: record.modelVersion };
    case 'REFUSAL':
      return record.modelVersion === undefined || isMereRefusal(record)
        ? undefined
        : { modelVersion: record.modelVersion };
    default:
      return undefined;
  }
}

/** The model that was loaded when a reading was refused: nothing was read by it, so nothing stands on it. */
export function refusedModelOf(record: TrailRecord): string | undefined {
  return record.type === 'REFUSAL' && isMereRefusal(record) ? record.modelVersion : undefined;
}

/** The version that the record names, whether anything was read by it or not. */
export const modelNamedBy = (record: TrailRecord): string | undefined =>
  modelClaimOf(record)?.modelVersion ?? refusedModelOf(record);

/** What a refusal may commit to (docs/spec/commitments.md): the picture and its time are known without a model. */
const KNOWN_UNREAD = new Set(['frame', 'capturedAt']);

/** One that commits to a label or scores holds a reading, and would else keep the model that made it from being judged. */
function isMereRefusal({ commitments = {} }: Extract<TrailRecord, { type: 'REFUSAL' }>): boolean {
  return Object.keys(commitments).every((field) => KNOWN_UNREAD.has(field));
}
