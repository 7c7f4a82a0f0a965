import { writeFile } from 'node:fs/promises';
import {
  DATASET_PAYLOAD_TYPE,
  datasetRootIn,
  fromHex,
  openDsse,
  parseDatasetManifest,
  parseDsse,
  signDsse,
} from '@testigo/trail';
import { type Io, writeResult } from '../cli/io.ts';
import { readTrust } from '../cli/options.ts';
import { createProgress } from '../cli/progress.ts';
import { AuditError, describeWriting, messageOf } from '../errors.ts';
import { readText } from '../files/read-file.ts';
import { readSamples } from '../files/read-samples.ts';
import { readSigningKey } from '../files/signing-key.ts';
import type { Format } from '../report/format.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkSamples } from '../verify/check-samples.ts';
import { auditDataset } from './audit-dataset.ts';
import { openReserve } from './clean-reserve.ts';
import type { PoisoningOptions } from './dataset-options.ts';
import { buildDatasetReport, formatDatasetText, type ManifestCheck } from './dataset-report.ts';
import { buildDatasetVerdict, VERDICT_PAYLOAD_TYPE } from './dataset-verdict.ts';
import { type EvidenceFile, readEvidenceFile } from './evidence-file.ts';
import { sampleIdOf } from './flagged-tree.ts';
import { digestRows, type SampleSet } from './sample-set.ts';
import { readSamplesCsv } from './samples-csv.ts';

const EXIT_CODES = { verified: 0, failed: 1, inconclusive: 3 } as const;

export type DatasetOptions = PoisoningOptions & {
  readonly chain: readonly URL[];
  readonly trust?: string;
  readonly format: Format;
  readonly output?: string;
  readonly quiet?: boolean;
};

export async function runDataset(io: Io, options: DatasetOptions): Promise<number> {
  const { samples, format } = options;
  if (samples === undefined) throw new AuditError('usage', 'a search for poison needs --samples FILE');
  if (format !== 'text' && format !== 'json') {
    throw new AuditError(
      'usage',
      'a search for poison reports as text or json; its verdict is what others verify',
    );
  }
  if (options.root !== undefined || options.chain.length > 0) {
    throw new AuditError(
      'usage',
      'check --root and --chain in a run of their own, without evidence: neither is read here',
    );
  }
  const progress = createProgress(io, options.quiet === true);
  progress.step('reading files');
  const trust = await readTrust({
    chain: [],
    ...(options.trust === undefined ? {} : { trust: options.trust }),
  });
  const keys = (trust?.custodians ?? []).map((key) => fromHex(key));
  const manifest =
    options.manifest === undefined ? undefined : await checkManifest(options.manifest, samples, trust);
  const set = await readSamplesCsv(samples);
  const evidence =
    options.evidence === undefined ? undefined : await readMatchingEvidence(options.evidence, set);
  const reserve =
    options.reserve === undefined ? undefined : openReserve(await readText(options.reserve), keys, set);
  const audit = await auditDataset({
    set,
    threads: options.threads,
    onProgress: progress.advance,
    ...(evidence === undefined ? {} : { evidence }),
    ...(reserve === undefined ? {} : { reserve }),
  });
  progress.end();
  const verdict = buildDatasetVerdict(audit, evidence, reserve);
  const report = buildDatasetReport(set, audit, verdict, manifest);
  if (options.verdict !== undefined) await writeVerdict(options.verdict, verdict.bytes, options.signWith);
  if (options.prove !== undefined) {
    const proof = verdict.tree.prove(sampleIdOf(readRow(options.prove, set.size)));
    await writeResult(io, `${JSON.stringify({ root: verdict.tree.root, ...proof })}\n`, options.output);
  } else {
    const text =
      format === 'json' ? `${JSON.stringify(report)}\n` : formatDatasetText(report, audit, evidence);
    await writeResult(io, text, options.output);
  }
  return EXIT_CODES[report.outcome];
}

/** Evidence about other rows proves nothing about these. @throws AuditError `evidence-file-invalid` */
async function readMatchingEvidence(path: string, set: SampleSet): Promise<EvidenceFile> {
  const evidence = await readEvidenceFile(path);
  if (evidence.rows !== set.size || evidence.rowsSha256 !== digestRows(set)) {
    throw new AuditError('evidence-file-invalid', `${path} is about other rows than these samples`);
  }
  return evidence;
}

/** The signature comes first: an unsigned manifest says nothing about who vouches for the samples. */
async function checkManifest(
  path: string,
  samples: string,
  trust: Trust | undefined,
): Promise<ManifestCheck> {
  const keys = (trust?.custodians ?? []).map((key) => fromHex(key));
  try {
    const { payload, verifiedBy } = openDsse(
      parseDsse(JSON.parse(await readText(path))),
      DATASET_PAYLOAD_TYPE,
      keys,
    );
    if (keys.length === 0) return { outcome: 'inconclusive', detail: 'no custodian is pinned: give --trust' };
    if (verifiedBy.length === 0) return { outcome: 'failed', detail: 'no pinned custodian signed it' };
    const statement = parseDatasetManifest(payload);
    const { name, licence, sources } = statement.predicate;
    const set = await readSamples(samples, { name, licence, source: sources[0]! });
    const datasetRoot = datasetRootIn(statement);
    const problem = checkSamples(set, { datasetRoot }, statement).find(
      ({ outcome }) => outcome !== 'verified',
    );
    return problem === undefined
      ? { outcome: 'verified', detail: `signed by ${verifiedBy[0]!.slice(0, 16)}, root ${datasetRoot}` }
      : { outcome: 'failed', detail: `it says ${problem.expected ?? 'otherwise'}, there is ${problem.seen}` };
  } catch (error) {
    if (error instanceof AuditError) throw error;
    return { outcome: 'failed', detail: messageOf(error) };
  }
}

async function writeVerdict(path: string, bytes: Uint8Array, keyFile: string | undefined): Promise<void> {
  let content: Uint8Array | string = bytes;
  if (keyFile !== undefined) {
    const { secretKey } = await readSigningKey(keyFile);
    content = `${JSON.stringify(signDsse(VERDICT_PAYLOAD_TYPE, bytes, secretKey))}\n`;
  }
  try {
    await writeFile(path, content);
  } catch (cause) {
    throw new AuditError('output-unwritable', `cannot write ${path}: ${describeWriting(cause)}`, { cause });
  }
}

function readRow(text: string, size: number): number {
  const row = Number(text);
  if (!/^\d{1,10}$/.test(text) || row >= size)
    throw new AuditError('usage', `--prove takes a row from 0 to ${size - 1}`);
  return row;
}
