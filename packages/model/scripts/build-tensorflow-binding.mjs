#!/usr/bin/env node
// Builds TensorFlow.js' Node binding against the TensorFlow inside a Python wheel, and puts the package where
// chooseBackend() finds it: node packages/model/scripts/build-tensorflow-binding.mjs [REQUIREMENT | FILE.whl]
// The package's own install script downloads libtensorflow 2.9.1 (CUDA 11.2) instead. docs/tensorflow-binding.md
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const DEFAULT_REQUIREMENT = 'tensorflow-cpu==2.21.0';
const BINDING = '@tensorflow/tfjs-node-gpu';
/** Exact versions and the registry's digests of them; the first is also in package-lock.json. */
const PACKAGES = {
  [BINDING]: {
    version: '4.22.0',
    integrity:
      'sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==',
  },
  // The binding uses Node-API alone, so these stable headers do for every Node: no headers of one release.
  'node-api-headers': {
    version: '1.9.0',
    integrity:
      'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
  },
};
const NAPI_VERSION = 8;
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const ADDON = join('lib', `napi-v${NAPI_VERSION}`, 'tfjs_binding.node');
/** Bring their own TensorFlow.js, which must be the one that this package trains with, or only serve the compiler. */
const LEFT_OUT = ['@tensorflow', '@types', '@webgpu', 'node-api-headers'];

// Only what the C API's headers include: the wheel holds thousands more.
const UNPACK = `
import os, shutil, sys, zipfile
wheel, target = sys.argv[1:3]
headers = ['tensorflow/include/' + p for p in ('tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/tsl/')]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name in sys.argv[3:]:
            out = os.path.join(target, 'lib', os.path.basename(name))
        elif name.endswith('.h') and any(name.startswith(h) for h in headers):
            out = os.path.join(target, 'include', name[len('tensorflow/include/'):])
        else:
            continue
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with archive.open(name) as source, open(out, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
`;

const LOAD = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
require(process.argv[1]);
`;

const say = (line) => void process.stderr.write(`${line}\n`);
const run = (command, args) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (cause) {
    say(`${command} failed: ${cause.message.split('\n')[0]}`);
    process.exit(1);
  }
};
const sha256 = async (file) => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

function fetchPackages(folder) {
  const wanted = Object.entries(PACKAGES).map(([name, { version }]) => `${name}@${version}`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...quiet, '--prefix', folder, ...wanted]);
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  for (const [name, { integrity }] of Object.entries(PACKAGES)) {
    const seen = packages[`node_modules/${name}`].integrity;
    if (seen === integrity) continue;
    say(`${name} has the digest ${seen}, not the expected ${integrity}: nothing was built`);
    process.exit(1);
  }
  return join(folder, 'node_modules');
}

function fetchWheel(folder, wanted) {
  if (wanted.endsWith('.whl')) return wanted;
  run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', folder, wanted]);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.whl')),
  );
}

/** Lays the package out as its own install script would: dist/, deps/{include,lib}, lib/napi-v8, its dependencies. */
function assemble(modules, target) {
  cpSync(join(modules, BINDING), target, { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name.startsWith('.') || LEFT_OUT.includes(name)) continue;
    cpSync(join(modules, name), join(target, 'node_modules', name), { recursive: true });
  }
  mkdirSync(join(target, ADDON, '..'), { recursive: true });
}

/** The two sources of its binding.gyp, without node-gyp. */
function compile(modules, target) {
  const compiler = process.env.CXX ?? 'g++';
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${NAPI_VERSION}`];
  const includes = [join(target, 'deps/include'), join(modules, 'node-api-headers/include')];
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(target, 'binding', name));
  const link = [`-L${join(target, 'deps/lib')}`, ...LIBRARIES.map((name) => `-l:${name}`)];
  run(compiler, [
    ...[...flags, ...includes.map((path) => `-I${path}`), ...sources, '-o', join(target, ADDON)],
    ...[...link, '-Wl,-rpath,$ORIGIN/../../deps/lib'],
  ]);
  return { compiler: run(compiler, ['--version']).split('\n')[0], flags };
}

const home = fileURLToPath(new URL('../node_modules/@tensorflow/', import.meta.url));
mkdirSync(home, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'testigo-tensorflow-'));
const staged = mkdtempSync(join(home, '.building-'));
process.on('exit', () => {
  for (const folder of [work, staged]) rmSync(folder, { recursive: true, force: true });
});

say(`fetching ${Object.keys(PACKAGES).join(' and ')}`);
const modules = fetchPackages(work);
const requirement = process.argv[2] ?? DEFAULT_REQUIREMENT;
say(`fetching and unpacking ${basename(requirement)} (up to 600 MB; 1.3 GB unpacked)`);
const wheel = fetchWheel(work, requirement);
assemble(modules, staged);
const members = LIBRARIES.map((name) => `tensorflow/${name}`);
run('python3', ['-c', UNPACK, wheel, join(staged, 'deps'), ...members]);
say('compiling the binding');
const built = compile(modules, staged);
const record = {
  wheel: { file: basename(wheel), sha256: await sha256(wheel) },
  packages: PACKAGES,
  ...built,
};
record.sha256 = { [ADDON]: await sha256(join(staged, ADDON)) };
for (const name of LIBRARIES) record.sha256[name] = await sha256(join(staged, 'deps/lib', name));
writeFileSync(join(staged, 'binding.json'), `${JSON.stringify(record, null, 2)}\n`);
say('loading it');
run(process.execPath, ['-e', LOAD, staged]);
const target = join(home, basename(BINDING));
rmSync(target, { recursive: true, force: true });
renameSync(staged, target);
say(
  'done: chooseBackend() now starts `tensorflow` first; remove packages/model/node_modules/@tensorflow to undo',
);
