import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFaultyNode } from './faulty-node.ts';
import { runCli } from './run-cli.ts';
import { createWorld, hex, ORIGIN, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ anchorSizes: [3, 5, 8] });
  const subject = `0x${world.modelVersion}`;
  await (await world.registry.publishVerdict(subject, 2, 1, `0x${hex('report 1')}`)).wait();
  await (await world.registry.publishVerdict(`0x${world.datasetRoot}`, 3, 2, `0x${hex('report 2')}`)).wait();
  await (await world.registry.recordDetection(`0x${hex('leaf')}`, subject, `0x${world.datasetRoot}`)).wait();
});
afterAll(() => world?.stop());

interface Answer {
  readonly rows: { event: string; block: number; time: string; fields: Record<string, string | number> }[];
  readonly next?: string;
}

async function query(args: readonly string[], chain = world.chain.url): Promise<Answer> {
  const { stdout, stderr, exitCode } = await runCli([
    'query',
    '--chain',
    chain,
    '--trust',
    world.trustFile,
    '--format',
    'json',
    ...args,
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return JSON.parse(stdout) as Answer;
}
const events = ({ rows }: Answer) => rows.map((row) => row.event);

describe('query', () => {
  it('finds anchors and batches of a log', async () => {
    const answer = await query(['--log', ORIGIN]);
    expect(events(answer)).toEqual(['LogOpened', 'Anchored', 'Anchored', 'Anchored']);
    const anchors = answer.rows.slice(1).map(({ fields }) => [fields.size, fields.modelVersion]);
    expect(anchors).toEqual([3, 5, 8].map((size) => [size, world.modelVersion]));
  });

  it('finds all about a model, and all about a dataset', async () => {
    const model = [
      'ModelRegistered',
      'Anchored',
      'Anchored',
      'Anchored',
      'VerdictPublished',
      'DetectionRecorded',
    ];
    expect(events(await query(['--model', world.modelVersion]))).toEqual(model);
    expect(events(await query(['--dataset', world.datasetRoot]))).toEqual(['DatasetApproved', ...model]);
    expect(events(await query(['--dataset', hex('unknown')]))).toEqual([]);
    const both = ['--dataset', world.datasetRoot, '--model'];
    expect(events(await query([...both, world.modelVersion, '--event', 'Anchored']))).toHaveLength(3);
    expect(events(await query([...both, hex('other model'), '--event', 'Anchored']))).toEqual([]);
    // Registered before the time that is asked for; the anchors are not.
    const [first] = (await query(['--log', ORIGIN, '--event', 'Anchored'])).rows;
    const since = ['--dataset', world.datasetRoot, '--event', 'Anchored', '--since', first!.time];
    expect(events(await query(since))).toEqual(['Anchored', 'Anchored', 'Anchored']);
  });

  it('finds verdicts by outcome', async () => {
    const { rows } = await query(['--verdict', 'failed']);
    expect(rows.map((row) => row.fields)).toMatchObject([
      { outcome: 'failed', kind: 'dataset', subject: world.datasetRoot },
    ]);
  });

  it('pages: the pages together are the whole, for every page size', async () => {
    const whole = await query([]);
    for (const limit of ['1', '3', '100']) {
      const rows: Answer['rows'] = [];
      let next: string | undefined;
      do {
        const page: Answer = await query([
          '--limit',
          limit,
          ...(next === undefined ? [] : ['--after', next]),
        ]);
        rows.push(...page.rows);
        next = page.next;
      } while (next !== undefined && limit !== '1');
      expect(rows).toEqual(limit === '1' ? whole.rows.slice(0, 1) : whole.rows);
    }
  });

  it('finds the same through a provider that limits ranges and drops every third answer', async () => {
    let count = 0;
    const node = await startFaultyNode(world.chain.url, ({ method, params }) => {
      count += 1;
      if (count % 3 === 0) return { status: 429, body: 'slow down' };
      const [{ fromBlock, toBlock } = { fromBlock: '0x0', toBlock: '0x0' }] = params as {
        fromBlock: string;
        toBlock: string;
      }[];
      const isWide = method === 'eth_getLogs' && Number(toBlock) - Number(fromBlock) >= 4;
      return isWide ? { error: { code: -32000, message: 'block range is too wide' } } : undefined;
    });
    try {
      expect(await query(['--log', ORIGIN], node.url)).toEqual(await query(['--log', ORIGIN]));
    } finally {
      await node.stop();
    }
  });

  it('filters by time', async () => {
    expect(events(await query(['--since', '2100-01-01']))).toEqual([]);
    expect(events(await query(['--before', '2001-01-01T00:00:00Z']))).toEqual([]);
    expect(await query(['--since', '2001-01-01', '--before', '2100-01-01'])).toEqual(await query([]));
  });

  it('shows a table to a person', async () => {
    const { stdout, exitCode } = await runCli([
      'query',
      '--chain',
      world.chain.url,
      '--trust',
      world.trustFile,
      '--event',
      'Anchored',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('size 8');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^3 rows up to block \d+$/);
  });

  it.each([
    '--event LogOpened --model MODEL',
    '--event Anchored --verdict failed',
    '--log LOG --model MODEL --verdict failed',
    '--since 2026-11-26 --before 2026-11-25',
    '--since 2026-02-31',
  ])('refuses %s, which nothing could be found by', async (question) => {
    const words: Record<string, string> = { MODEL: world.modelVersion, LOG: ORIGIN };
    const args = question.split(' ').map((word) => words[word] ?? word);
    const pins = ['--chain', world.chain.url, '--trust', world.trustFile];
    const { exitCode, stdout, stderr } = await runCli(['query', ...args, ...pins]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('[usage]');
  });

  it('lists nothing for a dataset that no model was trained on', async () => {
    expect(events(await query(['--event', 'Anchored', '--dataset', hex('no such dataset')]))).toEqual([]);
  });

  it('is inconclusive, not empty, where the chain does not answer', async () => {
    const result = await runCli([
      'query',
      '--chain',
      'http://127.0.0.1:9',
      '--trust',
      world.trustFile,
      '--format',
      'json',
    ]);
    expect(result).toMatchObject({ exitCode: 3, stderr: '' });
    expect(result.stdout).toContain('chain-unreachable');
  });
});
