import type { CleanReserve } from './clean-reserve.ts';
import { findShortcutTargets } from './detectors/trigger-inversion.ts';
import { isTelling } from './evidence-content.ts';
import type { EvidenceFile } from './evidence-file.ts';
import { type Fusion, fuseAgainstReserve } from './fusion.ts';
import { analyseNetwork, type NetworkReport } from './network-columns.ts';
import { rankDescending } from './numeric/ranking.ts';
import { TaskPool } from './parallel/pool.ts';
import { digestRows, type SampleSet } from './sample-set.ts';
import { ALL_CLASSES, analyseStructure, STRUCTURE_P, type StructureReport } from './structure.ts';

/** Robust z of the distance to every class from which a row counts as no face of this set: about 1 face in 1,000. */
const FOREIGN_Z = 4;

export type DatasetInput = {
  readonly set: SampleSet;
  readonly evidence?: EvidenceFile;
  readonly reserve?: CleanReserve;
  readonly threads: number;
  /** Classes whose structure is looked at, all where not given. An audit of a part never calls a set clean. */
  readonly classes?: readonly number[];
  /** Pieces of work done, of those that are known of. */
  readonly onProgress?: (label: string, done: number, total: number) => void;
};

/** Why a row is flagged. Label errors and near copies are dirt, not poison: they never condemn a set by themselves. */
export type Flag = {
  readonly row: number;
  readonly detector: string;
  readonly score: number;
  readonly p: number;
};

export type DatasetAudit = {
  readonly rowsSha256: string;
  readonly size: number;
  readonly structure: StructureReport;
  readonly network?: NetworkReport;
  readonly fusion?: Fusion;
  /** Targets whose reversed trigger is anomalously small, where the evidence carries Neural Cleanse's norms. */
  readonly shortcutTargets: readonly number[];
  /** One number a row for ranking: below 1 the label's rank, above 1 a structural reason. */
  readonly suspicion: Float64Array;
  readonly flags: readonly Flag[];
  readonly conclusion: 'poisoned' | 'clean' | 'inconclusive';
  readonly reasons: readonly string[];
};

export async function auditDataset(input: DatasetInput): Promise<DatasetAudit> {
  const { set, evidence, reserve } = input;
  const pool = new TaskPool(set, input.threads, (done, total) =>
    input.onProgress?.('looking for poison', done, total),
  );
  try {
    const structure = await analyseStructure(set, pool, input.classes);
    const group = structure.duplicates.representative;
    const network = evidence === undefined ? undefined : await analyseNetwork(set, evidence, group, pool);
    // label errors are dirt that a reserve without them would always show: they rank rows and condemn no set
    const { 'label-error': _, ...columns } = network?.scores ?? {};
    const hasReserve = reserve !== undefined && reserve.size > 0 && network !== undefined;
    const fusion = hasReserve ? fuseAgainstReserve(columns, reserve.isMember) : undefined;
    const flags = collectFlags(set, structure, network, fusion);
    const shortcutTargets = evidence?.cleanseL1 === undefined ? [] : findShortcutTargets(evidence.cleanseL1);
    return {
      rowsSha256: digestRows(set),
      size: set.size,
      structure,
      ...(network === undefined ? {} : { network }),
      ...(fusion === undefined ? {} : { fusion }),
      shortcutTargets,
      suspicion: rankSuspicion(set, structure, flags, network),
      flags,
      ...conclude(structure, network, fusion, shortcutTargets, input),
    };
  } finally {
    await pool.close();
  }
}

/** Detectors whose flags are structural: a row has no innocent reason to carry them. */
export const POISON_FLAGS: ReadonlySet<string> = new Set([
  'patch-collision',
  'stamp-collision',
  'high-pass-svd',
  'coherent-dft',
  'sparse-pixel',
  'resampling-trace',
  'flood',
  'foreign',
]);

