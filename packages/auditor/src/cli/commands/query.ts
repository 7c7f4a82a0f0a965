import type { Finding } from '@testigo/trail';
import Table from 'cli-table3';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { findDisagreement, type QueryPage } from '../../chain/compare-pages.ts';
import type { Cursor, EventRow } from '../../chain/query-events.ts';
import { AuditError } from '../../errors.ts';
import { makeFinding } from '../../findings/table.ts';
import { cleanText } from '../../report/clean-text.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { checkChain } from '../../verify/check-chain.ts';
import { finishAudit } from '../finish.ts';
import { type Io, type Run, writeResult } from '../io.ts';
import {
  addChainOptions,
  type ChainOptions,
  parseCount,
  parseHash,
  parseTime,
  readTrust,
} from '../options.ts';
import { createProgress, type Progress } from '../progress.ts';

const EVENTS = [
  'Anchored',
  'DatasetApproved',
  'DatasetRevoked',
  'DetectionRecorded',
  'LogOpened',
  'ModelRegistered',
  'ModelRevoked',
  'VerdictPublished',
] as const;

interface QueryOptions extends ChainOptions {
  readonly log?: string;
  readonly model?: string;
  readonly dataset?: string;
  readonly verdict?: 'verified' | 'failed' | 'inconclusive';
  readonly event?: (typeof EVENTS)[number];
  readonly since?: number;
  readonly before?: number;
  readonly limit: number;
  readonly after?: Cursor;
  readonly latest?: boolean;
  readonly format: 'text' | 'json';
  readonly output?: string;
  readonly quiet?: boolean;
}

export function addQueryCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('query')
    .description('list what the registry says: anchors, models, datasets, detections, verdicts')
    .option('--log <origin>', 'of this log, by origin or id')
    .option('--model <version>', 'about this model version', parseHash)
    .option('--dataset <root>', 'about this dataset and the models trained on it', parseHash)
    .addOption(
      new Option('--verdict <outcome>', 'verdicts with this outcome').choices([
        'verified',
        'failed',
        'inconclusive',
      ]),
    )
    .addOption(new Option('--event <name>', 'only this event').choices([...EVENTS]))
    .option('--since <time>', 'at or after this time (ISO 8601)', parseTime)
    .option('--before <time>', 'before this time (ISO 8601)', parseTime)
    .option('--limit <n>', 'rows of this page', parseCount, 100)
    .option('--after <cursor>', 'go on where the page before ended', parseCursor)
    .option('--latest', 'include blocks that are not final yet')
    .addOption(
      new Option('--format <format>', 'form of the result').choices(['text', 'json']).default('text'),
    )
    .option('--output <file>', 'write the result to a file instead of stdout')
    .option('--quiet', 'no progress on stderr');
  addChainOptions(command).action((options: QueryOptions) => run(() => query(io, options)));
}

function parseCursor(text: string): Cursor {
  const [, block, logIndex] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (block === undefined) throw new InvalidArgumentError('A cursor looks like 123:4.');
  return { block: Number(block), logIndex: Number(logIndex) };
}

async function query(io: Io, options: QueryOptions): Promise<number> {
  const trust = await readTrust(options);
  const [url] = options.chain;
  if (trust === undefined || url === undefined)
    throw new AuditError('usage', 'query needs --chain URL and --trust FILE');
  await checkQuestion(options);
  const { readChain } = await import('../../chain/read-facts.ts');
  const answer = await readChain(
    options.chain,
    { registry: trust.registry, fromBlock: trust.deployedAtBlock },
    io.signal,
  );
  const refuse = (findings: readonly Finding[]) => {
    const { format, output } = options;
    const input = { command: 'query', subject: url.host, findings, notChecked: [], verifiedMeans: '' };
    return finishAudit(io, { format, ...(output !== undefined && { output }) }, input);
  };
  const pinned = checkChain(answer, trust);
  if (pinned.value === undefined) return refuse(pinned.findings);
  const { finalBlock, latestBlock, source } = pinned.value;
  const end = options.latest === true ? latestBlock : finalBlock;
  if (end < 0) return refuse([makeFinding('chain-final-unknown', { expected: 'a final block', source })]);
  const progress = createProgress(io, options.quiet === true);
  const pages: QueryPage[] = [];
  for (const one of options.chain) pages.push(await collectRows(io, one, trust, options, end, progress));
  progress.end();
  const disagreement = findDisagreement(pages, finalBlock);
  if (disagreement !== undefined) return refuse([disagreement]);
  const [{ rows, next }] = pages as [QueryPage];
  const shown =
    options.format === 'json'
      ? `${JSON.stringify({ queryVersion: 1, upToBlock: end, rows, ...(next && { next }) }, null, 2)}\n`
      : tabulate(rows, next, end);
  await writeResult(io, shown, options.output);
  return 0;
}

/** An empty list must mean that there is nothing, never that nothing could have been in it. @throws AuditError `usage` */
async function checkQuestion({ event, since, before, ...filters }: QueryOptions): Promise<void> {
  if (since !== undefined && before !== undefined && since >= before)
    throw new AuditError('usage', '--since must be earlier than --before');
  const { isAnswerable } = await import('../../chain/query-events.ts');
  if (isAnswerable({ ...filters, ...(event && { events: [event] }) })) return;
  const given = (['log', 'model', 'dataset', 'verdict'] as const).filter(
    (name) => filters[name] !== undefined,
  );
  const names = given.map((name) => `--${name}`).join(' and ');
  throw new AuditError(
    'usage',
    `${event === undefined ? 'no event' : `no ${event} event`} can be found by ${names}`,
  );
}

async function collectRows(
  io: Io,
  url: URL,
  trust: Trust,
  options: QueryOptions,
  end: number,
  progress: Progress,
): Promise<QueryPage> {
  const [{ JsonRpc }, { RegistryReader }, { findBlockAt, queryEvents }] = await Promise.all([
    import('../../chain/json-rpc.ts'),
    import('../../chain/registry-reader.ts'),
    import('../../chain/query-events.ts'),
  ]);
  const reader = new RegistryReader(new JsonRpc(url, io.signal), trust.registry);
  const whole = { from: trust.deployedAtBlock, to: end };
  const range = {
    from: options.since === undefined ? whole.from : await findBlockAt(reader, options.since, whole),
    to: options.before === undefined ? whole.to : (await findBlockAt(reader, options.before, whole)) - 1,
  };
  const { event, limit, after } = options;
  const filter = {
    ...options,
    deployedAtBlock: trust.deployedAtBlock,
    ...(event && { events: [event] }),
  };
  const rows: EventRow[] = [];
  let next: string | undefined;
  for await (const row of queryEvents(reader, filter, range, after, (done, total) =>
    progress.advance('blocks', done, total),
  )) {
    if (rows.length === limit) {
      next = `${row.block}:${row.logIndex}`;
      break;
    }
    rows.push(row);
  }
  return { source: url.host, rows, ...(next !== undefined && { next }) };
}

function tabulate(rows: readonly EventRow[], next: string | undefined, end: number): string {
  const table = new Table({
    head: ['time', 'block', 'event', 'what it says'],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  for (const { time, block, event, fields } of rows) {
    const text = Object.entries(fields).map(([name, value]) => cleanText(`${name} ${value}`));
    table.push([`${time.slice(0, 19)}Z`, block, event, text.join('\n')]);
  }
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} up to block ${end}`;
  const more = next === undefined ? '' : `; more with --after ${next}`;
  return `${rows.length > 0 ? `${table.toString()}\n` : ''}${count}${more}\n`;
}
