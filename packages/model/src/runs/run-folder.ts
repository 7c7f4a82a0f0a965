import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../durable-file.ts';
import { ModelError } from '../errors.ts';
import type { BundleEvaluation } from '../evaluation/evaluate-bundle.ts';
import { formatEvaluation } from '../evaluation/format-text.ts';
import {
  confusionChart,
  curvesChart,
  type EpochMetrics,
  reliabilityChart,
  renderPng,
  renderSvg,
} from './charts.ts';
import { encodeEpochEvent, encodeVersionEvent } from './tensorboard.ts';

export type RunConfig = {
  readonly id: string;
  readonly startedAt: string;
  readonly seed: string;
  readonly commit: string;
  readonly datasetRoot: string;
  readonly backend: string;
  readonly config: object;
};

/** The commit the code runs from, or "unknown" outside a checkout. */
export const currentCommit = (): string => {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const commit = git('rev-parse', 'HEAD');
    const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
    return isClean ? commit : `${commit}+changes`;
  } catch {
    return 'unknown';
  }
};

const METRICS = 'metrics.jsonl';
/** TensorBoard looks for "tfevents" in the name. */
const EVENTS = 'events.out.tfevents.0.testigo';
const STATES = 'states';

const lineOf = (metrics: EpochMetrics, time: string): string => {
  const numbers = Object.fromEntries(
    Object.entries(metrics).map(([key, value]) => [key, Number.isNaN(value) ? null : value]),
  );
  return `${JSON.stringify({ ...numbers, time })}\n`;
};

/** A training run on disk: what it was asked to do, what came of it epoch by epoch, and pictures of the end. */
export class RunFolder {
  readonly path: string;
  readonly config: RunConfig;

  private constructor(path: string, config: RunConfig) {
    this.path = path;
    this.config = config;
  }

  /** Begins a run; what an earlier one left at this place is no part of it and goes. */
  static create(path: string, config: RunConfig): RunFolder {
    mkdirSync(path, { recursive: true });
    for (const name of [METRICS, EVENTS, STATES]) rmSync(join(path, name), { recursive: true, force: true });
    replaceFile(join(path, EVENTS), encodeVersionEvent(Date.parse(config.startedAt) / 1000));
    replaceFile(join(path, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    return new RunFolder(path, config);
  }

  /** Opens a run that was begun. @throws ModelError run-unreadable */
  static open(path: string): RunFolder {
    const file = join(path, 'config.json');
    if (!existsSync(file))
      throw new ModelError('run-unreadable', { path, seen: 'no config.json in it: no run was begun there' });
    try {
      return new RunFolder(path, JSON.parse(readFileSync(file, 'utf8')) as RunConfig);
    } catch (cause) {
      throw new ModelError('run-unreadable', { path: file, seen: 'it is no JSON' }, { cause });
    }
  }

  /** Where the states of the run are kept, to go on from. */
  get states(): string {
    return join(this.path, STATES);
  }

  /** One epoch, one line and one event: complete after a kill at any moment but for what is being written. */
  addEpoch(metrics: EpochMetrics): void {
    const now = new Date();
    appendFileSync(join(this.path, METRICS), lineOf(metrics, now.toISOString()));
    appendFileSync(join(this.path, EVENTS), encodeEpochEvent(metrics, now.getTime() / 1000));
  }

  /** Keeps the first `count` epochs alone: a run that goes on does the later ones again. */
  keepEpochs(count: number): void {
    const kept = this.readLines().filter(({ epoch }) => epoch <= count);
    const lines = kept.map(({ time, ...metrics }) => lineOf(metrics, time));
    const events = kept.map(({ time, ...metrics }) => encodeEpochEvent(metrics, Date.parse(time) / 1000));
    replaceFile(join(this.path, METRICS), lines.join(''));
    const version = encodeVersionEvent(Date.parse(this.config.startedAt) / 1000);
    replaceFile(join(this.path, EVENTS), Buffer.concat([version, ...events]));
  }

  readEpochs(): EpochMetrics[] {
    return this.readLines().map(({ time: _, ...metrics }) => metrics);
  }

  private readLines(): (EpochMetrics & { readonly time: string })[] {
    const path = join(this.path, METRICS);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'));
    return lines.map((line) => JSON.parse(line, (_, value) => value ?? Number.NaN));
  }

  /** Charts as SVG and PNG, the evaluation as text and JSON, the model card. Returns the file names. */
  async finish({
    history,
    evaluation,
    card,
    transcript,
  }: {
    history: readonly EpochMetrics[];
    evaluation: BundleEvaluation | null;
    card: string;
    transcript?: Uint8Array;
  }): Promise<string[]> {
    const charts = {
      ...(history.length > 0 ? { curves: curvesChart(history) } : {}),
      ...(evaluation
        ? {
            confusion: confusionChart(evaluation.labels, evaluation.confusion),
            reliability: reliabilityChart(evaluation.calibration.bins, evaluation.ece),
          }
        : {}),
    };
    const files: Record<string, string | Uint8Array> = {
      'card.md': card,
      ...(transcript ? { 'transcript.json': transcript } : {}),
    };
    for (const [name, spec] of Object.entries(charts)) {
      const svg = await renderSvg(spec);
      files[`${name}.svg`] = svg;
      files[`${name}.png`] = renderPng(svg);
    }
    if (evaluation) {
      files['evaluation.json'] = `${JSON.stringify(evaluation, null, 2)}\n`;
      files['evaluation.txt'] = formatEvaluation(evaluation);
    }
    for (const [name, content] of Object.entries(files)) replaceFile(join(this.path, name), content);
    return Object.keys(files);
  }
}
