import type { InputProfile } from '@testigo/model';
import type { PictureStatistics } from '@testigo/model/picture-statistics';
import { judgeDrift, type WindowDrift } from './drift.ts';

/** What a stretch of a call showed. Formulas in docs/signals.md; none of them says anything about truth or lies. */
export type WindowSignal = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
  readonly refusals: number;
  /** Mean scores, in the model's label order; empty without readings. */
  readonly distributionPpm: readonly number[];
  readonly stressPpm?: number;
  readonly fatiguePpm?: number;
  /** Where the model's bundle says what it was trained on. */
  readonly drift?: WindowDrift;
};

export type WindowObserver = {
  /** Returns the finished window when this frame begins a new one. */
  addReading(scoresPpm: readonly number[], atMs: number, face?: PictureStatistics): WindowSignal | undefined;
  /** `face` where there was one, but not fit to be read. */
  addRefusal(atMs: number, face?: PictureStatistics): WindowSignal | undefined;
};

const STRESS = ['angry', 'fear', 'disgust'];
const FATIGUE = ['sad'];
const LIVELY = ['happy', 'surprise'];
/** Fewer readings than this make no indicator. */
const ENOUGH = 5;

type Open = {
  fromMs: number;
  readings: number;
  refusals: number;
  sums: number[];
  faces: PictureStatistics[];
};

/**
 * stress = mean(angry + fear + disgust)
 * fatigue = mean(sad) + max(0, L0 - L) / 2, where L = mean(happy + surprise) and L0 is that of the first window
 */
export const observeWindows = (
  labels: readonly string[],
  lengthMs: number,
  profile?: InputProfile,
): WindowObserver => {
  let open: Open | undefined;
  let firstLively: number | undefined;

  const sumOf = (means: readonly number[], names: readonly string[]): number =>
    labels.reduce((sum, label, i) => (names.includes(label) ? sum + means[i]! : sum), 0);

  const indicatorsOf = (means: readonly number[]): Pick<WindowSignal, 'stressPpm' | 'fatiguePpm'> => {
    const lively = sumOf(means, LIVELY);
    firstLively ??= lively;
    const decline = Math.max(0, firstLively - lively);
    return { stressPpm: sumOf(means, STRESS), fatiguePpm: sumOf(means, FATIGUE) + Math.round(decline / 2) };
  };

  const close = (window: Open): WindowSignal => {
    const { fromMs, readings, refusals } = window;
    const means = readings === 0 ? [] : window.sums.map((sum) => Math.round(sum / readings));
    const indicators = readings >= ENOUGH ? indicatorsOf(means) : {};
    const drift = profile && judgeDrift(profile, window.faces);
    return {
      fromMs,
      toMs: fromMs + lengthMs,
      readings,
      refusals,
      distributionPpm: means,
      ...indicators,
      ...(drift ? { drift } : {}),
    };
  };

  const advance = (atMs: number): WindowSignal | undefined => {
    if (open && atMs < open.fromMs + lengthMs) return undefined;
    const finished = open && close(open);
    open = { fromMs: atMs, readings: 0, refusals: 0, sums: labels.map(() => 0), faces: [] };
    return finished;
  };

  return {
    addReading: (scoresPpm, atMs, face) => {
      const finished = advance(atMs);
      open!.readings += 1;
      open!.sums = open!.sums.map((sum, i) => sum + scoresPpm[i]!);
      if (face) open!.faces.push(face);
      return finished;
    },
    addRefusal: (atMs, face) => {
      const finished = advance(atMs);
      open!.refusals += 1;
      if (face) open!.faces.push(face);
      return finished;
    },
  };
};
