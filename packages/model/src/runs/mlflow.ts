import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../errors.ts';

const EXPERIMENT = 'testigo';

const call = async (base: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
  const url = `${base.replace(/\/$/, '')}/api/2.0/mlflow/${path}`;
  const response = await fetch(url, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new ModelError(
      'tracking-failed',
      { url, seen: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  });
  const text = await response.text();
  if (!response.ok)
    throw new ModelError('tracking-failed', { url, seen: `${response.status} ${text.slice(0, 200)}` });
  return text === '' ? {} : JSON.parse(text);
};

const findExperiment = async (base: string): Promise<string> => {
  const found = await call(base, 'GET', `experiments/get-by-name?experiment_name=${EXPERIMENT}`).catch(
    (error: unknown) => {
      if (error instanceof ModelError && String(error.details.seen).startsWith('404')) return undefined;
      throw error;
    },
  );
  if (found)
    return z.object({ experiment: z.object({ experiment_id: z.string() }) }).parse(found).experiment
      .experiment_id;
  const made = await call(base, 'POST', 'experiments/create', { name: EXPERIMENT });
  return z.object({ experiment_id: z.string() }).parse(made).experiment_id;
};

/** Flattens nested settings into MLflow's parameters: "training.optimizer.kind" → "adam". */
const flatten = (value: unknown, prefix: string): { key: string; value: string }[] => {
  if (value === null || typeof value !== 'object')
    return [{ key: prefix, value: String(value).slice(0, 500) }];
  if (Array.isArray(value)) return [{ key: prefix, value: JSON.stringify(value).slice(0, 500) }];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));
};

const METRIC_NAMES: Readonly<Record<string, string>> = {
  loss: 'loss',
  accuracy: 'accuracy',
  validationLoss: 'val_loss',
  validationAccuracy: 'val_accuracy',
  learningRate: 'lr',
};

const readMetrics = (folder: string) =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const epoch = JSON.parse(line);
      return Object.entries(METRIC_NAMES).flatMap(([field, key]) =>
        typeof epoch[field] === 'number'
          ? [{ key, value: epoch[field], timestamp: Date.parse(epoch.time), step: epoch.epoch }]
          : [],
      );
    });

/**
 * Sends a finished run folder to an MLflow tracking server over its REST API 2.0. Returns the run's id.
 * @throws ModelError tracking-failed
 */
export const reportToMlflow = async (
  base: string,
  folder: string,
  tags: Readonly<Record<string, string>>,
): Promise<string> => {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const created = await call(base, 'POST', 'runs/create', {
    experiment_id: await findExperiment(base),
    run_name: basename(folder),
    start_time: Date.parse(config.startedAt),
    tags: Object.entries({
      ...tags,
      'mlflow.source.git.commit': config.commit,
      datasetRoot: config.datasetRoot,
    }).map(([key, value]) => ({ key, value })),
  });
  const runId = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) }).parse(created).run
    .info.run_id;
  const metrics = readMetrics(folder);
  const params = flatten({ seed: config.seed, backend: config.backend, ...config.config }, '');
  // The server takes at most 1,000 metrics and 100 parameters a call.
  for (let at = 0; at < Math.max(metrics.length, 1); at += 900) {
    await call(base, 'POST', 'runs/log-batch', {
      run_id: runId,
      metrics: metrics.slice(at, at + 900),
      params: at === 0 ? params.slice(0, 100) : [],
    });
  }
  await call(base, 'POST', 'runs/update', { run_id: runId, status: 'FINISHED', end_time: Date.now() });
  return runId;
};
