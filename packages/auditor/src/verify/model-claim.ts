import type { TrailRecord } from '@testigo/trail';

/** What a record says about the model and the data behind it. */
export interface ModelClaim {
  readonly modelVersion: string;
  readonly datasetRoot?: string;
  readonly datasetSize?: number;
  readonly preprocessing?: string;
}

/** What the record says about its model; undefined for records that no model made. */
export function modelClaimOf(record: TrailRecord): ModelClaim | undefined {
  switch (record.type) {
    case 'DETECTION': {
      const { modelVersion, datasetRoot, datasetSize, preprocessing } = record;
      return { modelVersion, datasetRoot, datasetSize, preprocessing };
    }
    case 'SESSION_OPEN':
      return { modelVersion: record.modelVersion };
    case 'REFUSAL':
      return record.modelVersion === undefined ? undefined : { modelVersion: record.modelVersion };
    default:
      return undefined;
  }
}
