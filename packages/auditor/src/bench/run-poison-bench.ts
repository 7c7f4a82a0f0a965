import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Io, writeResult } from '../cli/io.ts';
import { AuditError, messageOf } from '../errors.ts';
import { type EvidenceFile, readEvidenceFile } from '../poisoning/evidence-file.ts';
import { digestRows, imageOf, type SampleSet } from '../poisoning/sample-set.ts';
import { readSamplesCsv } from '../poisoning/samples-csv.ts';
import { poisonSet } from './attacks.ts';
import { BENCH_CASES, type BenchCase } from './cases.ts';
import type { Rate } from './measure.ts';
import { drawRocSvg } from './roc-svg.ts';
import { type BenchResult, runPoisonBench } from './run-bench.ts';

export type PoisonBenchOptions = {
  readonly samples: string;
  readonly cases?: string;
  readonly seeds: number;
  readonly evidence?: string;
  readonly export?: string;
  readonly out?: string;
  readonly threads: number;
};

export async function runPoisonBenchCommand(io: Io, options: PoisonBenchOptions): Promise<number> {
  const cases = pickCases(options.cases);
  const seeds = Array.from({ length: options.seeds }, (_, k) => String(k + 1));
  const clean = await readSamplesCsv(options.samples);
  try {
    if (options.export !== undefined) {
      await exportSets(options.export, clean, cases, seeds);
      return 0;
    }
    const result = await runPoisonBench({
      clean,
      cases,
      seeds,
      threads: options.threads,
      findEvidence: (name, seed, set) => findEvidence(options.evidence, name, seed, set),
      onProgress: (done, of, name) => io.stderr.write(`${done} of ${of}: ${name}\n`),
    });
    if (options.out !== undefined) await writeFolder(options.out, result);
    await writeResult(io, formatTable(result), undefined);
    return 0;
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('output-unwritable', messageOf(cause), { cause });
  }
}

function pickCases(names: string | undefined): readonly BenchCase[] {
  if (names === undefined) return BENCH_CASES;
  return names.split(',').map((name) => {
    const found = BENCH_CASES.find((benchCase) => benchCase.name === name);
    if (found !== undefined) return found;
    throw new AuditError(
      'usage',
      `no case is called ${name}; there are ${BENCH_CASES.map((one) => one.name).join(', ')}`,
    );
  });
}

async function findEvidence(
  folder: string | undefined,
  name: string,
  seed: string,
  set: SampleSet,
): Promise<EvidenceFile | undefined> {
  const path = folder === undefined ? undefined : join(folder, `${name}-${seed}.ev`);
  if (path === undefined || !existsSync(path)) return undefined;
  const evidence = await readEvidenceFile(path);
  if (evidence.rowsSha256 === digestRows(set)) return evidence;
  throw new AuditError('evidence-file-invalid', `${path} is about other rows than this poisoned set`);
}

async function exportSets(
  folder: string,
  clean: SampleSet,
  cases: readonly BenchCase[],
  seeds: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, attack } of cases) {
    for (const seed of seeds) {
      const { set, isPoisoned } = poisonSet(clean, attack, seed);
      await pipeline(Readable.from(csvLines(set)), createWriteStream(join(folder, `${name}-${seed}.csv`)));
      await writeFile(join(folder, `${name}-${seed}.truth.u8`), isPoisoned);
    }
  }
}

function* csvLines(set: SampleSet): Generator<string> {
  yield 'emotion,pixels,Usage\n';
  for (let row = 0; row < set.size; row++) {
    yield `${set.labels[row]},${imageOf(set, row).join(' ')},${set.splitNames[set.splits[row]!]}\n`;
  }
}

async function writeFolder(folder: string, result: BenchResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { curves, ...rest } = result;
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(rest, null, 1)}\n`);
  for (const [name, lines] of Object.entries(curves)) {
    await writeFile(join(folder, `${name}.svg`), drawRocSvg(name, lines));
  }
}

function formatTable(result: BenchResult): string {
  const header = `${'case'.padEnd(24)}${'score'.padEnd(25)}AUROC   TPR at 1 % FPR        TPR at 5 % FPR        P@100  poisoned\n`;
  const lines = result.rows.map(
    (row) =>
      `${row.case.padEnd(24)}${row.detector.padEnd(25)}${floor3(row.areaUnderRoc).padEnd(8)}` +
      `${formatRate(row.tprAt1).padEnd(22)}${formatRate(row.tprAt5).padEnd(22)}${floor3(row.precisionAt100.share).padEnd(7)}` +
      `${row.calledPoisoned}/${row.seeds}\n`,
  );
  return header + lines.join('');
}

function formatRate(rate: Rate): string {
  return `${floor3(rate.share)} [${floor3(rate.low)}, ${floor3(rate.high)}]`;
}

/** Cut, never rounded up. */
function floor3(value: number): string {
  return Number.isNaN(value) ? '-' : (Math.floor(value * 1000 + 1e-9) / 1000).toFixed(3);
}
