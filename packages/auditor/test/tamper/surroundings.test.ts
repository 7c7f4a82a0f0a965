import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type RpcRequest, startFaultyNode } from '../faulty-node.ts';
import { runCli } from '../run-cli.ts';
import { createWorld, hex, type World, writeSamples } from '../world.ts';
import { flipHex } from './bundle-mutations.ts';

let world: World;
let bundle: string;
let unanchored: string;
beforeAll(async () => {
  world = await createWorld({ anchorSizes: [3, 6] });
  bundle = await world.writeBundle(world.bundle(2, 5, 6), 'good.json');
  unanchored = await world.writeBundle(world.bundle(7, 8), 'unanchored.json');
});
afterAll(() => world?.stop());

interface Case {
  readonly path?: string;
  readonly chain?: readonly string[];
  readonly trust?: Record<string, unknown> | 'none';
  readonly more?: readonly string[];
}

let written = 0;
async function verify({ path = bundle, chain = [world.chain.url], trust = {}, more = [] }: Case) {
  const pins = { ...world.trust(), ...(trust === 'none' ? {} : trust) };
  written += 1;
  const trustFile = await world.write(`trust-${written}.json`, JSON.stringify(pins));
  const args = ['verify', path, ...chain.flatMap((url) => ['--chain', url]), ...more, '--format', 'json'];
  const { exitCode, stdout, stderr } = await runCli(
    trust === 'none' ? args : [...args, '--trust', trustFile],
  );
  const report = JSON.parse(stdout) as { outcome: string; findings: { code: string; outcome: string }[] };
  const codes = report.findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return { exitCode, stderr, outcome: report.outcome, codes };
}

const inconclusive = (...codes: string[]) => ({ exitCode: 3, stderr: '', outcome: 'inconclusive', codes });
const failed = (...codes: string[]) => ({ exitCode: 1, stderr: '', outcome: 'failed', codes });

async function withNode<T>(
  fault: (
    request: RpcRequest,
    answer: () => Promise<unknown>,
  ) => Promise<Fault | undefined> | Fault | undefined,
  use: (url: string, requests: RpcRequest[]) => Promise<T>,
): Promise<T> {
  const node = await startFaultyNode(world.chain.url, fault);
  try {
    return await use(node.url, node.requests);
  } finally {
    await node.stop();
  }
}

