import { type DatasetStatement, datasetRootIn, type Finding } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { DatasetClaim } from './check-dataset.ts';

/** What a file of samples amounts to: the shell streams it, since a dataset can be larger than memory. */
export interface SampleSet {
  readonly source: string;
  readonly size: number;
  /** RFC 6962 root over the samples in the order of the file. */
  readonly root: string;
  /** Lines that are not samples, or that are out of place; the first few. */
  readonly malformed: readonly { readonly line: number; readonly reason: string }[];
}

/** Are the samples at hand, labels and all, the ones that were approved? */
export function checkSamples(
  samples: SampleSet,
  claim: DatasetClaim,
  statement: DatasetStatement | undefined,
): Finding[] {
  const { source } = samples;
  if (samples.malformed.length > 0) {
    return samples.malformed.map(({ line, reason }) =>
      makeFinding('samples-malformed', { seen: reason, source: `${source}, line ${line}` }),
    );
  }
  const root = statement === undefined ? claim.datasetRoot : datasetRootIn(statement);
  const size = statement?.predicate.size ?? claim.datasetSize;
  if (size !== undefined && samples.size !== size) {
    return [
      makeFinding('samples-size-mismatch', {
        expected: `${size} samples`,
        seen: `${samples.size} samples`,
        source,
      }),
    ];
  }
  const code = samples.root === root ? 'samples-match' : 'samples-root-mismatch';
  return [
    makeFinding(code, {
      expected: `root ${root}`,
      seen: `root ${samples.root} of ${samples.size} samples`,
      source,
    }),
  ];
}
