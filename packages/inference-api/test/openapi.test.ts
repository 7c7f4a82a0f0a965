import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_ERRORS } from '../src/index.ts';
import { get } from './support/http.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground);
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

type Operation = { operationId: string; responses: Record<string, unknown>; security?: unknown[] };

describe('the API description', () => {
  it('is the one that is published beside the code', async () => {
    const { body } = await get(`${api.url}/openapi.json`);
    await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot('../openapi.json');
  });

  it('names every reference it uses, every operation once, and an answer for each', async () => {
    const { body } = await get(`${api.url}/openapi.json`);
    const text = JSON.stringify(body);
    const schemas = Object.keys((body.components as { schemas: object }).schemas);
    const used = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    expect(used.filter((name) => !schemas.includes(name ?? ''))).toEqual([]);
    const operations = Object.values(body.paths as Record<string, Record<string, Operation>>).flatMap(
      Object.values,
    ) as Operation[];
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { responses } of operations)
      expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
  });

  it('is a page that needs nothing from elsewhere', async () => {
    const response = await fetch(`${api.url}/docs`);
    const page = await response.text();
    expect(response.headers.get('content-type')).toContain('text/html');
    // It would send the links of a page without TLS to https.
    expect(response.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    expect(page).toContain('createDetection');
    expect(page).not.toMatch(/<script|src=|https?:\/\/(?!www\.w3)/);
  });

  it('has every error code in the published list', async () => {
    const rows = Object.entries(API_ERRORS).map(
      ([code, { httpStatus, title, help }]) => `| \`${code}\` | ${httpStatus} | ${title} | ${help} |`,
    );
    const text = [
      '# Error codes of the inference API',
      '',
      'Made from the code by its tests; `GET /errors/{code}` of a running service says the same. Branch on `code`, never on titles.',
      '',
      '| code | status | what it says | what to do |',
      '|---|---|---|---|',
      ...rows.sort(),
      '',
    ].join('\n');
    await expect(text).toMatchFileSnapshot('../../../docs/api-errors.md');
  });

  it('explains every error code', async () => {
    for (const code of Object.keys(API_ERRORS)) {
      expect((await get(`${api.url}/errors/${code}`)).body).toMatchObject({ code });
    }
  });
});

describe('operation', () => {
  it('has metrics without labels or scores', async () => {
    const { body } = await get(`${api.url}/metrics`);
    expect(body.text).toContain('testigo_may_read 1');
    expect(body.text).not.toMatch(/happy|neutral|angry/);
  });
});
