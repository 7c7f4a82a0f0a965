// A process that appends until it is killed, and prints what was acknowledged: `ack <record> <leaf> <size> <root>`.
import { writeSync } from 'node:fs';
import { toHex } from '@testigo/trail';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { TEST_IDENTITY } from '../../src/log/testing.ts';
import { recordNumber } from './numbered-records.ts';

const [folder = '', from = '0', count = '0', checkpointPages = '20'] = process.argv.slice(2);

const main = async () => {
  const store = await SqliteStore.open(folder, { checkpointPages: Number(checkpointPages), waitingIds: 64 });
  const log = await openLog({ ...TEST_IDENTITY, store, options: { batchDelayMs: 1 } });
  writeSync(1, 'ready\n');
  const end = Number(from) + Number(count);
  const append = async (numbers: readonly number[]) => {
    const receipts = await log.appendAll(numbers.map(recordNumber));
    const lines = receipts.map(
      ({ leafIndex, checkpoint: { size, root } }, at) =>
        `ack ${numbers[at]} ${leafIndex} ${size} ${toHex(root)}\n`,
    );
    writeSync(1, lines.join(''));
  };
  // Waves of requests at once, of 1 to 23 records each.
  for (let next = Number(from); next < end; ) {
    const wave: Promise<void>[] = [];
    for (let request = 0; request < 4 && next < end; request++) {
      const size = Math.min(1 + ((next * 7 + request) % 23), end - next);
      wave.push(append(Array.from({ length: size }, (_, at) => next + at)));
      next += size;
    }
    await Promise.all(wave);
  }
  await log.close();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    writeSync(1, `failed ${(error as { code?: string }).code ?? String(error)}\n`);
    process.exit(3);
  },
);
