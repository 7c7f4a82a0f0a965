import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

const writeWhole = (path: string, content: string | Uint8Array): void => {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
};

/** A training run on disk: what it was asked to do, what came of it epoch by epoch, and pictures of the end. */
export class RunFolder {
  readonly path: string;

  constructor(path: string, config: RunConfig) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    writeWhole(join(path, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  }

  /** One epoch, one line: complete after a kill at any moment but for the line being written. */
  addEpoch(metrics: EpochMetrics): void {
    const numbers = Object.fromEntries(
      Object.entries(metrics).map(([key, value]) => [key, Number.isNaN(value) ? null : value]),
    );
    appendFileSync(
      join(this.path, 'metrics.jsonl'),
      `${JSON.stringify({ ...numbers, time: new Date().toISOString() })}\n`,
    );
  }

  readEpochs(): EpochMetrics[] {
    const path = join(this.path, 'metrics.jsonl');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'));
    return lines.map((line) => {
      const { time: _, ...metrics } = JSON.parse(line);
      return Object.fromEntries(
        Object.entries(metrics).map(([key, value]) => [key, value ?? Number.NaN]),
      ) as EpochMetrics;
    });
  }

  /** Charts as SVG and PNG, the evaluation as text and JSON, the model card. Returns the file names. */
  async finish({
    history,
    evaluation,
    card,
  }: {
    history: readonly EpochMetrics[];
    evaluation: BundleEvaluation | null;
    card: string;
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
    const files: Record<string, string | Uint8Array> = { 'card.md': card };
    for (const [name, spec] of Object.entries(charts)) {
      const svg = await renderSvg(spec);
      files[`${name}.svg`] = svg;
      files[`${name}.png`] = renderPng(svg);
    }
    if (evaluation) {
      files['evaluation.json'] = `${JSON.stringify(evaluation, null, 2)}\n`;
      files['evaluation.txt'] = formatEvaluation(evaluation);
    }
    for (const [name, content] of Object.entries(files)) writeWhole(join(this.path, name), content);
    return Object.keys(files);
  }
}
