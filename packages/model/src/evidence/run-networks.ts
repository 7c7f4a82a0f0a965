import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { ModelError } from '../errors.ts';
import type { TrainingData } from '../training/loop.ts';
import type { FoldJob, FoldReadings } from './network-fold.ts';

/** What a fold's process says on its way. */
export type FoldMessage =
  | { readonly type: 'backend'; readonly text: string }
  | { readonly type: 'step'; readonly done: number; readonly etaMs: number };

const PROCESS = new URL('./fold-process.js', import.meta.url);
const NVIDIA_CARDS = '/proc/driver/nvidia/gpus';

/** One process a GPU; one where there is none that can be counted. */
export const countGpus = (): number =>
  existsSync(NVIDIA_CARDS) ? Math.max(1, readdirSync(NVIDIA_CARDS).length) : 1;

export type NetworksRequest = {
  readonly jobs: readonly FoldJob[];
  readonly data: TrainingData;
  /** At a time. */
  readonly processes: number;
  readonly backend?: string;
  readonly signal: AbortSignal;
  readonly onMessage: (network: number, message: FoldMessage) => void;
};

/** Trains the networks, some at a time, each in a process of its own. @throws ModelError fold-failed */
export const runNetworks = async (request: NetworksRequest): Promise<FoldReadings[]> => {
  const { jobs, data, processes } = request;
  const folder = mkdtempSync(join(tmpdir(), 'testigo-folds-'));
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  try {
    writeFileSync(join(folder, 'images'), data.images);
    writeFileSync(join(folder, 'labels'), data.labels);
    jobs.forEach((job, i) => {
      writeFileSync(join(folder, `${i}.job`), serialize(job));
    });
    const waiting = jobs.map((_, i) => i);
    const work = async (gpu: number): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        await runProcess(request, { folder, network: next, gpu, signal });
    };
    const workers = Array.from({ length: Math.min(processes, jobs.length) }, (_, gpu) => work(gpu));
    await Promise.all(workers).catch((error: unknown) => {
      stop.abort(); // the others' work is of no use
      throw error;
    });
    return jobs.map((_, i) => deserialize(readFileSync(join(folder, `${i}.readings`))) as FoldReadings);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

type Place = { folder: string; network: number; gpu: number; signal: AbortSignal };

const runProcess = (
  { processes, backend, onMessage }: NetworksRequest,
  { folder, network, gpu, signal }: Place,
): Promise<void> =>
  new Promise((resolve, reject) => {
    // CUDA takes the card from here; Vulkan has no such choice, its processes share one card.
    const env = processes > 1 ? { ...process.env, CUDA_VISIBLE_DEVICES: String(gpu) } : process.env;
    const args = [folder, String(network), ...(backend ? [backend] : [])];
    const child = fork(PROCESS, args, { env, signal, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4000);
    });
    child.on('message', (message) => onMessage(network, message as FoldMessage));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) return resolve();
      const seen =
        words.match(/^\w*Error: .*$/m)?.[0] ?? words.trim().split('\n').at(-1) ?? `exit code ${code}`;
      reject(new ModelError('fold-failed', { network: network + 1, seen }));
    });
  });
