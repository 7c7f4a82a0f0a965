import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { emptyPicture, facePicture } from './support/pictures.ts';
import { type ServiceProcess, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { openTestSession, sessionTerms } from './support/sessions.ts';
import { waitFor } from './support/wait.ts';
import { type Ground, prepareGround, SINGLE_PICTURES } from './support/world.ts';

/** Fields of the Elastic Common Schema 8 that the service uses; all of its own are under `testigo`. */
const ECS_FIELDS = new Set([
  '@timestamp',
  'message',
  'ecs.version',
  'log.level',
  'process.pid',
  'host.hostname',
  'service.name',
  'event.dataset',
  'event.duration',
  'event.outcome',
  'event.reason',
  'http.request.method',
  'http.response.status_code',
  'url.path',
  'url.full',
  'trace.id',
  'error.code',
  'error.type',
  'error.message',
  'error.stack_trace',
]);

const fieldsOf = (value: unknown, path = ''): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, item]) => fieldsOf(item, path === '' ? key : `${path}.${key}`))
    : [path];

let ground: Ground;
let folder: string;
let output = '';
let service: ServiceProcess | undefined;
let exitCode: number | null;
/** What must never be in a log. */
const secrets: string[] = [];

const useEverything = async (url: string, hookUrl: string): Promise<void> => {
  const face = await facePicture();
  const traceparent = `00-${'d'.repeat(32)}-${'e'.repeat(16)}-01`;
  secrets.push(face.toString('base64').slice(200, 260), 'Maria Lopes', '5551234');
  const hook = await post(`${url}/v1/webhooks`, { url: hookUrl, events: ['session.closed'] });
  const key = await post(`${url}/v1/keys`, { name: 'desk', scopes: ['read'] });
  secrets.push(hook.body.secret as string, (key.body.token as string).split('_')[2]!);
  await get(`${url}/v1/sessions`, { authorization: `Bearer ${key.body.token}`, traceparent });
  const sessionId = await openTestSession(url);
  const reading = await sendPicture(url, face, { sessionId });
  secrets.push(...Object.values(reading.body.scoresPpm as Record<string, number>).map((ppm) => `:${ppm},`));
  await sendPicture(url, await emptyPicture(), { sessionId });
  await sendPicture(url, face);
  const record = `${url}/v1/records/${reading.body.recordId}`;
  await get(`${record}/evidence?disclose=label,scores`);
  const decision = { reviewer: 'Maria Lopes', factReference: 'id-document-check-17', decision: 'no-action' };
  await post(`${url}/v1/detections/${reading.body.recordId}/review`, decision);
  await post(`${url}/v1/sessions`, { ...sessionTerms(), purpose: 'call-0176-5551234' });
  await post(`${url}/v1/sessions/${sessionId}/export`, { recipient: 'data-subject' });
  await post(`${url}/v1/sessions/${sessionId}/close`, { reason: 'call-ended' });
  const erasure = { reason: 'subject-request', overridingGround: 'gdpr-art-17' };
  await post(`${url}/v1/sessions/${sessionId}/erasure`, erasure);
};

beforeAll(async () => {
  ground = await prepareGround();
  folder = mkdtempSync(join(tmpdir(), 'testigo-logs-'));
  const receiver = await startReceiver();
  const { chain, address, bundleDir } = ground;
  const config = {
    dataDir: join(folder, 'data'),
    server: { port: 0 },
    model: { bundleDir },
    registry: { rpcUrl: chain.url, address, chainId: chain.chainId, pollMs: 200, maxAgeMs: 3_000 },
    policy: { singlePictures: SINGLE_PICTURES },
    webhooks: { allowedNetworks: ['127.0.0.1/32'], pollMs: 50 },
    logging: { format: 'ecs', level: 'debug' },
  };
  writeFileSync(join(folder, 'api.json'), JSON.stringify(config));
  const running = await startProcess(join(folder, 'api.json'));
  service = running;
  await useEverything(running.url, receiver.url);
  await receiver.waitFor(1);
  await ground.stop();
  const face = await facePicture();
  await waitFor(async () => (await sendPicture(running.url, face)).body.code === 'registry-unreachable');
  exitCode = await running.end('SIGTERM');
  output = running.output();
  await receiver.close();
});
afterAll(() => {
  service?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const lines = (): Record<string, unknown>[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log of a whole run', () => {
  it('is ECS, line by line, with no key twice and no field that the schema does not know', () => {
    expect(lines().length).toBeGreaterThan(15);
    for (const line of output.trim().split('\n'))
      expect(JSON.stringify(JSON.parse(line)).length).toBe(line.length);
    const unknown = lines()
      .flatMap((line) => fieldsOf(line))
      .filter((field) => !ECS_FIELDS.has(field) && !field.startsWith('testigo.'));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('names each request, its outcome and its trace', () => {
    const requests = lines().filter(({ message }) => message === 'request');
    for (const request of requests) expect(fieldsOf(request)).toContain('trace.id');
    expect(requests.some(({ trace }) => (trace as { id: string }).id === 'd'.repeat(32))).toBe(true);
    const codes = requests.map(({ error }) => (error as { code?: string } | undefined)?.code);
    for (const code of ['no-face', 'personal-data', 'registry-unreachable']) expect(codes).toContain(code);
    expect(lines().some(({ message }) => message === 'the registry did not answer')).toBe(true);
    expect(lines().some(({ message }) => message === 'webhook')).toBe(true);
  });

  it('holds no reading, no score, no picture, no name and no secret', () => {
    expect(output).not.toMatch(/happy|neutral|angry|surprise|disgust|\bsad\b|\bfear\b|ppm|confidence/i);
    for (const secret of secrets) expect(output).not.toContain(secret);
  });

  it('ends in order', () => {
    expect(exitCode).toBe(0);
    const at = lines().findIndex(({ message }) => message === 'shutting down');
    expect(lines()[at]).toMatchObject({ event: { reason: 'SIGTERM' } });
    // What was under way may still say how it ended: a question to the chain, and a webhook, which is waited for.
    const underWay = ['the registry did not answer', 'webhook'];
    const after = lines().slice(at + 1);
    expect(after.filter(({ message }) => !underWay.includes(String(message)))).toEqual([]);
  });
});
