#!/usr/bin/env node
// Runs a command with a PostgreSQL server of its own: `node scripts/with-postgres.mjs npm test`. The server lives in a
// temporary folder, listens on the loopback only, is told to the command as POSTGRES_TEST_URL, and is gone afterwards.
// Like scripts/with-node.mjs this runs on an old Node with nothing installed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const DEBIAN_HOME = '/usr/lib/postgresql';
const USER = 'testigo';

const fail = (sentence) => {
  process.stderr.write(`testigo: ${sentence}\n`);
  process.exit(1);
};

/** Debian keeps the server's programs, one folder a version, off the PATH. */
const findPrograms = () => {
  let versions = [];
  try {
    versions = readdirSync(DEBIAN_HOME).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Not Debian: then they are on the PATH or nowhere.
  }
  const folders = [
    ...versions.map((version) => join(DEBIAN_HOME, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const hasServer = (folder) => spawnSync(join(folder, 'postgres'), ['--version']).status === 0;
  return folders.find(hasServer) ?? fail('there is no PostgreSQL server here: apt-get install postgresql');
};

/** The server refuses to run as root. */
const findAccount = () => {
  if (process.getuid() !== 0) return {};
  const idOf = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
};

const findPort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('usage: with-postgres.mjs COMMAND [ARGUMENT…]');
const programs = findPrograms();
const account = findAccount();
const folder = mkdtempSync(join(tmpdir(), 'testigo-postgres-'));
if (account.uid !== undefined) chownSync(folder, account.uid, account.gid);
const data = join(folder, 'data');
const initialised = spawnSync(
  join(programs, 'initdb'),
  ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
  { ...account, cwd: folder, encoding: 'utf8' },
);
if (initialised.status !== 0) fail(`initdb failed: ${initialised.stderr}`);

const port = await findPort();
const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
const server = spawn(
  join(programs, 'postgres'),
  ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
  { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
);
let log = '';
server.stderr.on('data', (chunk) => {
  log = (log + chunk).slice(-20_000);
});
const hasEnded = new Promise((resolve) => server.once('exit', resolve));

const isReady = () =>
  spawnSync(join(programs, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0;
for (let attempt = 0; !isReady(); attempt++) {
  if (attempt > 100 || server.exitCode !== null) fail(`the PostgreSQL server did not start: ${log}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}

const url = `postgres://${USER}@127.0.0.1:${port}/postgres`;
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, POSTGRES_TEST_URL: url } });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const code = await new Promise((resolve) => {
  child.once('error', (error) => {
    process.stderr.write(`testigo: cannot run ${command}: ${error.message}\n`);
    resolve(1);
  });
  child.once('exit', (status, signal) => resolve(signal ? 130 : status));
});
// SIGINT: fast shutdown, which disconnects whoever is left.
server.kill('SIGINT');
await hasEnded;
rmSync(folder, { recursive: true, force: true });
process.exitCode = code;
