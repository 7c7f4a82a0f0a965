import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DATASET_PAYLOAD_TYPE,
  datasetManifestDigest,
  encodeModelManifest,
  keyPairOf,
  modelVersionOf,
  sha256,
  signDsse,
  toHex,
  utf8,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poisonSet } from '../src/bench/attacks.ts';
import { readSamples } from '../src/files/read-samples.ts';
import { imageOf, type SampleSet } from '../src/poisoning/sample-set.ts';
import { startFaultyNode } from './faulty-node.ts';
import { approveDataset, registerModel } from './on-chain.ts';
import { runCli } from './run-cli.ts';
import { drawSyntheticFaces } from './synthetic-faces.ts';
import { createWorld, hex, makeModelFolder, makeStatementPayload, type World } from './world.ts';

const ROWS = 280;
const AUDITOR = sha256(utf8('auditor'));

let world: World;
let samples: string;
let manifest: string;
let verdict: string;
let trust: string;
let keyFile: string;
let root: string;
/** A model that was trained on the poisoned set. */
let modelDir: string;
let modelVersion: string;

const toCsv = (set: SampleSet): string =>
  [
    'emotion,pixels',
    ...Array.from(set.labels, (label, row) => `${label},${imageOf(set, row).join(' ')}`),
  ].join('\n');

beforeAll(async () => {
  world = await createWorld();
  const { set } = poisonSet(
    drawSyntheticFaces(ROWS, 'publish'),
    { kind: 'badnets', rate: 0.1, target: 3 },
    '1',
  );
  samples = await world.write('poisoned.csv', toCsv(set));
  const header = { name: 'made-up', licence: 'cc0-1.0', source: 'made' };
  const read = await readSamples(samples, header);
  root = read.root;
  const payload = makeStatementPayload(root, header.name, ROWS, { ...read.counts });
  const envelope = signDsse(DATASET_PAYLOAD_TYPE, payload, world.custodian.secretKey);
  manifest = await world.write('poisoned.dsse.json', JSON.stringify(envelope));
  const manifestDigest = toHex(datasetManifestDigest(payload));
  await approveDataset(world.registrar, { root, size: ROWS, manifestDigest });
  modelDir = join(world.dir, 'poisoned-model');
  const dataset = { root, size: ROWS, manifest: manifestDigest, selection: root };
  modelVersion = toHex(modelVersionOf(encodeModelManifest(await makeModelFolder(modelDir, dataset))));
  await cp(manifest, join(modelDir, 'dataset.dsse.json'));
  await registerModel(world.registrar, modelVersion, root);
  trust = await world.write(
    'publish-trust.json',
    JSON.stringify({ ...world.trust(), auditors: [toHex(keyPairOf(AUDITOR).publicKey)] }),
  );
  keyFile = await world.write('account.key', `${world.chain.accounts[0]!.privateKey}\n`);
  verdict = join(world.dir, 'verdict.json');
  const signing = await world.write('auditor.key', toHex(AUDITOR));
  const audit = ['dataset', '--samples', samples, '--verdict', verdict, '--sign-with', signing];
  expect(await runCli(audit)).toMatchObject({ exitCode: 1, stderr: '' });
});
afterAll(() => world?.stop());

interface Changes {
  readonly chain?: string;
  readonly trust?: string;
  readonly samples?: string;
  readonly verdict?: string;
  readonly key?: readonly string[];
  readonly env?: Record<string, string>;
}

async function publish(changes: Changes, ...more: string[]) {
  const args = ['publish', changes.verdict ?? verdict, '--samples', changes.samples ?? samples];
  const pins = ['--manifest', manifest, '--trust', changes.trust ?? trust, '--format', 'json'];
  const key = changes.key ?? ['--key-file', keyFile];
  const chain = ['--chain', changes.chain ?? world.chain.url];
  const { exitCode, stdout, stderr } = await runCli(
    [...args, ...pins, ...chain, ...key, ...more],
    changes.env,
  );
  const findings = stdout === '' ? [] : (JSON.parse(stdout) as { findings: { code: string }[] }).findings;
  return { exitCode, stderr, codes: findings.map(({ code }) => code) };
}

const SOUND = ['verdict-signed', 'samples-match', 'verdict-about-samples'];
const account = (n: number) => ({ TESTIGO_AUDITOR_KEY: world.chain.accounts[n]!.privateKey });
const countVerdicts = async () => {
  const args = ['query', '--chain', world.chain.url, '--trust', trust, '--dataset', root, '--format', 'json'];
  const { rows } = JSON.parse((await runCli(args)).stdout) as {
    rows: { event: string; fields: Record<string, unknown> }[];
  };
  return rows.filter(({ event }) => event === 'VerdictPublished').map(({ fields }) => fields);
};

/** What another audit of the same chain has against it. */
async function audit(...args: string[]) {
  const pins = ['--chain', world.chain.url, '--trust', trust, '--format', 'json'];
  const { exitCode, stdout } = await runCli([...args, ...pins]);
  const { findings } = JSON.parse(stdout) as { findings: { code: string; outcome: string }[] };
  const against = findings.filter(({ outcome }) => outcome !== 'verified').map(({ code }) => code);
  return { exitCode, against };
}

