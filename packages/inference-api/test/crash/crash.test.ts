import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@testigo/trail';
import { afterAll, describe, expect, it } from 'vitest';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { makeFolder, TEST_IDENTITY } from '../../src/log/testing.ts';
import { buildInjector, countCalls, FAULT_KINDS, runFault, runKills } from './campaign.ts';
import { checkLog } from './check-log.ts';
import { recordNumber } from './numbered-records.ts';
import { tearTails } from './torn-tail.ts';

// The short form of `node scripts/crash-campaign.ts`, which makes 1,000 runs and tears every offset.
describe('the log after a crash', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-injector-'));
  const injector = buildInjector(folder);
  if (!injector)
    process.stdout.write('No C compiler here: the runs with injected I/O errors did not happen.\n');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps every promise after kill -9', async () => {
    expect(await runKills(4, () => 0.5)).toEqual([]);
  });

  it.runIf(injector)('keeps every promise after an I/O error or a kill in the middle of one', async () => {
    const calls = await countCalls(injector!);
    expect(calls).toBeGreaterThan(100);
    for (const [at, kind] of FAULT_KINDS.entries()) {
      for (const share of [0.2, 0.7]) {
        expect(await runFault(injector!, { kind, call: Math.ceil(calls * share) + at })).toEqual([]);
      }
    }
  });

  it('opens with any torn tail as an earlier moment of itself', async () => {
    for (const kind of ['cut', 'noise'] as const) {
      const { runs, checked, breaches } = await tearTails(kind, { step: 3_989, checkEvery: 10 });
      expect(runs).toBeGreaterThan(30);
      expect(checked).toBeGreaterThan(5);
      expect(breaches).toEqual([]);
    }
  });

  it('would notice a broken promise', async () => {
    const { path, remove } = makeFolder();
    const log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(path),
      options: { batchDelayMs: 0 },
    });
    const receipts = await log.appendAll([0, 1, 2].map(recordNumber));
    const root = toHex(receipts[0]!.checkpoint.root);
    const good = { record: 1, leafIndex: 1, size: 3, root };
    expect(await checkLog(log, [good])).toEqual([]);
    for (const bad of [{ record: 2 }, { leafIndex: 2 }, { size: 2 }, { size: 4 }, { root: 'f'.repeat(64) }]) {
      expect(await checkLog(log, [{ ...good, ...bad }])).not.toEqual([]);
    }
    await log.close();
    remove();
  });
});
