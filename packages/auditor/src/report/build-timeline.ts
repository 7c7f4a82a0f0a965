import { type EvidenceBundle, fromBase64, parseModelManifest, parseRecord } from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import { attempt } from '../verify/checked.ts';
import type { TimelinePoint } from './report.ts';

const toIso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** When the things behind one record came to be, as far as evidence and chain tell. */
export function buildTimeline(bundle: EvidenceBundle, facts: RegistryFacts | undefined): TimelinePoint[] {
  const record = attempt(() => parseRecord(fromBase64(bundle.record)));
  const manifest = attempt(() => parseModelManifest(fromBase64(bundle.modelManifest ?? '')));
  const anchor = facts?.anchors.find(({ blockTime }) => blockTime !== undefined);
  const points: (TimelinePoint | false)[] = [
    'value' in manifest && {
      at: toIso(manifest.value.training.trainedAt),
      label: 'model trained, as its manifest says',
      kind: 'model',
    },
    facts?.dataset !== undefined && {
      at: toIso(facts.dataset.approvedAt),
      label: 'dataset approved on chain',
      kind: 'dataset',
    },
    facts?.dataset?.revokedAt !== undefined && {
      at: toIso(facts.dataset.revokedAt),
      label: 'dataset revoked on chain',
      kind: 'dataset',
    },
    facts?.model !== undefined && {
      at: toIso(facts.model.registeredAt),
      label: 'model registered on chain',
      kind: 'model',
    },
    facts?.model?.revokedAt !== undefined && {
      at: toIso(facts.model.revokedAt),
      label: 'model revoked on chain',
      kind: 'model',
    },
    'value' in record && {
      at: toIso(record.value.time),
      label: `${record.value.type}, as the record says`,
      kind: 'record',
    },
    anchor?.blockTime !== undefined && {
      at: toIso(anchor.blockTime),
      label: `anchored on chain: ${anchor.size} records, block ${anchor.blockNumber}`,
      kind: 'anchor',
    },
  ];
  return points.filter((point) => point !== false);
}
