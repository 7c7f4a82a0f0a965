import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Io, writeResult } from '../cli/io.ts';
import { AuditError, messageOf } from '../errors.ts';
import { readBytes } from '../files/read-file.ts';
import { type EvidenceFile, readEvidenceFile } from '../poisoning/evidence-file.ts';
import { digestRows, imageOf, type SampleSet } from '../poisoning/sample-set.ts';
import { readSamplesCsv } from '../poisoning/samples-csv.ts';
import { poisonSet } from './attacks.ts';
import { BENCH_CASES, type BenchCase, findCase } from './cases.ts';
import { runPoisonBench } from './run-bench.ts';
import { formatBenchTable, writeBenchFolder } from './write-results.ts';

export type PoisonBenchOptions = {
  readonly samples: string;
  readonly cases?: string;
  readonly seeds: number;
  readonly evidence?: string;
  readonly export?: string;
  readonly out?: string;
  readonly verified?: string;
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
    const verified = await readVerified(options.verified, clean.size);
    const result = await runPoisonBench({
      clean,
      ...(verified === undefined ? {} : { verified }),
      cases,
      seeds,
      threads: options.threads,
      findEvidence: (name, seed, set) => findEvidence(options.evidence, name, seed, set),
      onProgress: (done, of, name) => io.stderr.write(`${done} of ${of}: ${name}\n`),
      onCase: async (sofar) => {
        if (options.out !== undefined) {
          const { threads } = options;
          await writeBenchFolder(options.out, sofar, {
            threads,
            ...(verified === undefined ? {} : { verified }),
          });
        }
      },
    });
    await writeResult(io, formatBenchTable(result), undefined);
    return 0;
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('output-unwritable', messageOf(cause), { cause });
  }
}

function pickCases(names: string | undefined): readonly BenchCase[] {
  if (names === undefined) return BENCH_CASES;
  try {
    return names.split(',').map(findCase);
  } catch (cause) {
    throw new AuditError('usage', messageOf(cause), { cause });
  }
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

/** One byte a row. @throws AuditError `samples-invalid` */
async function readVerified(path: string | undefined, rows: number): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const marks = new Uint8Array(await readBytes(path));
  if (marks.length === rows && marks.every((mark) => mark <= 1)) return marks;
  throw new AuditError('samples-invalid', `${path} must hold one byte, 0 or 1, for each of the ${rows} rows`);
}
