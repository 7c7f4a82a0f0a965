import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logIdOf, parseEvidenceBundle, toHex } from '@testigo/trail';
import type { Command } from 'commander';
import { AuditError, messageOf } from '../../errors.ts';
import { makeFinding } from '../../findings/table.ts';
import { readServedSize } from '../../log/anchor-proofs.ts';
import { readCheckpointText } from '../../log/export-record.ts';
import { runReplay } from '../../replay/run-replay.ts';
import { baseOf, LogUnreachable, nameOf, TileSource } from '../../trail/tile-source.ts';
import { checkChain } from '../../verify/check-chain.ts';
import { checkCheckpoint } from '../../verify/check-checkpoint.ts';
import { attempt } from '../../verify/checked.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import { lookUpFacts } from '../look-up.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  parseCount,
  parseUrl,
  readTrust,
} from '../options.ts';
import { createProgress } from '../progress.ts';
import { replayTraining } from '../replay-training.ts';

interface ReplayCommandOptions extends OutputOptions, ChainOptions {
  readonly log?: string;
  readonly model?: string;
  readonly segments?: string;
  readonly run?: string;
  readonly data?: string;
  readonly with: string;
  readonly count?: number;
  readonly disclosed?: string;
  readonly endpoint?: URL;
  readonly name: string;
  readonly tolerancePpm: number;
}

export function addReplayCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('replay')
    .description(
      'have drawn detections read again (--log), or drawn segments of the training done again (--model); a block hash draws',
    )
    .option('--log <location>', 'URL or folder of the log (C2SP tlog-tiles)')
    .option('--model <dir>', 'model bundle folder: re-run segments of its training transcript instead')
    .option('--count <n>', 'how many detections or segments to draw (default: 10 or 1)', parseCount)
    .option('--run <dir>', 'with --model: run folder of the training, to re-run the segments here')
    .option('--data <file>', 'with --run: the data that the run was trained on')
    .option('--with <program>', 'with --run: the program that re-runs a segment', 'testigo-model')
    .option('--segments <dir>', 'with --model: segment-I.json files that were made elsewhere')
    .option(
      '--disclosed <dir>',
      'what the operator disclosed: ID.json (evidence bundle) and ID.gray (48x48 bytes)',
    )
    .option(
      '--endpoint <url>',
      'Open Inference Protocol v2 server that you run on the registered weights',
      parseUrl,
    )
    .option('--name <model>', 'name of the model at the endpoint', 'testigo')
    .option('--tolerance-ppm <n>', 'how far two scores may lie apart', parseCount, 2000);
  addOutputOptions(addChainOptions(command)).action((options: ReplayCommandOptions) =>
    run(() => replay(io, options)),
  );
}

async function replay(io: Io, options: ReplayCommandOptions): Promise<number> {
  const { log, model } = options;
  if (log !== undefined && model === undefined)
    return replayDetections(io, { ...options, log, count: options.count ?? 10 });
  if (model === undefined || log !== undefined)
    throw new AuditError('usage', 'replay needs --log URL or --model DIR, and not both');
  if ((options.run === undefined) !== (options.data === undefined))
    throw new AuditError('usage', 'to re-run segments here, replay needs --run DIR and --data FILE');
  return replayTraining(io, { ...options, model, count: options.count ?? 1 });
}

type DetectionReplayOptions = ReplayCommandOptions & { readonly log: string; readonly count: number };

async function replayDetections(io: Io, options: DetectionReplayOptions): Promise<number> {
  const finish = (
    findings: Parameters<typeof finishAudit>[2]['findings'],
    drawn: readonly { index: number; id: string }[] = [],
  ) =>
    finishAudit(io, options, {
      command: 'replay',
      subject: `${drawn.length} detections drawn from ${nameOf(options.log)}${drawn.length > 0 ? `: ${drawn.map(({ index, id }) => `${id} at ${index}`).join(', ')}` : ''}`,
      findings,
      notChecked: [
        'that each model input was cut from the committed picture',
        'the weights behind the endpoint: testigo-audit model',
      ],
      verifiedMeans: `The model gives the logged scores again for all ${drawn.length} detections drawn.`,
    });
  try {
    return await replayLog(io, options, finish);
  } catch (error) {
    if (!(error instanceof LogUnreachable)) throw error;
    return finish([
      makeFinding('trail-unreachable', { seen: messageOf(error), source: nameOf(options.log) }),
    ]);
  }
}

async function replayLog(
  io: Io,
  options: DetectionReplayOptions,
  finish: (
    findings: Parameters<typeof finishAudit>[2]['findings'],
    drawn?: readonly { index: number; id: string }[],
  ) => Promise<number>,
): Promise<number> {
  const trust = await readTrust(options);
  const source = new TileSource(baseOf(options.log));
  const signed = checkCheckpoint(await readCheckpointText(source), trust, `${source.name}checkpoint`);
  if (signed.value === undefined) return finish(signed.findings);
  const { origin, size } = signed.value;
  const answer = await lookUpFacts(io, options, trust, { logId: toHex(logIdOf(origin)) });
  const chain = checkChain(answer, trust);
  const facts = chain.value;
  const anchor = facts?.anchors
    .filter(({ blockNumber, size: at }) => blockNumber <= facts.finalBlock && at <= size)
    .at(-1);
  if (anchor === undefined) {
    const none = makeFinding('replay-nothing-drawn', {
      expected: 'a final anchor',
      source: facts?.source ?? 'chain',
    });
    return finish([...signed.findings, ...chain.findings, none]);
  }
  const progress = createProgress(io, options.quiet === true);
  const { endpoint, name } = options;
  const result = await runReplay({
    source,
    servedSize: await readServedSize(source),
    anchor,
    count: options.count,
    tolerancePpm: options.tolerancePpm,
    endpoint: endpoint && { url: endpoint, name },
    readDisclosed: (id) => readDisclosed(options.disclosed, id),
    onProgress: (done, total) => progress.advance('detections', done, total),
  });
  progress.end();
  return finish([...signed.findings, ...chain.findings, ...result.findings], result.drawn);
}

/** A file that is missing or is no bundle is not an error here: withholding is a finding. */
async function readDisclosed(dir: string | undefined, id: string) {
  if (dir === undefined) return { source: 'command line: --disclosed' };
  const path = join(dir, `${id}.json`);
  const [text, input] = await Promise.all(
    [path, join(dir, `${id}.gray`)].map((file) => readFile(file).catch(() => undefined)),
  );
  const parsed = text === undefined ? undefined : attempt(() => parseEvidenceBundle(text));
  return {
    source: path,
    ...(parsed !== undefined && 'value' in parsed && { bundle: parsed.value }),
    ...(input !== undefined && { input: new Uint8Array(input) }),
  };
}
