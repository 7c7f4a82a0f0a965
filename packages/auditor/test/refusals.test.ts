// Nothing is read in a refusal: the model that it names is no condition of it, and nothing in it vouches for the model.
import { encodeRecord, type RecordOf, type TrailRecord } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFaultyNode } from './faulty-node.ts';
import { anchorRest, signLog } from './grown-log.ts';
import { hex, makeSession } from './records.ts';
import { runCli } from './run-cli.ts';
import { createWorld, id, type World } from './world.ts';

const NOBODYS = hex('nobody registered this');
const UNREAD = 'nothing was read by it';
let world: World;
/** The world's own, then a refusal on a model that nobody registered, and one on the world's model. */
let records: Uint8Array[];
let log: string;

const refuse = (n: number, fields: Partial<RecordOf<'REFUSAL'>> = {}): TrailRecord => ({
  type: 'REFUSAL',
  version: 1,
  id: id(9000 + n),
  time: 1_790_000_100 + n,
  reason: 'model-not-registered',
  policy: 'policy-1',
  modelVersion: NOBODYS,
  ...fields,
});

beforeAll(async () => {
  world = await createWorld({ detections: 2, anchorSizes: [4] });
  const { modelVersion } = world;
  records = [...world.records, ...[refuse(0), refuse(1, { modelVersion })].map(encodeRecord)];
  log = signLog(world, 'log', records);
  await anchorRest(world, records, {});
});
afterAll(() => world?.stop());

interface Report {
  readonly conclusion: string;
  readonly notChecked: readonly string[];
  readonly findings: readonly { code: string; check: string; outcome: string; seen?: string }[];
}

async function audit(command: readonly string[], chain = world.chain.url) {
  const pins = ['--trust', world.trustFile, '--chain', chain];
  const { exitCode, stdout, stderr } = await runCli([...command, ...pins, '--format', 'json']);
  expect(stderr).toBe('');
  const { findings, notChecked, conclusion } = JSON.parse(stdout) as Report;
  return {
    exitCode,
    conclusion,
    notChecked: notChecked.join('\n'),
    codes: findings.map(({ code }) => code),
    checks: new Set(findings.map(({ check }) => check)),
    seenBy: (code: string) => findings.find((finding) => finding.code === code)?.seen,
  };
}

const grow = (name: string, ...more: readonly TrailRecord[]) =>
  signLog(world, name, [...records, ...more.map(encodeRecord)]);
const trail = (dir: string) => audit(['trail', '--log', dir]);
const verify = (target: string, dir = log, ...options: readonly string[]) =>
  audit(['verify', target, '--log', dir, ...options]);

describe('a refusal on a model that does not stand', () => {
  it.each([
    ['by its id', id(9000)],
    ['in a range', '4..5'],
  ])('is verified %s, and nothing is said of a model', async (_, target) => {
    const { exitCode, checks, notChecked, conclusion } = await verify(target);
    expect([...checks].sort()).toEqual(['anchor', 'checkpoint', 'inclusion', 'record']);
    expect(notChecked).toContain(UNREAD);
    expect(conclusion).not.toMatch(/registered|approved/);
    expect(exitCode).toBe(0);
  });

  it('is verified in the whole log, where its model does not count as looked at', async () => {
    const { exitCode, seenBy, notChecked } = await trail(log);
    expect(seenBy('trail-models-registered')).toBe(`${world.modelVersion}: 2`);
    expect(notChecked).toContain(UNREAD);
    expect(exitCode).toBe(0);
  });

  it('has the registry asked about no model and no data', async () => {
    const node = await startFaultyNode(world.chain.url, () => undefined);
    try {
      for (const target of [id(9001), '4..5'])
        expect(
          (await audit(['verify', target, '--log', log, '--model', world.modelDir], node.url)).exitCode,
        ).toBe(0);
      const views = ['modelOf', 'datasetOf'] as const;
      const selectors = views.map((view) => world.registry.interface.getFunction(view).selector);
      const asked = node.requests.filter(
        ({ method, params }) =>
          method === 'eth_call' &&
          selectors.some((selector) => (params[0] as { data: string }).data.startsWith(selector)),
      );
      expect(asked).toEqual([]);
    } finally {
      await node.stop();
    }
  });

  it.each(['text', 'html'])('says so in %s', async (format) => {
    const args = ['verify', id(9000), '--log', log, '--trust', world.trustFile, '--chain', world.chain.url];
    const { stdout } = await runCli([...args, '--format', format]);
    expect(stdout).toContain(
      `the model ${NOBODYS}, its weights and its data: the record is a refusal, ${UNREAD}`,
    );
    expect(stdout).toContain(`It is a refusal: its model was not judged, ${UNREAD}.`);
  });

  it('takes no place among the models that are looked up', async () => {
    const many = Array.from({ length: 300 }, (_, n) => refuse(10 + n, { modelVersion: hex(`model ${n}`) }));
    const dir = grow('many', ...many);
    expect((await trail(dir)).codes).not.toContain('trail-models-too-many');
    expect((await verify(`0..${records.length + 299}`, dir)).codes).not.toContain('model-claims-too-many');
  });
});

describe('what is shown with a refusal', () => {
  it('is judged where it is the manifest of another model', async () => {
    const { exitCode, codes } = await verify(id(9000), log, '--model', world.modelDir);
    expect(codes).toContain('model-manifest-differs');
    expect(exitCode).toBe(1);
  });

  it('is no word for its model where it fits', async () => {
    const { exitCode, checks } = await verify(id(9001), log, '--model', world.modelDir);
    expect(checks).not.toContain('model');
    expect(exitCode).toBe(0);
  });
});

describe('no way around the registry', () => {
  it.each(['label', 'scores', 'result'])('a refusal that commits to a %s holds a reading', async (field) => {
    const dir = grow(`reading-${field}`, refuse(2, { commitments: { [field]: hex('committed') } }));
    expect((await trail(dir)).codes).toContain('trail-model-unregistered');
    for (const target of [id(9002), '0..6'])
      expect((await verify(target, dir)).codes).toContain('model-unregistered');
  });

  it('a session that was opened on the model fails, though it holds refusals only', async () => {
    const [open] = makeSession({
      modelVersion: NOBODYS,
      datasetRoot: world.datasetRoot,
      datasetSize: world.samples.length,
      sessionId: id(8000),
      openedAt: 1_790_000_200,
      detections: 0,
      idOf: () => id(8001),
      commit: () => ({ frame: hex('f'), label: hex('l'), scores: hex('s'), capturedAt: hex('c') }),
    });
    const dir = grow('session', open!, refuse(3, { sessionId: id(8000), sequence: 1 }));
    const { codes, seenBy } = await trail(dir);
    expect(codes).toContain('trail-model-unregistered');
    expect(seenBy('trail-model-unregistered')).toBe('no such model');
    expect((await verify(id(8000), dir)).codes).toContain('model-unregistered');
  });
});
