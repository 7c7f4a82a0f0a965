import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeRoot, formatCheckpoint, hashLeaf, newLogSigner, signNote, toHex } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type RpcRequest, startFaultyNode } from '../faulty-node.ts';
import { writeLog } from '../make-log.ts';
import { runCli } from '../run-cli.ts';
import { createWorld, ORIGIN, type World } from '../world.ts';

const SIZE = 12;
let world: World;
let log: string;
let bundle: string;
/** Of a record that an anchor covers. */
let covered: string;
beforeAll(async () => {
  world = await createWorld({ detections: SIZE - 2, anchorSizes: [3, 7] });
  log = await makeLog(world.records);
  bundle = await world.writeBundle(world.bundle(9, SIZE));
  covered = await world.writeBundle(world.bundle(2, 7, 7), 'covered.json');
  await writeFile(join(world.modelDir, 'dataset.dsse.json'), world.envelope);
});
afterAll(() => world?.stop());

let logs = 0;
async function makeLog(records: readonly Uint8Array[]): Promise<string> {
  logs += 1;
  const dir = join(world.dir, `log-${logs}`);
  await mkdir(dir);
  const body = formatCheckpoint({
    origin: ORIGIN,
    size: records.length,
    root: computeRoot(records.map(hashLeaf)),
  });
  writeLog(dir, records, signNote(body, newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey })));
  return dir;
}

type Lie = (
  request: RpcRequest,
  answer: () => Promise<unknown>,
) => Promise<Fault | undefined> | Fault | undefined;

/** Audits with a lying provider named first, and an honest one after it unless `alone`. */
async function audit(command: string[], lie: Lie, others: readonly string[] = [world.chain.url]) {
  const node = await startFaultyNode(world.chain.url, lie);
  try {
    const chain = [node.url, ...others].flatMap((url) => ['--chain', url]);
    const { exitCode, stdout, stderr } = await runCli([
      ...command,
      ...chain,
      '--trust',
      world.trustFile,
      '--format',
      'json',
    ]);
    const findings = stdout.startsWith('{')
      ? ((JSON.parse(stdout) as { findings?: { code: string; outcome: string }[] }).findings ?? [])
      : [];
    const against = findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
    return { exitCode, stdout, stderr, against };
  } finally {
    await node.stop();
  }
}
const ALONE: readonly string[] = [];

interface RawLog {
  topics: string[];
  data: string;
  blockNumber: string;
}
const word = (n: number): string => n.toString(16).padStart(64, '0');

/** Invents an anchor of the whole log in a block that only the liar has, and calls that block final. */
function inventAnchor(): Lie {
  const root = `0x${toHex(computeRoot(world.leaves))}`;
  const future = '0x5000';
  return async ({ method, params }, answer) => {
    if (method === 'eth_getBlockByNumber') {
      const block = (await answer()) as Record<string, unknown> | null;
      const isTag = typeof params[0] === 'string' && !params[0].startsWith('0x');
      return {
        result: isTag
          ? { ...block, number: '0x6000' }
          : (block ?? { number: params[0], timestamp: '0x6a000000' }),
      };
    }
    if (method === 'eth_getLogs') {
      const result = (await answer()) as RawLog[];
      const last = result.at(-1);
      if (last === undefined) return { result };
      const made = {
        ...last,
        topics: last.topics.with(3, root),
        data: `0x${word(SIZE)}${last.data.slice(66)}`,
        blockNumber: future,
      };
      return { result: [...result, made] };
    }
    if (method !== 'eth_call') return undefined;
    const [{ data }, tag] = params as [{ data: string }, string];
    if (data.startsWith(world.registry.interface.getFunction('headOf').selector))
      return { result: `0x${word(SIZE)}${root.slice(2)}${word(1)}` };
    // the rest of what it says is true: as of the latest block
    const response = await fetch(world.chain.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method,
        params: [{ ...(params[0] as object) }, tag === '0x6000' ? 'latest' : tag],
      }),
    });
    return { result: ((await response.json()) as { result: unknown }).result };
  };
}