describe('what is missing is never verified', () => {
  it('the untouched case is verified, so that every case below fails for its own reason', async () => {
    expect(await verify({})).toEqual({ exitCode: 0, stderr: '', outcome: 'verified', codes: [] });
  });

  it('no trust file', async () => {
    const codes = [
      'trust-missing',
      'registry-unpinned',
      'model-unchecked',
      'dataset-custodians-unpinned',
      'dataset-unchecked',
    ];
    expect(await verify({ trust: 'none' })).toEqual(inconclusive(...codes));
  });

  it('no chain', async () => {
    expect(await verify({ chain: [] })).toEqual(
      inconclusive('chain-not-given', 'model-unchecked', 'dataset-unchecked'),
    );
  });

  it('a chain that does not answer', async () => {
    const codes = ['chain-unreachable', 'model-unchecked', 'dataset-unchecked'];
    expect(await verify({ chain: ['http://127.0.0.1:9'] })).toEqual(inconclusive(...codes));
  });

  it.each<[string, Fault]>([
    ['an error page', { status: 200, body: '<html>busy</html>' }],
    ['a server error', { status: 503, body: '' }],
    ['JSON that is no answer', { status: 200, body: '[]' }],
    ['a refusal', { error: { code: -32601, message: 'no such method' } }],
    ['nonsense where a number belongs', { result: 'seven' }],
  ])('a chain that answers with %s', async (_, fault) => {
    const codes = ['chain-unreachable', 'model-unchecked', 'dataset-unchecked'];
    expect(
      await withNode(
        () => fault,
        (url) => verify({ chain: [url] }),
      ),
    ).toEqual(inconclusive(...codes));
  });

  it('the second of two providers does not answer', async () => {
    const codes = ['chain-unreachable', 'model-unchecked', 'dataset-unchecked'];
    expect(await verify({ chain: [world.chain.url, 'http://127.0.0.1:9'] })).toEqual(inconclusive(...codes));
  });

  it('another chain than the pinned one', async () => {
    const other = (request: RpcRequest) => (request.method === 'eth_chainId' ? { result: '0x1' } : undefined);
    const codes = ['chain-other', 'model-unchecked', 'dataset-unchecked'];
    expect(await withNode(other, (url) => verify({ chain: [url] }))).toEqual(inconclusive(...codes));
  });

  it('no contract at the pinned address', async () => {
    const path = await world.writeBundle(world.bundle(2, 6), 'no-claim.json');
    const trust = { registry: world.chain.accounts[9]!.address };
    expect(await verify({ path, trust })).toEqual(
      inconclusive('registry-absent', 'model-unchecked', 'dataset-unchecked'),
    );
  });

  it('no anchor that covers the record', async () => {
    expect(await verify({ path: unanchored })).toEqual(inconclusive('anchor-missing'));
  });

  it('an anchor whose block is not final', async () => {
    const young = (request: RpcRequest) =>
      request.method === 'eth_getBlockByNumber' && request.params[0] === 'finalized'
        ? { result: { number: `0x${(world.anchors[1]!.blockNumber - 1).toString(16)}` } }
        : undefined;
    expect(await withNode(young, (url) => verify({ chain: [url] }))).toEqual(
      inconclusive('anchor-not-final'),
    );
  });

  it('a chain that knows no final block', async () => {
    const none = (request: RpcRequest) =>
      request.method === 'eth_getBlockByNumber' && request.params[0] === 'finalized'
        ? { error: { code: -32602, message: 'unknown tag' } }
        : undefined;
    const codes = ['anchor-not-final', 'model-not-final', 'dataset-not-final'];
    expect(await withNode(none, (url) => verify({ chain: [url] }))).toEqual(inconclusive(...codes));
  });

  it('a node that has not caught up with the claimed anchor', async () => {
    const before = world.anchors[1]!.blockNumber - 1;
    const isTag = (block: unknown) => block === 'latest' || block === 'finalized';
    const behind = async ({ method, params }: RpcRequest, answer: () => Promise<unknown>) => {
      if (method === 'eth_getBlockByNumber' && isTag(params[0]))
        return { result: { number: `0x${before.toString(16)}` } };
      if (method !== 'eth_getLogs' && method !== 'eth_call') return undefined;
      if (method === 'eth_getLogs') {
        const logs = (await answer()) as { blockNumber: string }[];
        return { result: logs.filter((log) => Number(log.blockNumber) <= before) };
      }
      return params[1] === 'latest' ? undefined : { result: await answer() };
    };
    const result = await withNode(behind, (url) => verify({ chain: [url] }));
    expect(result).toEqual(inconclusive('anchor-missing'));
  });

  it('no custodian in the trust file', async () => {
    expect(await verify({ trust: { custodians: [] } })).toEqual(inconclusive('dataset-custodians-unpinned'));
  });

  it('a file of the model missing', async () => {
    const dir = join(world.dir, 'model-without-weights');
    await cp(world.modelDir, dir, { recursive: true });
    await rm(join(dir, 'weights.bin'));
    expect(await verify({ more: ['--model', dir] })).toEqual(inconclusive('model-file-missing'));
  });
});

