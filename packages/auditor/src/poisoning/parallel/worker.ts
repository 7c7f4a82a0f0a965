import { parentPort, workerData } from 'node:worker_threads';
import type { SampleSet } from '../sample-set.ts';
import { runTask, type Task } from './tasks.ts';

parentPort!.on('message', (task: Task) => parentPort!.postMessage(runTask(workerData as SampleSet, task)));
