import type { ModelManifest, TrailRecord } from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import type { TimelinePoint } from './report.ts';

const toIso = (seconds: number): string => new Date(seconds * 1000).toISOString();

export interface Moments {
  readonly records: readonly { readonly record: TrailRecord; readonly what: string }[];
  readonly manifests: readonly ModelManifest[];
  /** One for each model and dataset that was looked up. */
  readonly facts: readonly RegistryFacts[];
}

/** When the things behind the records came to be, as far as evidence and chain tell. */
export function buildTimeline({ records, manifests, facts }: Moments): TimelinePoint[] {
  const points = [
    ...manifests.map((manifest) =>
      pointOf('model', manifest.training.trainedAt, 'model trained, as its manifest says'),
    ),
    ...facts.flatMap(pointsOfApproval),
    ...records.map(({ record, what }) => pointOf('record', record.time, what)),
    // last: within one second a record still comes before the anchor that covers it
    ...facts.flatMap(pointsOfAnchor),
  ];
  return [...new Map(points.map((point) => [`${point.at} ${point.label}`, point])).values()];
}

function pointsOfApproval({ dataset, model }: RegistryFacts): TimelinePoint[] {
  const points: (TimelinePoint | false | undefined)[] = [
    dataset && pointOf('dataset', dataset.approvedAt, 'dataset approved on chain'),
    dataset?.revokedAt !== undefined && pointOf('dataset', dataset.revokedAt, 'dataset revoked on chain'),
    model && pointOf('model', model.registeredAt, 'model registered on chain'),
    model?.revokedAt !== undefined && pointOf('model', model.revokedAt, 'model revoked on chain'),
  ];
  return points.filter((point) => point !== false && point !== undefined);
}

function pointsOfAnchor({ anchors }: RegistryFacts): TimelinePoint[] {
  const anchor = anchors.find(({ blockTime }) => blockTime !== undefined);
  if (anchor?.blockTime === undefined) return [];
  const label = `anchored on chain: ${anchor.size} records, block ${anchor.blockNumber}`;
  return [pointOf('anchor', anchor.blockTime, label)];
}

const pointOf = (kind: TimelinePoint['kind'], seconds: number, label: string): TimelinePoint => ({
  at: toIso(seconds),
  label,
  kind,
});
