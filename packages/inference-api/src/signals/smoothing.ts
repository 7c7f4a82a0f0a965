/** Smoothed scores of one stream and the label they hold. For showing; the records keep what the model said. */
export type Smoothed = { readonly label: string; readonly scoresPpm: readonly number[] };

export type Smoother = (scoresPpm: readonly number[], atMs: number) => Smoothed;

const PPM = 1_000_000;
/** An average over about the last .8 seconds: shorter flickers, longer lags behind a real change. */
const TIME_CONSTANT_MS = 800;
/** A new label must lead by this much ... */
const LEAD_PPM = 80_000;
/** ... for this long. */
const HOLD_MS = 300;
/** A gap after which the past says nothing any more. */
const FORGET_MS = 5_000;

const logOf = (ppm: number): number => Math.log(Math.max(ppm, 1) / PPM);

const softmaxPpm = (logits: readonly number[]): number[] => {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => Math.round((weight / total) * PPM));
};

/**
 * Exponential average of the logits, with hysteresis on the label: fewer than two changes a minute on a still face.
 * Averaging logits and not probabilities lets one very sure frame count for more than one that shrugs.
 */
export const createSmoother = (labels: readonly string[]): Smoother => {
  let state:
    | { logits: number[]; atMs: number; held: number; rival?: { index: number; sinceMs: number } }
    | undefined;

  const hold = (scores: readonly number[], atMs: number, current: NonNullable<typeof state>): void => {
    const top = scores.indexOf(Math.max(...scores));
    const leads = scores[top]! - scores[current.held]! >= LEAD_PPM;
    if (!leads) delete current.rival;
    else if (current.rival?.index !== top) current.rival = { index: top, sinceMs: atMs };
    else if (atMs - current.rival.sinceMs >= HOLD_MS) {
      current.held = top;
      delete current.rival;
    }
  };

  return (scoresPpm, atMs) => {
    const logits = scoresPpm.map(logOf);
    if (!state || atMs - state.atMs > FORGET_MS) {
      state = { logits, atMs, held: scoresPpm.indexOf(Math.max(...scoresPpm)) };
    } else {
      const share = 1 - Math.exp(-Math.max(0, atMs - state.atMs) / TIME_CONSTANT_MS);
      state.logits = state.logits.map((logit, i) => logit + share * (logits[i]! - logit));
      state.atMs = Math.max(state.atMs, atMs);
    }
    const scores = softmaxPpm(state.logits);
    hold(scores, atMs, state);
    return { label: labels[state.held]!, scoresPpm: scores };
  };
};
