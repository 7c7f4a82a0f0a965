import { type CanonicalValue, encodeCanonical } from '@testigo/trail';
import type { DatasetAudit } from './audit-dataset.ts';
import type { CleanReserve } from './clean-reserve.ts';
import type { EvidenceFile } from './evidence-file.ts';
import { FlaggedTree, isNearRoundingEdge, leafOf, sampleIdOf } from './flagged-tree.ts';
import { STRUCTURE_P } from './structure.ts';

export const VERDICT_PAYLOAD_TYPE = 'application/vnd.testigo.dataset-verdict+json';

const P_UNIT = 1e-9;

export type DatasetVerdict = {
  readonly bytes: Uint8Array;
  readonly value: CanonicalValue;
  readonly tree: FlaggedTree;
};

/** The statement that is signed and published: integers and text only, the same bytes on every rerun. */
export function buildDatasetVerdict(
  audit: DatasetAudit,
  evidence: EvidenceFile | undefined,
  reserve: CleanReserve | undefined,
): DatasetVerdict {
  const tree = new FlaggedTree(audit.flags.map(leafOf));
  const { duplicates, tests } = audit.structure;
  const near = audit.flags
    .filter((flag) => isNearRoundingEdge(flag.score))
    .map((flag) => sampleIdOf(flag.row));
  const value: CanonicalValue = {
    type: 'testigo-dataset-verdict',
    version: 1,
    conclusion: audit.conclusion,
    reasons: audit.reasons,
    samples: { size: audit.size, rowsSha256: audit.rowsSha256 },
    ...(evidence === undefined
      ? {}
      : { evidence: { kind: evidence.kind, sha256: evidence.sha256, modelVersion: evidence.modelVersion } }),
    ...(reserve === undefined ? {} : { reserve: { sha256: reserve.sha256, size: reserve.size } }),
    thresholds: { structurePE9: Math.round(STRUCTURE_P / P_UNIT), falseDiscoveryRateE4: 500 },
    ...(audit.fusion === undefined
      ? {}
      : {
          reserveTests: Object.entries(audit.fusion.excess).map(([detector, { p }]) => ({
            detector,
            pE9: Math.round(p / P_UNIT),
          })),
        }),
    tests: tests.map(({ detector, label, p }) => ({ detector, label, pE9: Math.round(p / P_UNIT) })),
    counts: {
      exactDuplicateGroups: duplicates.exact.length,
      nearDuplicateGroups: duplicates.near.length,
      conflicts: duplicates.conflicts.length,
      splitLeaks: duplicates.splitLeaks.length,
      floods: duplicates.floods.length,
      constantImages: duplicates.constant.length,
      labelErrors: audit.network?.labels.flagged.length ?? 0,
      ...(audit.fusion === undefined
        ? {}
        : { fusionFlagged: audit.fusion.flagged, fusionAllowed: Math.floor(audit.fusion.allowed) }),
    },
    flagged: { root: tree.root, size: tree.leaves.length },
    nearRoundingEdge: [...new Set(near)],
  };
  return { bytes: encodeCanonical(value), value, tree };
}
