import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { measureAnchor, measureInclusionView, measureTransactions } from '../support/gas-figures.ts';

// Gas is a number of the code and of nothing else, so it is compared exactly. After a change that is meant:
// npm run gas:update -w packages/contracts, and the difference shows in review.
const SNAPSHOT = new URL('./snapshot.json', import.meta.url);

const ANCHORS: readonly (readonly [number, number])[] = [
  [0, 256],
  [0, 2 ** 20],
  [9_984, 10_240],
  [999_936, 1_000_192],
  [1_000_000, 1_000_256],
  [999_424, 1_003_520],
  [2 ** 20, 2 ** 21],
  [2 ** 20 - 64, 2 ** 21 - 64],
  [2 ** 20 - 1, 2 ** 21 - 1],
  [2 ** 20 - 1, 2 ** 21 - 2],
];
const MILLION = 1_000_000;

describe('Gas', () => {
  it('is what the committed snapshot says', async () => {
    const measured: Record<string, number> = await measureTransactions();
    for (const [size1, size2] of ANCHORS) {
      measured[`anchor, ${size1} to ${size2} leaves`] = await measureAnchor(size1, size2);
    }
    measured['verifyInclusion, 10^6 leaves, execution'] = await measureInclusionView(0b1010101, MILLION);
    if (process.env.TESTIGO_UPDATE_GAS) await writeFile(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
    expect(measured).to.deep.equal(JSON.parse(await readFile(SNAPSHOT, 'utf8')));
  });
});
