import { type Command, Option } from 'commander';
import { readText } from '../../files/read-file.ts';
import { runTrail, type TrailChain } from '../../trail/run-trail.ts';
import { baseOf, nameOf } from '../../trail/tile-source.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { listUnread } from '../describe-scope.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  parseCount,
  readTrust,
} from '../options.ts';
import { createProgress } from '../progress.ts';

interface TrailCommandOptions extends OutputOptions, ChainOptions {
  readonly log: string;
  readonly checkpoint: readonly string[];
  readonly anchoredOnly?: boolean;
  readonly workers?: number;
}

export function addTrailCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('trail')
    .description('audit a whole log: every tile, record, session and anchor')
    .requiredOption('--log <location>', 'URL or folder of the log (C2SP tlog-tiles)')
    .addOption(
      new Option('--checkpoint <file>', 'an earlier checkpoint to hold the log to; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--anchored-only', 'stop at the last final anchor; what lies beyond is listed as not checked')
    .option('--workers <n>', 'threads that read and hash (default: one a core)', parseCount);
  addOutputOptions(addChainOptions(command)).action((options: TrailCommandOptions) =>
    run(() => auditTrail(io, options)),
  );
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

async function auditTrail(io: Io, options: TrailCommandOptions): Promise<number> {
  const progress = createProgress(io, options.quiet === true);
  const trust = await readTrust(options);
  const earlier = await Promise.all(
    options.checkpoint.map(async (path) => ({ text: await readText(path), source: path })),
  );
  progress.step('reading checkpoint and anchors');
  const result = await runTrail({
    base: baseOf(options.log),
    trust,
    chain: await openChain(io, options, trust),
    earlier,
    isAnchoredOnly: options.anchoredOnly === true,
    ...(options.workers !== undefined && { workers: options.workers }),
    onProgress: (done, total) => progress.advance('records', done, total),
  });
  progress.end();
  const { findings, size, beyond, origin, counts } = result;
  return finishAudit(io, options, {
    command: 'trail',
    subject: `${size} records of log ${origin ?? nameOf(options.log)}`,
    findings,
    notChecked: [
      ...(beyond > 0 ? [`${beyond} records beyond the last final anchor`] : []),
      ...(earlier.length === 0 ? ['earlier checkpoints: pass those you kept with --checkpoint FILE'] : []),
      ...listUnread(counts),
      'the manifests and weights behind the models: testigo-audit verify FIRST..LAST --model DIR',
    ],
    verifiedMeans: `All ${size} records are in the log, in order and complete, and no anchor contradicts them.`,
    extras: { counts },
  });
}

const NO_CHAIN: Omit<TrailChain, 'readAnswer'> = { readClaim: async () => [] };

async function openChain(io: Io, options: ChainOptions, trust: Trust | undefined): Promise<TrailChain> {
  const [first] = options.chain;
  if (first === undefined) return { ...NO_CHAIN, readAnswer: async () => ({ status: 'not-given' }) };
  if (trust === undefined)
    return { ...NO_CHAIN, readAnswer: async () => ({ status: 'not-pinned', source: first.host }) };
  const { openTrailChain } = await import('../../chain/trail-chain.ts');
  return openTrailChain(options.chain, trust, io.signal);
}