describe('what surrounds the bundle is checked too', () => {
  it('other code at the address of the registry', async () => {
    expect(await verify({ trust: { codeHash: hex('other code') } })).toEqual(
      failed('registry-code-mismatch', 'model-unchecked', 'dataset-unchecked'),
    );
  });

  it('a head that is not the last anchor', async () => {
    const withoutLast = async ({ method }: RpcRequest, answer: () => Promise<unknown>) =>
      method === 'eth_getLogs' ? { result: ((await answer()) as unknown[]).slice(0, 1) } : undefined;
    const path = await world.writeBundle(world.bundle(2, 5, 3), 'small-anchor.json');
    const result = await withNode(withoutLast, (url) => verify({ path, chain: [url] }));
    expect(result).toEqual(failed('anchor-head-mismatch'));
  });

  it('two providers that disagree', async () => {
    const lie = async ({ method }: RpcRequest, answer: () => Promise<unknown>) => {
      if (method !== 'eth_getLogs') return undefined;
      const logs = (await answer()) as { topics: string[] }[];
      return {
        result: logs.map((log) => ({
          ...log,
          topics: log.topics.map((t, i) => (i === 3 ? `0x${flipHex(t.slice(2))}` : t)),
        })),
      };
    };
    const result = await withNode(lie, (url) => verify({ chain: [world.chain.url, url] }));
    expect(result).toEqual(failed('chain-providers-disagree', 'model-unchecked', 'dataset-unchecked'));
  });

  it('providers that limit the range of a query are asked in pages', async () => {
    const limit = ({ method, params }: RpcRequest) => {
      const [{ fromBlock, toBlock } = { fromBlock: '0x0', toBlock: '0x0' }] = params as {
        fromBlock: string;
        toBlock: string;
      }[];
      const isWide = method === 'eth_getLogs' && Number(toBlock) - Number(fromBlock) >= 2;
      return isWide ? { error: { code: -32005, message: 'query returned more than 2 blocks' } } : undefined;
    };
    expect(await withNode(limit, (url) => verify({ chain: [url] }))).toMatchObject({ exitCode: 0 });
  });

  it('a byte of the weights', async () => {
    const dir = join(world.dir, 'model-changed');
    await cp(world.modelDir, dir, { recursive: true });
    const weights = await readFile(join(dir, 'weights.bin'));
    weights[3]! ^= 1;
    await writeFile(join(dir, 'weights.bin'), weights);
    expect(await verify({ more: ['--model', dir] })).toEqual(failed('model-file-mismatch'));
  });

  it('the folder of another model', async () => {
    const dir = join(world.dir, 'model-other');
    await cp(world.modelDir, dir, { recursive: true });
    await writeFile(
      join(dir, 'manifest.json'),
      (await readFile(join(dir, 'manifest.json'), 'utf8')).replace('test-model', 'best-model'),
    );
    expect(await verify({ more: ['--model', dir] })).toEqual(failed('model-manifest-differs'));
  });

  it.each<[string, string, (lines: string[]) => string[]]>([
    ['a label', 'samples-root-mismatch', ([first, ...rest]) => [first!.replace('angry', 'happy'), ...rest]],
    [
      'a digest',
      'samples-root-mismatch',
      (lines) => lines.map((line, i) => (i === 3 ? line.replace(/("pixelsSha256":")./, '$10') : line)),
    ],
    ['one sample less', 'samples-size-mismatch', (lines) => lines.slice(0, -1)],
    ['two samples swapped', 'samples-malformed', ([a, b, ...rest]) => [b!, a!, ...rest]],
    ['a line of junk', 'samples-malformed', (lines) => lines.map((line, i) => (i === 2 ? 'junk' : line))],
  ])('in the samples: %s', async (name, code, change) => {
    const lines = writeSamples(world.samples).trimEnd().split('\n');
    const path = await world.write(
      `samples-${name.replaceAll(' ', '-')}.ndjson`,
      `${change(lines).join('\n')}\n`,
    );
    const result = await verify({ more: ['--samples', path] });
    expect(result).toMatchObject({ exitCode: 1, outcome: 'failed', stderr: '' });
    expect(result.codes).toContain(code);
  });

  it.each(['', '{}', 'null', '{"type":"testigo.evidence"}'])('a bundle that is %j', async (content) => {
    const path = await world.write('broken.json', content);
    expect(await verify({ path })).toEqual(failed('bundle-malformed'));
  });
});

// Last in this file: what is revoked stays revoked.
describe('what was withdrawn', () => {
  it('a revoked model', async () => {
    await (await world.registry.revokeModel(`0x${world.modelVersion}`, 'found poisoned')).wait();
    expect(await verify({})).toEqual(failed('model-revoked'));
  });

  it('a revoked dataset', async () => {
    await (await world.registry.revokeDataset(`0x${world.datasetRoot}`, 'found poisoned')).wait();
    expect(await verify({})).toEqual(failed('model-revoked', 'dataset-revoked'));
  });
});

describe('usage', () => {
  it.each<[string, string[]]>([
    ['no command', []],
    ['an unknown command', ['verifi']],
    ['an unknown option', ['verify', 'x', '--trusst', 'y']],
    ['a file that is not there', ['verify', '/nonexistent/bundle.json']],
    ['a chain that is no URL', ['verify', 'x', '--chain', 'localhost']],
    ['an unknown format', ['verify', 'x', '--format', 'pdf']],
  ])('%s exits with 2, says why on stderr and nothing on stdout', async (_, args) => {
    const result = await runCli(args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
  });

  it('a trust file with a misspelt pin is refused with every problem named', async () => {
    const path = await world.write(
      'bad-trust.json',
      JSON.stringify({ ...world.trust(), regisTry: 'x', chainId: 'one' }),
    );
    const result = await runCli(['verify', bundle, '--trust', path]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/chainId.*regisTry/s);
  });
});
