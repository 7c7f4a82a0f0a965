// What the registry costs, beside the goals. `npm run bench -w packages/contracts`
import {
  measureAnchor,
  measureGrowth,
  measureInclusionView,
  measureTransactions,
} from '../test/support/gas-figures.ts';

const MILLION = 1_000_000;
const LARGEST_BATCH = 2 ** 20;
const EAS_ATTESTATION = 229_424;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const round = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const print = (what: string, figure: string, goal = ''): void => {
  process.stdout.write(`${what.padEnd(66)}${figure.padStart(10)}   ${goal}\n`);
};

/** A fixed sequence of numbers below 1, so that two runs print the same. */
const randoms = function* (seed: number): Generator<number> {
  let state = seed;
  while (true) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
};

/** Anchors of random batches up to 2^20 on logs up to 2^20 leaves, both multiples of `unit`. */
const measureRandomAnchors = async (unit: number, count: number): Promise<number[]> => {
  const random = randoms(unit);
  const pick = (below: number): number => unit * (1 + Math.floor((random.next().value * below) / unit));
  const spent: number[] = [];
  for (let i = 0; i < count; i++) {
    const size = pick(LARGEST_BATCH);
    spent.push(await measureAnchor(size, size + pick(LARGEST_BATCH)));
  }
  return spent;
};

const printGrowth = async (batch: number, goal: string): Promise<void> => {
  const spent = await measureGrowth(batch, MILLION);
  const first = spent.slice(0, Math.ceil(100_000 / batch));
  print(
    `a detection at ${batch} a batch, mean of a log's first 100,000`,
    round(mean(first) / batch, 1),
    goal,
  );
  print(
    `a detection at ${batch} a batch, mean of a log's first million`,
    round(mean(spent) / batch, 1),
    goal,
  );
  print(
    `a detection at ${batch} a batch, dearest of a log's first million`,
    round(Math.max(...spent) / batch, 1),
    goal,
  );
};

print('anchor, one model in the batch, consistency proof included', 'gas', 'goal');
for (const unit of [1, 64, 256, 4096]) {
  const spent = await measureRandomAnchors(unit, 100);
  const where = unit === 1 ? 'at any size' : `at multiples of ${unit}`;
  print(`anchor, logs and batches to 2^20, ${where}: mean`, round(mean(spent)), '<= 60,000');
  const dearest = [
    await measureAnchor(LARGEST_BATCH - unit, 2 * LARGEST_BATCH - unit),
    await measureAnchor(LARGEST_BATCH - unit, 2 * LARGEST_BATCH - 2 * unit),
  ];
  print(
    `anchor, logs and batches to 2^20, ${where}: worst shape`,
    round(Math.max(...dearest, ...spent)),
    '<= 60,000',
  );
}
print('  to beat: one attestation of EAS', round(EAS_ATTESTATION));
await printGrowth(256, '<= 200');
await printGrowth(4096, '<= 15');
const views: number[] = [];
for (const index of [0, 1, 524_287, 699_050, 349_525, 999_999])
  views.push(await measureInclusionView(index, MILLION));
print('verifyInclusion in a log of 10^6, execution, dearest', round(Math.max(...views)), '<= 12,000');
for (const [name, spent] of Object.entries(await measureTransactions())) print(name, round(spent));
