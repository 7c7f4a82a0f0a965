/** One judged sample: which group it is in, what is true, what the model said. */
export type Judged = { readonly group: string; readonly truth: number; readonly predicted: number };

export type GroupMetrics = {
  readonly size: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** By class; NaN where a class has no sample (TPR) or nothing else has one (FPR). */
  readonly truePositiveRates: readonly number[];
  readonly falsePositiveRates: readonly number[];
  /** Share of the group predicted as each class. */
  readonly selectionRates: readonly number[];
};

export function measureGroup(rows: readonly Judged[], classes: number): GroupMetrics {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { truth, predicted } of rows) confusion[truth]![predicted]! += 1;
  const size = rows.length;
  const hits = confusion.map((row, c) => row[c]!);
  const actual = confusion.map((row) => row.reduce((sum, n) => sum + n, 0));
  const called = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c]!, 0));
  const f1 = hits.map((hit, c) =>
    actual[c]! + called[c]! === 0 ? Number.NaN : (2 * hit) / (actual[c]! + called[c]!),
  );
  const defined = f1.filter((value) => !Number.isNaN(value));
  return {
    size,
    accuracy: hits.reduce((sum, n) => sum + n, 0) / size,
    macroF1: defined.reduce((sum, value) => sum + value, 0) / defined.length,
    truePositiveRates: hits.map((hit, c) => hit / actual[c]!),
    falsePositiveRates: hits.map((hit, c) => (called[c]! - hit) / (size - actual[c]!)),
    selectionRates: called.map((n) => n / size),
  };
}

/** Fairlearn's equalised-odds difference: the largest gap in TPR or FPR over classes and pairs of groups. */
export function equalisedOddsDifference(groups: readonly GroupMetrics[]): number {
  return Math.max(
    ...[(one: GroupMetrics) => one.truePositiveRates, (one: GroupMetrics) => one.falsePositiveRates].flatMap(
      (pick) => pick(groups[0]!).map((_, c) => spreadOf(groups.map((group) => pick(group)[c]!))),
    ),
  );
}

/** The rule of thumb of a chi-squared test: expect less than this of a class in a group, and its rate is chance. */
const MIN_EXPECTED = 5;

type Selection = Pick<GroupMetrics, 'size' | 'selectionRates'>;

/** Classes that are read often enough to expect MIN_EXPECTED readings in the smallest group. */
export function commonClasses(groups: readonly Selection[]): number[] {
  const total = groups.reduce((sum, { size }) => sum + size, 0);
  const smallest = Math.min(...groups.map(({ size }) => size));
  const classes = [...(groups[0]?.selectionRates.keys() ?? [])];
  return classes.filter((c) => {
    const readings = groups.reduce((sum, { size, selectionRates }) => sum + size * selectionRates[c]!, 0);
    return (readings / total) * smallest >= MIN_EXPECTED;
  });
}

/**
 * The least ratio over `classes` of the lowest to the highest selection rate; below .8 the four-fifths rule is broken.
 * NaN where there is no class to judge.
 */
export function disparateImpact(groups: readonly Selection[], classes: readonly number[]): number {
  if (classes.length === 0) return Number.NaN;
  const ratios = classes.map((c) => {
    const rates = groups.map(({ selectionRates }) => selectionRates[c]!);
    const highest = Math.max(...rates);
    return highest === 0 ? 1 : Math.min(...rates) / highest;
  });
  return Math.min(...ratios);
}

export function accuracyGap(groups: readonly GroupMetrics[]): number {
  return spreadOf(groups.map((group) => group.accuracy));
}

function spreadOf(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.length < 2 ? 0 : Math.max(...defined) - Math.min(...defined);
}