describe('publish', () => {
  it.each<[string, () => Promise<Changes>, number, string]>([
    [
      'by nobody the trust file names',
      async () => ({ trust: world.trustFile }),
      3,
      'verdict-auditors-unpinned',
    ],
    [
      'signed by somebody else',
      async () => {
        const auditors = [toHex(keyPairOf(sha256(utf8('somebody'))).publicKey)];
        return { trust: await world.write('t.json', JSON.stringify({ ...world.trust(), auditors })) };
      },
      1,
      'verdict-signature-invalid',
    ],
    [
      'without a signature',
      async () => ({ verdict: await world.write('bare.json', '{"conclusion":"clean"}') }),
      1,
      'verdict-malformed',
    ],
    [
      'on other samples',
      async () => {
        const other = await world.write('other.csv', await readFile(samples));
        await appendFile(other, `\n0,${'1 '.repeat(2304)}`);
        return { samples: other };
      },
      1,
      'verdict-samples-mismatch',
    ],
    [
      'where the chain does not answer',
      async () => ({ chain: 'http://127.0.0.1:9' }),
      3,
      'chain-unreachable',
    ],
  ])('sends nothing for a verdict %s', async (_, change, exitCode, code) => {
    const result = await publish(await change());
    expect(result).toMatchObject({ exitCode, stderr: '', codes: expect.arrayContaining([code]) });
    expect(await countVerdicts()).toEqual([]);
  });

  it.each<[string, () => Changes, string[], RegExp]>([
    [
      'without a key',
      () => ({ key: [] }),
      [],
      /needs an account key: --key-file FILE or TESTIGO_AUDITOR_KEY/,
    ],
    [
      'with a key that is none',
      () => ({ key: [], env: { TESTIGO_AUDITOR_KEY: 'secret' } }),
      [],
      /not 32 bytes/,
    ],
    ['without the role', () => ({ key: [], env: account(5) }), [], /lacks the auditor role \(AUDITOR_ROLE\)/],
  ])('is refused in one sentence %s', async (_, change, more, sentence) => {
    const { exitCode, stderr } = await publish(change(), ...more);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(await countVerdicts()).toEqual([]);
  });

  it('sends nothing at all when the revocation would be refused', async () => {
    const role = await world.registry.AUDITOR_ROLE();
    await (await world.registry.grantRole(role, world.chain.accounts[6]!.address)).wait();
    const { exitCode, stderr } = await publish({ key: [], env: account(6) }, '--revoke');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/neither the custodian of the dataset nor a guardian/);
    expect(await countVerdicts()).toEqual([]);
  });

  it('publishes, once, and a query finds it', async () => {
    const codes = [...SOUND, 'verdict-published'];
    expect(await publish({})).toEqual({ exitCode: 0, stderr: '', codes });
    const published = await countVerdicts();
    expect(published).toMatchObject([{ subject: root, outcome: 'failed', kind: 'dataset' }]);
    const { payload } = JSON.parse(await readFile(verdict, 'utf8')) as { payload: string };
    expect(published[0]!.reportDigest).toBe(toHex(sha256(Buffer.from(payload, 'base64'))));
    expect(await publish({})).toEqual({ exitCode: 0, stderr: '', codes });
    expect(await countVerdicts()).toEqual(published);
    expect(await audit('model', modelDir)).toEqual({ exitCode: 0, against: [] });
    expect(await world.registry.isUsable(`0x${modelVersion}`)).toBe(true);
  });

  it('does not call verified what is not final, nor send it again', async () => {
    const node = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized'
        ? { result: { number: '0x1' } }
        : undefined,
    );
    try {
      const codes = [...SOUND, 'verdict-not-final'];
      expect(await publish({ chain: node.url })).toEqual({ exitCode: 3, stderr: '', codes });
      expect(node.requests.filter(({ method }) => method === 'eth_sendRawTransaction')).toEqual([]);
    } finally {
      await node.stop();
    }
  });

  it('waits for an open transaction of the account instead of sending beside it', async () => {
    const node = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_getTransactionCount' && params[1] === 'pending' ? { result: '0xffff' } : undefined,
    );
    try {
      const codes = [...SOUND, 'verdict-not-mined'];
      expect(await publish({ chain: node.url }, '--revoke')).toEqual({ exitCode: 3, stderr: '', codes });
    } finally {
      await node.stop();
    }
  });

  it('lets a guardian who is no auditor revoke the poisoned dataset, which stops its model', async () => {
    const role = await world.registry.GUARDIAN_ROLE();
    await (await world.registry.grantRole(role, world.chain.accounts[7]!.address)).wait();
    const codes = [...SOUND, 'verdict-published', 'verdict-dataset-revoked'];
    for (const by of [{ key: [], env: account(7) }, {}])
      expect(await publish(by, '--revoke')).toEqual({ exitCode: 0, stderr: '', codes });
    expect(await countVerdicts()).toHaveLength(1);
    expect(await world.registry.isUsable(`0x${modelVersion}`)).toBe(false);
    expect(await audit('dataset', '--manifest', manifest)).toEqual({
      exitCode: 1,
      against: ['dataset-revoked'],
    });
    expect(await audit('model', modelDir)).toEqual({ exitCode: 1, against: ['dataset-revoked'] });
    await expect(world.registry.registerModel.staticCall(`0x${hex('next')}`, `0x${root}`)).rejects.toThrow(
      /DatasetIsRevoked/,
    );
  });
});
