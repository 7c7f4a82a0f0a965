// A service whose model does not stand on chain refuses, and does right: what it wrote then must pass an audit, and
// what the model read before it was revoked must not.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestigoClient, unwrap } from '@testigo/inference-api/client';
import { shippedBundle } from '@testigo/model';
import { fromHex } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAuditor } from '../src/world/audit.ts';
import { loadSamplePictures } from '../src/world/pictures.ts';
import { registerModel } from '../src/world/publish.ts';
import { startWorld, type World } from './fixture.ts';

const NOT_JUDGED = 'nothing was read by it';
const DEADLINE_MS = 30_000;

let world: World;

beforeAll(async () => {
  const custodian = fromHex((await readFile(join(shippedBundle(), 'custodian.pub'), 'utf8')).trim(), 32);
  world = await startWorld({ bundleDir: shippedBundle(), custodian });
}, 120_000);

afterAll(() => world?.close());

interface Answered {
  readonly recordId: string;
  readonly code?: string;
}

const client = () => createTestigoClient({ baseUrl: world.apiUrl });

/** The second sample picture, which can be read; a session of its own unless one is named. */
async function send(sessionId?: string): Promise<Answered> {
  const [, picture] = await loadSamplePictures();
  const answer = await fetch(`${world.apiUrl}/v1/detections`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      image: Buffer.from(picture!.bytes).toString('base64'),
      ...(sessionId !== undefined && { sessionId }),
    }),
  });
  return (await answer.json()) as Answered;
}

async function openSession(): Promise<string> {
  const body = {
    purpose: 'fraud-detection',
    legalBasis: 'consent',
    deployer: 'testigo-demo',
    notice: 'notice-shown-in-the-demo',
    noticeShownAtMs: Date.now() - 2_000,
    consentGivenAtMs: Date.now() - 1_000,
    subjectRole: 'customer' as const,
    roles: ['customer' as const],
  };
  return (await unwrap(client().POST('/v1/sessions', { body }))).sessionId;
}

async function waitUntilReady(status: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while ((await fetch(`${world.apiUrl}/readyz`)).status !== status) {
    if (performance.now() > deadline) throw new Error(`the service did not answer ${status}`);
    await sleep(50);
  }
}

const pins = () => ['--chain', world.registry.chain.url, '--trust', world.trustFile];
const trail = () => runAuditor(['trail', '--log', world.apiUrl, ...pins(), '--format', 'json']);
const verifyTarget = (target: string) =>
  runAuditor([
    'verify',
    target,
    '--log',
    world.apiUrl,
    '--model',
    world.model.dir,
    ...pins(),
    '--format',
    'json',
  ]);
const verifyRecord = async ({ recordId }: Answered) => world.verify(await world.evidenceOf(recordId, []));

interface Report {
  readonly conclusion: string;
  readonly findings: readonly { code: string; check: string; outcome: string; seen?: string }[];
  readonly notChecked: readonly string[];
}

const against = ({ stdout }: { readonly stdout: string }) =>
  (JSON.parse(stdout) as Report).findings.filter(({ outcome }) => outcome !== 'verified');

function expectCleanRefusal({ exitCode, stdout, stderr }: Awaited<ReturnType<World['verify']>>): void {
  const { findings, notChecked, conclusion } = JSON.parse(stdout) as Report;
  expect(findings.filter(({ outcome }) => outcome !== 'verified')).toEqual([]);
  expect(findings.filter(({ check }) => ['model', 'dataset', 'samples'].includes(check))).toEqual([]);
  expect(notChecked.join()).toContain(NOT_JUDGED);
  expect(conclusion).not.toMatch(/model is registered|approved/);
  expect([exitCode, stderr]).toEqual([0, '']);
}

describe('a service whose model was never registered', () => {
  let refused: Answered;

  test('refuses, and the refusal is verified', async () => {
    refused = await send();
    expect(refused.code).toBe('model-not-registered');
    await world.anchor(refused.recordId);
    expectCleanRefusal(await verifyRecord(refused));
  });

  test('its whole log is verified, and no model counts as looked at', async () => {
    const run = await trail();
    const { findings, notChecked } = JSON.parse(run.stdout) as Report;
    expect(against(run)).toEqual([]);
    expect(findings.map(({ code }) => code)).not.toContain('trail-models-registered');
    expect(notChecked.join()).toContain(NOT_JUDGED);
    expect(run.exitCode).toBe(0);
  });
});

describe('a service whose model is revoked after a reading', () => {
  let [reading, refused]: [Answered?, Answered?] = [];
  let sessionId: string;

  beforeAll(async () => {
    await registerModel(world.registry, world.model);
    await waitUntilReady(200);
    sessionId = await openSession();
    reading = await send(sessionId);
    await world.registry
      .as(world.registry.actors.publisher)
      .revokeModel(`0x${world.model.modelVersion}`, 'weights leaked')
      .then((sent) => sent.wait());
    await waitUntilReady(503);
    refused = await send(sessionId);
    const params = { path: { id: sessionId } };
    await unwrap(client().POST('/v1/sessions/{id}/close', { params, body: { reason: 'ended' } }));
    const last = await send();
    expect([reading.code, refused.code, last.code]).toEqual([undefined, 'model-revoked', 'model-revoked']);
    await world.anchor(last.recordId);
  }, 120_000);

  test('the refusal is verified', async () => {
    expectCleanRefusal(await verifyRecord(refused!));
  });

  test('the reading fails, whenever it was made', async () => {
    const run = await verifyRecord(reading!);
    expect(against(run).map(({ code }) => code)).toEqual(['model-revoked']);
    expect(run.exitCode).toBe(1);
  });

  test('so does the session that was opened on the model', async () => {
    const run = await verifyTarget(sessionId);
    expect(against(run).map(({ code }) => code)).toEqual(['model-revoked']);
    expect(run.exitCode).toBe(1);
  });

  test('the whole log fails by the one reading, and by nothing else', async () => {
    const run = await trail();
    const found = against(run);
    expect(found.map(({ code }) => code)).toEqual(['model-revoked']);
    expect(found[0]?.seen).toMatch(/; named by 1 reading, of which [01] state that time or a later one$/);
    expect(run.exitCode).toBe(1);
  });
});
