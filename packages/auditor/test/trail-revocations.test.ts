import { encodeRecord, parseRecord, type TrailRecord } from '@testigo/trail';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFaultyNode } from './faulty-node.ts';
import { anchorRest, signLog } from './grown-log.ts';
import { hex, makeSession } from './records.ts';
import { runCli } from './run-cli.ts';
import { createWorld, id, type World } from './world.ts';

/** Past every revocation in this file: the chain's clock is the machine's, and is moved less than this. */
const LATER = 4_000_000_000;
const SESSION_LATER = id(2000);
let world: World;
/** The world's session of 2026-09, and after the revocation a second one of three readings. */
let records: Uint8Array[];
let log: string;
let snapshot: string;

beforeAll(async () => {
  world = await createWorld({ detections: 5, anchorSizes: [7] });
  const { modelVersion, datasetRoot, samples } = world;
  const later = makeSession({
    modelVersion,
    datasetRoot,
    datasetSize: samples.length,
    sessionId: SESSION_LATER,
    openedAt: LATER,
    detections: 3,
    idOf: (sequence) => id(3000 + sequence),
    commit: () => ({ frame: hex('f'), label: hex('l'), scores: hex('s'), capturedAt: hex('c') }),
  });
  records = [...world.records, ...[...later].map(encodeRecord)];
  log = makeLog('log', records);
  await anchorRest(world, records, { [modelVersion]: 3 });
});
afterAll(() => world?.stop());
beforeEach(async () => {
  snapshot = await world.provider.send('evm_snapshot', []);
});
afterEach(() => world.provider.send('evm_revert', [snapshot]));

const makeLog = (name: string, content: readonly Uint8Array[]): string => signLog(world, name, content);

const changeRecords = (change: (record: TrailRecord) => TrailRecord): Uint8Array[] =>
  records.map((bytes) => encodeRecord(change(parseRecord(bytes))));

interface Found {
  readonly code: string;
  readonly check: string;
  readonly outcome: string;
  readonly seen?: string;
}

async function audit(command: readonly string[], chains: readonly string[] = [world.chain.url]) {
  const pins = ['--trust', world.trustFile, ...chains.flatMap((url) => ['--chain', url])];
  const { exitCode, stdout, stderr } = await runCli([...command, ...pins, '--format', 'json']);
  expect(stderr).toBe('');
  const { findings, counts } = JSON.parse(stdout) as { findings: Found[]; counts?: Record<string, number> };
  const against = findings.filter(({ outcome }) => outcome !== 'verified');
  return {
    exitCode,
    counts,
    codes: against.map(({ code }) => code),
    seenBy: (code: string) => findings.find((finding) => finding.code === code)?.seen,
    /** What it says against models and data, but for the manifests, which only `verify` is shown. */
    aboutModels: new Set(
      against
        .filter(({ code, check }) => ['model', 'dataset'].includes(check) && !code.endsWith('-missing'))
        .map(({ code }) => code),
    ),
  };
}

/** The same log by both commands: `trail`, and `verify` of all its records. */
const auditBoth = async (dir: string, size: number, chains?: readonly string[]) => ({
  trail: await audit(['trail', '--log', dir], chains),
  verify: await audit(['verify', `0..${size - 1}`, '--log', dir, '--model', world.modelDir], chains),
});

const revokeModel = async () =>
  (await world.registry.revokeModel(`0x${world.modelVersion}`, 'weights leaked')).wait();
const revokeDataset = async () =>
  (await world.registry.revokeDataset(`0x${world.datasetRoot}`, 'poisoned')).wait();

describe('trail judges what was revoked as verify does', () => {
  it('finds nothing while nothing is revoked', async () => {
    const { trail } = await auditBoth(log, records.length);
    expect(trail).toMatchObject({ exitCode: 0, codes: [] });
    expect(Object.keys(trail.counts ?? {}).filter((name) => name.includes('revo'))).toEqual([]);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a model', 'model-revoked', revokeModel],
    ['a dataset', 'dataset-revoked', revokeDataset],
  ])('%s: every reading fails, and it says how many were made since', async (_, code, revoke) => {
    await revoke();
    const { trail, verify } = await auditBoth(log, records.length);
    expect([trail.exitCode, verify.exitCode]).toEqual([1, 1]);
    expect(trail.codes).toEqual([code]);
    expect(trail.aboutModels).toEqual(verify.aboutModels);
    expect(trail.seenBy(code)).toMatch(
      /^revoked \S+; named by 8 readings, of which 3 state that time or a later one$/,
    );
    expect(trail.counts).toMatchObject({
      'readings by what was revoked': 8,
      'of them made since, by their own time': 3,
    });
  });

  it('both revoked: both are found', async () => {
    await revokeModel();
    await revokeDataset();
    const { trail, verify } = await auditBoth(log, records.length);
    expect(trail.codes).toEqual(['model-revoked', 'dataset-revoked']);
    expect(trail.aboutModels).toEqual(verify.aboutModels);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['model', 'model-revoked', revokeModel],
    ['dataset', 'dataset-revoked', revokeDataset],
  ])('a session without a reading, opened on a revoked %s, fails too', async (name, code, revoke) => {
    const [open, ...rest] = [...sessionWithout()].map(encodeRecord);
    const dir = makeLog(`no-reading-${name}`, [open!, ...rest]);
    await revoke();
    const { codes, seenBy } = await audit(['trail', '--log', dir]);
    expect(codes).toContain(code);
    expect(seenBy(code)).toContain('named by 1 record');
  });

  it('readings that state another size of the dataset fail, as in verify', async () => {
    const changed = changeRecords((record) =>
      record.type === 'DETECTION' && record.time >= LATER ? { ...record, datasetSize: 70 } : record,
    );
    const { trail, verify } = await auditBoth(makeLog('size', changed), changed.length);
    expect(trail.codes).toContain('dataset-size-mismatch');
    expect(verify.codes).toContain('dataset-size-mismatch');
  });
});

