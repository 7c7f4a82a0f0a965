import type { InputProfile, StatisticProfile } from '@testigo/model';
import type { PictureStatistics } from '@testigo/model/picture-statistics';

export type StatisticName = keyof PictureStatistics;
export const STATISTIC_NAMES = ['brightness', 'contrast', 'sharpness'] as const satisfies StatisticName[];

/** How unlike the training pictures a window's faces were: shares outside the central 95 % of training, in ppm. */
export type WindowDrift = {
  readonly faces: number;
  readonly outsidePpm: Readonly<Record<StatisticName, number>>;
  /** More than half of the faces lie outside in one statistic. */
  readonly isDrifted: boolean;
};

const PPM = 1_000_000;
/** Fewer faces than this say nothing. */
const ENOUGH = 5;

const isOutside = ({ low, high }: StatisticProfile, value: number): boolean => value < low || value > high;

/**
 * Judges one window. A call shows one person under one light, so the question is whether these faces are of a kind
 * that training knew, and not whether they are spread as training was: that is asked of the whole service (below).
 */
export const judgeDrift = (
  profile: InputProfile,
  faces: readonly PictureStatistics[],
): WindowDrift | undefined => {
  if (faces.length < ENOUGH) return undefined;
  const outsideOf = (name: StatisticName): number =>
    Math.round((faces.filter((face) => isOutside(profile[name], face[name])).length / faces.length) * PPM);
  const outsidePpm = {
    brightness: outsideOf('brightness'),
    contrast: outsideOf('contrast'),
    sharpness: outsideOf('sharpness'),
  };
  return {
    faces: faces.length,
    outsidePpm,
    isDrifted: Object.values(outsidePpm).some((ppm) => ppm > PPM / 2),
  };
};

const BINS = 10;
const binOf = (deciles: readonly number[], value: number): number => {
  const bin = deciles.findIndex((cut) => value < cut);
  return bin < 0 ? deciles.length : bin;
};

/**
 * Population stability index over the training deciles (Siddiqi 2006, Credit Risk Scorecards): the sum over bins of
 * (a - e) ln(a / e), e the tenth that training has there, a this service's share. Half a face is added to each bin,
 * lest an empty one make it infinite.
 */
const stabilityIndex = (counts: readonly number[]): number => {
  const total = counts.reduce((sum, count) => sum + count, 0) + BINS / 2;
  return counts.reduce((sum, count) => {
    const share = (count + 0.5) / total;
    return sum + (share - 1 / BINS) * Math.log(share * BINS);
  }, 0);
};

export type DriftMonitor = {
  add(face: PictureStatistics): void;
  /** NaN until there are enough faces to say. */
  stabilityOf(name: StatisticName): number;
};

const KEPT = 5_000;
const NEEDED = 200;

/** Follows the last faces of all calls together. */
export const createDriftMonitor = (profile: InputProfile): DriftMonitor => {
  const recent: number[][] = [];
  let next = 0;
  return {
    add: (face) => {
      recent[next] = STATISTIC_NAMES.map((name) => binOf(profile[name].deciles, face[name]));
      next = (next + 1) % KEPT;
    },
    stabilityOf: (name) => {
      if (recent.length < NEEDED) return Number.NaN;
      const at = STATISTIC_NAMES.indexOf(name);
      const counts = new Array<number>(BINS).fill(0);
      for (const bins of recent) counts[bins[at]!]! += 1;
      return stabilityIndex(counts);
    },
  };
};