describe('two providers of which the first lies', () => {
  it('an anchor in a block that the other has not reached is not final', async () => {
    expect(await audit(['verify', bundle], inventAnchor())).toMatchObject({
      exitCode: 3,
      against: ['anchor-not-final'],
    });
  });

  it('nothing is final where the other knows no final block', async () => {
    const honest = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? { result: null } : undefined,
    );
    try {
      const result = await audit(['verify', bundle], inventAnchor(), [honest.url]);
      expect(result.exitCode).not.toBe(0);
    } finally {
      await honest.stop();
    }
  });

  it('a model that only it calls registered is found by trail', async () => {
    const stranger = 'ab'.repeat(32);
    const records = world.records
      .slice(0, 7)
      .map((bytes) => Buffer.from(Buffer.from(bytes).toString().replace(world.modelVersion, stranger)));
    expect(records).not.toEqual(world.records.slice(0, 7));
    const modelOf = world.registry.interface.getFunction('modelOf').selector;
    const lie: Lie = ({ method, params }) => {
      const [call] = params as [{ data?: string }];
      const isAsked =
        method === 'eth_call' && call?.data?.startsWith(modelOf) && call.data.includes(stranger);
      return isAsked ? { result: `0x${world.datasetRoot}${word(1)}${word(1)}${word(0)}` } : undefined;
    };
    const result = await audit(['trail', '--log', await makeLog(records)], lie);
    expect(result).toMatchObject({
      exitCode: 1,
      against: expect.arrayContaining(['chain-providers-disagree']),
    });
  });

  it('watch hears the honest one about the head', async () => {
    const headOf = world.registry.interface.getFunction('headOf').selector;
    const lie: Lie = ({ method, params }) => {
      const [call] = params as [{ data?: string }];
      const old = toHex(computeRoot(world.leaves.slice(0, 3)));
      return method === 'eth_call' && call?.data?.startsWith(headOf)
        ? { result: `0x${word(3)}${old}${word(1)}` }
        : undefined;
    };
    const state = join(world.dir, 'state-of-two.json');
    const short = await makeLog(world.records.slice(0, 5));
    const result = await audit(['watch', '--once', '--log', short, '--state', state], lie);
    expect(result).toMatchObject({ exitCode: 1, against: expect.arrayContaining(['watch-rolled-back']) });
  });

  it('query does not list what only it says', async () => {
    const hide: Lie = async ({ method }, answer) =>
      method === 'eth_getLogs' ? { result: ((await answer()) as unknown[]).slice(0, -1) } : undefined;
    const result = await audit(['query', '--event', 'Anchored'], hide);
    expect(result).toMatchObject({ exitCode: 1, against: ['chain-providers-disagree'] });
  });
});

describe('one provider that keeps things back', () => {
  const hideLast: Lie = async ({ method, params }, answer) => {
    const [filter] = params as [{ topics?: string[] }];
    const isAnchored = filter?.topics?.[0] === world.registry.interface.getEvent('Anchored').topicHash;
    if (method !== 'eth_getLogs' || !isAnchored) return undefined;
    return { result: ((await answer()) as RawLog[]).slice(0, 1) };
  };

  it('trail finds that the head is not the last anchor it was told of', async () => {
    const short = await makeLog(world.records.slice(0, 3));
    expect(await audit(['trail', '--log', short], hideLast, ALONE)).toMatchObject({
      exitCode: 1,
      against: ['anchor-head-mismatch'],
    });
  });

  it('watch is never satisfied with a log that the registry is said not to know', async () => {
    const unknown: Lie = ({ method, params }) => {
      const [call] = params as [{ data?: string }];
      const selector = call?.data?.slice(0, 10);
      const { interface: abi } = world.registry;
      if (method !== 'eth_call') return undefined;
      if (selector === abi.getFunction('logOf').selector) return { result: `0x${word(0).repeat(9)}` };
      const isOfLog = [abi.getFunction('headOf'), abi.getFunction('isStale')].some(
        (f) => f.selector === selector,
      );
      return isOfLog ? { error: { code: 3, message: 'execution reverted' } } : undefined;
    };
    const command = ['watch', '--once', '--log', log, '--state', join(world.dir, 'state-unknown.json')];
    expect((await audit(command, unknown, ALONE)).exitCode).toBe(3);
    expect(await audit(command, unknown, ALONE)).toMatchObject({
      exitCode: 3,
      against: ['watch-log-unknown'],
    });
  });

  it('query says that there is no final block, instead of listing nothing', async () => {
    const lie: Lie = ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? { result: null } : undefined;
    expect(await audit(['query'], lie, ALONE)).toMatchObject({
      exitCode: 3,
      against: ['chain-final-unknown'],
    });
    expect(await audit(['query', '--latest'], lie, ALONE)).toMatchObject({ exitCode: 0 });
  });
});

describe('one provider whose answers make no sense', () => {
  const nonsense: readonly [string, Lie][] = [
    ['logs that are null', ({ method }) => (method === 'eth_getLogs' ? { result: [null] } : undefined)],
    [
      'logs without topics',
      ({ method }) =>
        method === 'eth_getLogs'
          ? { result: [{ data: '0x', blockNumber: '0x1', logIndex: '0x0' }] }
          : undefined,
    ],
    [
      'a number that is too large for a time',
      async ({ method }, answer) => {
        if (method !== 'eth_getBlockByNumber') return undefined;
        return { result: { ...((await answer()) as object), timestamp: '0x1fffffffffffff' } };
      },
    ],
    ['a view that returns nothing', ({ method }) => (method === 'eth_call' ? { result: '0x' } : undefined)],
    ['code that is none', ({ method }) => (method === 'eth_getCode' ? { result: null } : undefined)],
    [
      'an error that drives the terminal',
      ({ method }) =>
        method === 'eth_getLogs'
          ? { error: { code: -1, message: '\u001b[2J\u001b[1;1H\u2714 VERIFIED' } }
          : undefined,
    ],
  ];
  const commands: readonly [string, () => string[]][] = [
    ['verify', () => ['verify', covered]],
    ['query', () => ['query']],
    ['watch', () => ['watch', '--once', '--log', log, '--state', join(world.dir, 'state-nonsense.json')]],
  ];
  it.each(
    nonsense.flatMap(([what, lie]) => commands.map(([name, args]) => [what, name, lie, args] as const)),
  )('%s: %s leaves no stack trace', async (_, __, lie, args) => {
    const { stderr } = await audit(args(), lie, ALONE);
    expect(stderr).not.toContain('\n    at ');
    expect(stderr).not.toContain('\u001b');
    expect(stderr.split('\n').length).toBeLessThanOrEqual(2);
  });
});