describe('trail does not take a provider at its word', () => {
  it('a registration in no final block is inconclusive', async () => {
    const young = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? { result: null } : undefined,
    );
    try {
      const { trail, verify } = await auditBoth(log, records.length, [young.url]);
      expect([trail.exitCode, verify.exitCode]).toEqual([3, 3]);
      expect(trail.codes).toEqual(expect.arrayContaining(['model-not-final', 'dataset-not-final']));
      expect(trail.aboutModels).toEqual(verify.aboutModels);
    } finally {
      await young.stop();
    }
  });

  it.each([0, 1])('provider %i keeps the revocation back: the other tells', async (liar) => {
    const modelOf = world.registry.interface.getFunction('modelOf').selector;
    const before = await world.provider.send('eth_call', [
      { to: world.deployment.address, data: `${modelOf}${world.modelVersion}` },
      'latest',
    ]);
    await revokeModel();
    const lying = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_call' && (params[0] as { data: string }).data.startsWith(modelOf)
        ? { result: before }
        : undefined,
    );
    try {
      const chains = liar === 0 ? [lying.url, world.chain.url] : [world.chain.url, lying.url];
      const { trail, verify } = await auditBoth(log, records.length, chains);
      expect([trail.exitCode, verify.exitCode]).toEqual([1, 1]);
      expect(trail.codes).toContain('chain-providers-disagree');
    } finally {
      await lying.stop();
    }
  });

  it('asks once for a model, however many records name it', async () => {
    const counting = await startFaultyNode(world.chain.url, () => undefined);
    const countCalls = async (dir: string) => {
      const before = counting.requests.length;
      await audit(['trail', '--log', dir], [counting.url]);
      return counting.requests.slice(before).filter(({ method }) => method === 'eth_call').length;
    };
    try {
      const few = await countCalls(makeLog('few', records.slice(0, 2)));
      expect(await countCalls(log)).toBe(few);
    } finally {
      await counting.stop();
    }
  });

  it('a chain that stops answering takes nothing back of what the records show', async () => {
    const modelOf = world.registry.interface.getFunction('modelOf').selector;
    const mute = await startFaultyNode(world.chain.url, ({ method, params }) =>
      method === 'eth_call' && (params[0] as { data: string }).data.startsWith(modelOf)
        ? { error: { code: -32000, message: 'try later' } }
        : undefined,
    );
    try {
      const whole = await audit(['trail', '--log', log], [mute.url]);
      expect(whole.exitCode).toBe(3);
      expect(whole.codes).toEqual(expect.arrayContaining(['chain-unreachable', 'model-unchecked']));
      const asked = mute.requests.filter(({ method, params }) => {
        const [call] = params as [{ data?: string }];
        return method === 'eth_call' && call.data?.startsWith(modelOf);
      });
      expect(asked).toHaveLength(1);
      const twice = makeLog('twice', [...records, records[1]!]);
      const { exitCode, codes } = await audit(['trail', '--log', twice], [mute.url]);
      expect(exitCode).toBe(1);
      expect(codes).toEqual(expect.arrayContaining(['trail-record-duplicate', 'chain-unreachable']));
    } finally {
      await mute.stop();
    }
  });

  it('a revocation between the first record and the last is not missed', async () => {
    const modelOf = world.registry.interface.getFunction('modelOf').selector;
    const before = await world.provider.send('eth_call', [
      { to: world.deployment.address, data: `${modelOf}${world.modelVersion}` },
      'latest',
    ]);
    await revokeModel();
    let asked = 0;
    const late = await startFaultyNode(world.chain.url, ({ method, params }) => {
      if (method !== 'eth_call' || !(params[0] as { data: string }).data.startsWith(modelOf))
        return undefined;
      asked += 1;
      // the first look-up of the session's claim and of the readings': each asks for now and for the final block
      return asked <= 4 ? { result: before } : undefined;
    });
    try {
      const { exitCode, codes, counts, seenBy } = await audit(['trail', '--log', log], [late.url]);
      expect([exitCode, codes]).toEqual([1, ['model-revoked']]);
      // how many came after it was not counted, and it does not make a number up
      expect(seenBy('model-revoked')).toMatch(/; named by 8 readings$/);
      expect(counts).toMatchObject({ 'readings by what was revoked': 8 });
      expect(counts).not.toHaveProperty('of them made since, by their own time');
    } finally {
      await late.stop();
    }
  });
});

function sessionWithout() {
  const { modelVersion, datasetRoot, samples } = world;
  return makeSession({
    modelVersion,
    datasetRoot,
    datasetSize: samples.length,
    sessionId: id(4000),
    openedAt: 1_790_000_000,
    detections: 0,
    idOf: (sequence) => id(5000 + sequence),
    commit: () => ({ frame: hex('f'), label: hex('l'), scores: hex('s'), capturedAt: hex('c') }),
  });
}
