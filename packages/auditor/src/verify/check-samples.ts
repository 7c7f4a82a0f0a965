import {
  DATASET_PAYLOAD_TYPE,
  type DatasetStatement,
  datasetRootIn,
  type Finding,
  openDsse,
  parseDatasetManifest,
  parseDsse,
} from '@testigo/trail';
import type { SampleHeader } from '../files/fer-csv-samples.ts';
import type { SplitCounts } from '../files/sample-ledger.ts';
import { makeFinding } from '../findings/table.ts';
import type { DatasetClaim } from './check-dataset.ts';
import { attempt } from './checked.ts';

/** What a file of samples amounts to: the shell streams it, since a dataset can be larger than memory. */
export interface SampleSet {
  readonly source: string;
  readonly size: number;
  /** RFC 6962 root over the samples in the order of the file. */
  readonly root: string;
  /** How many live samples each split and label has. */
  readonly counts: SplitCounts;
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
  const isSame = samples.root === root;
  const miscounted =
    isSame && statement !== undefined ? findMiscount(statement.predicate.splits, samples.counts) : undefined;
  if (miscounted !== undefined) return [makeFinding('samples-counts-mismatch', { ...miscounted, source })];
  return [
    makeFinding(isSame ? 'samples-match' : 'samples-root-mismatch', {
      expected: `root ${root}`,
      seen: `root ${samples.root} of ${samples.size} samples`,
      source,
    }),
  ];
}

/** Where the signed manifest counts other samples than are live. */
function findMiscount(
  stated: SplitCounts,
  live: SplitCounts,
): { readonly expected: string; readonly seen: string } | undefined {
  const countOf = (counts: SplitCounts, split: string, label: string) => {
    const labels = Object.hasOwn(counts, split) ? counts[split]! : {};
    return Object.hasOwn(labels, label) ? labels[label]! : 0;
  };
  for (const [split, labels] of [...Object.entries(stated), ...Object.entries(live)]) {
    for (const label of Object.keys(labels)) {
      const [expected, seen] = [countOf(stated, split, label), countOf(live, split, label)];
      if (expected !== seen)
        return { expected: `${expected} ${label} in ${split}`, seen: `${seen} of the samples` };
    }
  }
  return undefined;
}

/** What a CSV leaves out, from a manifest that may yet turn out unsigned: a wrong word gives a wrong root. */
export function describeSamples(envelope: string | undefined): SampleHeader | undefined {
  const read = attempt(() => {
    const { payload } = openDsse(parseDsse(JSON.parse(envelope ?? '')), DATASET_PAYLOAD_TYPE, []);
    const { name, licence, sources } = parseDatasetManifest(payload).predicate;
    return { name, licence, source: sources[0] as string };
  });
  return 'value' in read ? read.value : undefined;
}
