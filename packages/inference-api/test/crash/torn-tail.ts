import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@testigo/trail';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteReader } from '../../src/log/sqlite-reader.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { SqliteWriter } from '../../src/log/sqlite-writer.ts';
import { TEST_IDENTITY } from '../../src/log/testing.ts';
import { checkLog } from './check-log.ts';
import { recordNumber } from './numbered-records.ts';

const FILES = ['log.db', 'log.db-wal'] as const;

/** What a power cut may leave of the newest write: the file ends early, or its tail is noise. */
export type TornTail = 'cut' | 'noise';

/**
 * Writes a log of a few checkpoints, then opens a copy of its database for each offset at which the write-ahead log may
 * end. Each copy must open as an earlier moment of the same log; every `checkEvery`th, and every first one of a moment, is
 * then opened as a log, checked whole, and must go on from there.
 */
export const tearTails = async (
  kind: TornTail,
  { step, checkEvery }: { readonly step: number; readonly checkEvery: number },
): Promise<{ runs: number; checked: number; breaches: string[] }> => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-torn-'));
  const [source, copy] = [join(folder, 'source'), join(folder, 'copy')];
  const roots = new Map<number, string>();
  const breaches: string[] = [];
  const seen = new Set<number>();
  let [runs, checked] = [0, 0];
  try {
    const log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(source),
      options: { batchDelayMs: 0 },
    });
    roots.set(0, toHex(log.checkpoint().root));
    for (let n = 0; n < 5; n++) {
      await log.appendAll(Array.from({ length: 1 + n }, (_, at) => recordNumber(10 * n + at)));
      roots.set(log.checkpoint().size, toHex(log.checkpoint().root));
    }
    // Copied while the log is open: closing it would fold the write-ahead log into the database.
    const [database, wal] = FILES.map((name) => readFileSync(join(source, name)));
    await log.close();
    for (let offset = 0; offset <= wal!.length; offset += step, runs++) {
      mkdirSync(copy);
      writeFileSync(join(copy, FILES[0]), database!);
      const tail = Buffer.from(wal!);
      if (kind === 'noise') tail.fill(0xa5, offset);
      writeFileSync(join(copy, FILES[1]), kind === 'cut' ? tail.subarray(0, offset) : tail);
      const { size, breach } = await openDatabase(copy, roots);
      const found = breach ? [breach] : [];
      if (runs % checkEvery === 0 || !seen.has(size)) {
        found.push(...(await openTorn(copy, roots)));
        checked++;
      }
      seen.add(size);
      breaches.push(...found.map((what) => `${kind} at ${offset}: ${what}`));
      rmSync(copy, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { runs, checked, breaches };
};

/** Opens the database as the log's writer does, and reads from it what the log would start from. */
const openDatabase = async (folder: string, roots: ReadonlyMap<number, string>) => {
  try {
    const writer = new SqliteWriter(folder);
    const reader = new SqliteReader(folder);
    const head = await reader.readHead();
    const size = head?.size ?? 0;
    const records = await reader.readRecords(0, Number.MAX_SAFE_INTEGER);
    await reader.close();
    writer.close();
    if (records.length !== size) return { size, breach: `${records.length} records under a head of ${size}` };
    if (head && roots.get(size) !== toHex(head.root))
      return { size, breach: `size ${size} is no earlier moment` };
    return { size };
  } catch (error) {
    return { size: -1, breach: String(error) };
  }
};

const openTorn = async (folder: string, roots: ReadonlyMap<number, string>): Promise<string[]> => {
  try {
    const log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(folder),
      options: { batchDelayMs: 0 },
    });
    const { size, root } = log.checkpoint();
    const breaches = roots.get(size) === toHex(root) ? [] : [`size ${size} is no earlier moment of the log`];
    await log.append(recordNumber(1_000));
    breaches.push(...(await checkLog(log, [])));
    await log.close();
    return breaches;
  } catch (error) {
    return [String(error)];
  }
};
