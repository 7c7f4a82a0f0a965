// Lets an outside client judge the log: writes records, serves the log's C2SP read API, and has Tessera's fsck fetch
// every tile and entry bundle, rebuild the tree and compare it with the signed checkpoint.
//   node scripts/tessera-fsck.ts [--records 100000] [--fsck PATH]
// Without --fsck, builds it with Go from the module proxy, in a temporary folder: a test tool, no part of the product.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import express from 'express';
import { openLog } from '../src/log/open-log.ts';
import { createLogRouter } from '../src/log/router.ts';
import { SqliteStore } from '../src/log/sqlite-store.ts';
import { makeRecords, TEST_IDENTITY } from '../src/log/testing.ts';

const MODULE = 'github.com/transparency-dev/tessera/cmd/fsck@v1.0.4';
const { values } = parseArgs({
  options: { records: { type: 'string', default: '100000' }, fsck: { type: 'string' } },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), 'testigo-fsck-'));

const buildFsck = (): string => {
  say(`building ${MODULE}`);
  execFileSync('go', ['install', MODULE], { env: { ...process.env, GOBIN: folder }, stdio: 'inherit' });
  return join(folder, 'fsck');
};

/** Its exit status alone is no proof: some versions end with 0 on a failure, so its last word counts too. */
const runFsck = (binary: string, port: number, keyFile: string, size: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const argv = [
      `--storage_url=http://127.0.0.1:${port}/`,
      `--public_key=${keyFile}`,
      '--ui=false',
      '--N=4',
    ];
    const child = spawn(binary, argv, { stdio: ['ignore', 'inherit', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stderr.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) =>
      resolve(code === 0 && output.includes(`Successfully fsck'd log with size ${size} `)),
    );
  });

const log = await openLog({
  ...TEST_IDENTITY,
  store: await SqliteStore.open(join(folder, 'log')),
  options: { batchDelayMs: 0 },
});
const server = createServer(express().use(createLogRouter(log)));
try {
  while (log.checkpoint().size < Number(values.records)) {
    await log.appendAll(makeRecords(Math.min(512, Number(values.records) - log.checkpoint().size)));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const keyFile = join(folder, 'log.pub');
  writeFileSync(keyFile, `${log.verifierKey}\n`);
  const { size } = log.checkpoint();
  const isClean = await runFsck(
    values.fsck ?? buildFsck(),
    (server.address() as AddressInfo).port,
    keyFile,
    size,
  );
  say(`Tessera's fsck ${isClean ? 'accepts' : 'REFUSES'} the log of ${size.toLocaleString('en')} records`);
  process.exitCode = isClean ? 0 : 1;
} finally {
  server.closeAllConnections();
  server.close();
  await log.close();
  rmSync(folder, { recursive: true, force: true });
}
