import type * as tf from '@tensorflow/tfjs';
import { chooseBackend } from '../backend/choose-backend.ts';
import type { BundleContents } from '../bundle/read-bundle.ts';
import { type FaceSet, selectRows } from '../data/face-set.ts';
import { CLASS_COUNT } from '../labels.ts';
import { createGenerator, permute } from '../random/keyed-generator.ts';
import {
  type Attackable,
  attackFgsm,
  attackPgd,
  attackSquare,
  countRight,
  loadAttackable,
  toPictures,
} from './attacks.ts';
import { type Interval, wilson } from './interval.ts';

type Share = { readonly accuracy: number; readonly interval: Interval };
export type RobustnessPoint = { readonly epsilon255: number; readonly fgsm: Share; readonly pgd20: Share };
export type MaskingCheck = { readonly name: string; readonly passed: boolean; readonly detail: string };
export type Robustness = {
  readonly count: number;
  readonly backend: string;
  readonly clean: Share;
  readonly points: readonly RobustnessPoint[];
  /** Black box, 4/255, 100 queries. */
  readonly square: Share;
  /** Whether the figures mean what they say: Athalye, Carlini and Wagner 2018, section 3.1. */
  readonly checks: readonly MaskingCheck[];
};

const EPSILONS = [2, 4, 8] as const;
const BATCH = 32;
const STEPS = 20;
const QUERIES = 100;
/** Random starts and queries may move a few rows either way. */
const SLACK = 0.02;

type Counts = { clean: number; square: number; large: number; fgsm: number[]; pgd: number[] };

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** A random seeded choice of rows, the same on every run. */
const drawRows = (set: FaceSet, rows: readonly number[], count: number): FaceSet => {
  const order = permute(rows.length, createGenerator('evaluation', 'attack-rows'));
  return selectRows(
    set,
    [...order.slice(0, count)].map((at) => rows[at]!).sort((a, b) => a - b),
  );
};

const attackBatch = async (net: Attackable, part: FaceSet, counts: Counts, seed: string): Promise<void> => {
  const { labels } = part;
  const origin = toPictures(part.pixels, net.size);
  const judge = async (attacked: tf.Tensor4D): Promise<number> => {
    const right = await countRight(net, attacked, labels);
    attacked.dispose();
    return right;
  };
  counts.clean += await countRight(net, origin, labels);
  for (const [i, epsilon255] of EPSILONS.entries()) {
    const epsilon = epsilon255 / 255;
    counts.fgsm[i]! += await judge(attackFgsm(net, origin, labels, epsilon));
    counts.pgd[i]! += await judge(attackPgd(net, origin, labels, { epsilon, steps: STEPS, seed }));
  }
  counts.square += await judge(
    await attackSquare(net, origin, labels, { epsilon: 4 / 255, queries: QUERIES, seed }),
  );
  counts.large += await judge(attackPgd(net, origin, labels, { epsilon: 64 / 255, steps: STEPS, seed }));
  origin.dispose();
};

const checkMasking = (counts: Counts, count: number): MaskingCheck[] => {
  const share = (right: number): number => right / count;
  const pgd = counts.pgd.map(share);
  const fgsm = counts.fgsm.map(share);
  return [
    {
      name: 'more steps attack better than one',
      passed: pgd.every((value, i) => value <= fgsm[i]! + SLACK),
      detail: EPSILONS.map((e, i) => `${e}/255: PGD ${percent(pgd[i]!)}, FGSM ${percent(fgsm[i]!)}`).join(
        '; ',
      ),
    },
    {
      name: 'a black box attacks no better than gradients',
      passed: pgd[1]! <= share(counts.square) + SLACK,
      detail: `4/255: Square ${percent(share(counts.square))}, PGD ${percent(pgd[1]!)}`,
    },
    {
      name: 'a larger bound attacks better',
      passed: pgd.every((value, i) => i === 0 || value <= pgd[i - 1]! + SLACK),
      detail: pgd.map(percent).join(' ≥ '),
    },
    {
      name: 'no bound leaves nothing',
      passed: share(counts.large) <= 0.02,
      detail: `64/255: PGD ${percent(share(counts.large))}`,
    },
  ];
};

/** FGSM, PGD-20 and Square on a drawn part of `rows`, with the checks against gradient masking. */
export const measureRobustness = async (
  contents: BundleContents,
  set: FaceSet,
  options: {
    readonly rows: readonly number[];
    readonly count: number;
    readonly print: (line: string) => void;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<Robustness> => {
  const backend = await chooseBackend({ print: options.print });
  const net = await loadAttackable(contents);
  const part = drawRows(set, options.rows, options.count);
  const counts: Counts = {
    clean: 0,
    square: 0,
    large: 0,
    fgsm: EPSILONS.map(() => 0),
    pgd: EPSILONS.map(() => 0),
  };
  for (let from = 0; from < part.count; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, part.count - from) }, (_, i) => from + i);
    await attackBatch(net, selectRows(part, rows), counts, `evaluation:${from}`);
    options.onProgress?.(from + rows.length, part.count);
  }
  const share = (right: number): Share => ({
    accuracy: right / part.count,
    interval: wilson(right, part.count),
  });
  return {
    count: part.count,
    backend: backend.name,
    clean: share(counts.clean),
    points: EPSILONS.map((epsilon255, i) => ({
      epsilon255,
      fgsm: share(counts.fgsm[i]!),
      pgd20: share(counts.pgd[i]!),
    })),
    square: share(counts.square),
    checks: checkMasking(counts, part.count),
  };
};

export const formatRobustness = ({ count, backend, clean, points, square, checks }: Robustness): string => {
  const share = ({ accuracy, interval }: Share): string =>
    `${percent(accuracy)} [${interval.map((v) => (100 * v).toFixed(1)).join(', ')}]`;
  return [
    `under attack (${count} pictures, ${backend}): clean ${share(clean)}; ${CLASS_COUNT} classes, 14.3 % by chance`,
    ...points.map(
      ({ epsilon255, fgsm, pgd20 }) =>
        `  ${epsilon255}/255${epsilon255 === 8 ? ' (for the record)' : ''}   FGSM ${share(fgsm)}   PGD-20 ${share(pgd20)}`,
    ),
    `  4/255   Square, ${QUERIES} queries ${share(square)}`,
    ...checks.map((check) => `  ${check.passed ? 'ok  ' : 'FAIL'} ${check.name}: ${check.detail}`),
    '',
  ].join('\n');
};
