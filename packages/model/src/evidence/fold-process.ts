#!/usr/bin/env node
// One network of the evidence in a process of its own: fold-process.js FOLDER INDEX [BACKEND]. See run-networks.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { replaceFile } from '../durable-file.ts';
import { type FoldJob, runFold } from './network-fold.ts';
import type { FoldMessage } from './run-networks.ts';

const [folder, index, backend] = process.argv.slice(2) as [string, string, BackendName?];
const say = (message: FoldMessage): void => void process.send?.(message);

const job = deserialize(readFileSync(join(folder, `${index}.job`))) as FoldJob;
const data = {
  images: new Uint8Array(readFileSync(join(folder, 'images'))),
  labels: new Uint8Array(readFileSync(join(folder, 'labels'))),
};
const { name, detail } = await chooseBackend({ ...(backend ? { only: backend } : {}), print: () => {} });
say({ type: 'backend', text: `${name} (${detail})` });
const readings = await runFold(job, data, (progress) => {
  if (progress.type === 'step')
    say({ type: 'step', done: (progress.epoch - 1) * progress.steps + progress.step, etaMs: progress.etaMs });
});
replaceFile(join(folder, `${index}.readings`), serialize(readings));
process.exit(0);