function collectFlags(
  set: SampleSet,
  structure: StructureReport,
  network: NetworkReport | undefined,
  fusion: Fusion | undefined,
): Flag[] {
  const flags: Flag[] = [];
  for (const { detector, label, p, threshold } of structure.tests) {
    if (p >= STRUCTURE_P) continue;
    const { scores } = structure.columns[detector];
    for (let row = 0; row < set.size; row++) {
      if (set.labels[row] !== label || scores[row]! < threshold) continue;
      flags.push({ row, detector, score: scores[row]!, p: structure.columns[detector].p[row]! });
    }
  }
  const addGroups = (detector: string, groups: readonly (readonly number[])[]) => {
    for (const rows of groups)
      for (const row of rows) flags.push({ row, detector, score: rows.length, p: 0 });
  };
  addGroups('conflict', structure.duplicates.conflicts);
  addGroups('flood', structure.duplicates.floods);
  for (const row of network?.labels.flagged ?? []) {
    const score = network!.labels.errorScores[row]!;
    flags.push({ row, detector: 'label-error', score, p: fusion?.p[row] ?? 1 });
  }
  for (const row of network?.disbelieved ?? []) {
    const score = network!.scores['area-under-margin']![row]!;
    flags.push({ row, detector: 'area-under-margin', score, p: fusion?.p[row] ?? 1 });
  }
  network?.scores.mahalanobis?.forEach((score, row) => {
    if (score > FOREIGN_Z) flags.push({ row, detector: 'foreign', score, p: fusion?.p[row] ?? 1 });
  });
  fusion?.isFlagged.forEach((isFlagged, row) => {
    if (isFlagged)
      flags.push({ row, detector: 'fusion', score: -Math.log10(fusion.p[row]!), p: fusion.p[row]! });
  });
  return flags.sort((a, b) => a.row - b.row || (a.detector < b.detector ? -1 : 1));
}

function rankSuspicion(
  set: SampleSet,
  structure: StructureReport,
  flags: readonly Flag[],
  network: NetworkReport | undefined,
): Float64Array {
  const suspicion = new Float64Array(set.size);
  const label = network?.scores['label-contradiction'];
  const error = network?.scores['label-error'];
  const neighbour = network?.scores['neighbour-contradiction'];
  if (label !== undefined && error !== undefined && neighbour !== undefined) {
    // half the prior: flips chosen by an attacker know nothing of it, errors of annotators follow it
    const combined = label.map((score, row) => (score + error[row]!) / 2 + neighbour[row]!);
    rankDescending(combined).forEach((row, rank) => {
      suspicion[row] = 1 - (rank + 1) / (set.size + 1);
    });
  }
  const raise = (row: number, score: number) => {
    suspicion[row] = Math.max(suspicion[row]!, 1 + score / (1 + score));
  };
  for (const { row, detector, score } of flags) if (POISON_FLAGS.has(detector)) raise(row, score);
  // a flag needs the threshold of the strongest test, a rank does not: poison below it still stands above the rest
  for (const { detector, label, p, threshold } of structure.tests) {
    if (p >= STRUCTURE_P) continue;
    structure.columns[detector].scores.forEach((score, row) => {
      if (set.labels[row] === label && score >= threshold / 2) raise(row, score);
    });
  }
  return suspicion;
}

function conclude(
  structure: StructureReport,
  network: NetworkReport | undefined,
  fusion: Fusion | undefined,
  shortcutTargets: readonly number[],
  { set, evidence, classes = ALL_CLASSES }: DatasetInput,
): Pick<DatasetAudit, 'conclusion' | 'reasons'> {
  const found = structure.tests
    .filter(({ p }) => p < STRUCTURE_P)
    .map(({ detector, label }) => `${detector} in class ${label}`);
  if (structure.duplicates.floods.length > 0) found.push('duplicate flood');
  if (fusion !== undefined && fusion.flagged > fusion.allowed) {
    found.push(`${fusion.flagged} rows flagged where a clean set has at most ${Math.floor(fusion.allowed)}`);
  }
  for (const [detector, { p }] of Object.entries(fusion?.excess ?? {})) {
    if (p < STRUCTURE_P) found.push(`${detector}: more than in the clean reserve`);
  }
  for (const target of shortcutTargets) found.push(`neural-cleanse for class ${target}`);
  if (found.length > 0) return { conclusion: 'poisoned', reasons: found };
  const missing: string[] = [];
  if (!ALL_CLASSES.every((label) => classes.includes(label)))
    missing.push(`only the structure of class ${classes.join(', ')} was looked at`);
  if (network === undefined)
    missing.push('no evidence of a network: label flips and foreign images cannot be judged');
  else if (evidence !== undefined && !isTelling(evidence.probabilities, set.labels))
    missing.push(
      'the evidence agrees with the labels no more often than chance would: it can contradict none',
    );
  if (fusion === undefined)
    missing.push('no signed clean reserve: label contradictions have no calibrated error rate');
  else if (fusion.leastP >= STRUCTURE_P)
    missing.push(
      'the clean reserve is too small a part of these samples to show even one poisoned row in five',
    );
  return missing.length > 0
    ? { conclusion: 'inconclusive', reasons: missing }
    : { conclusion: 'clean', reasons: [] };
}
