import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

let folder: string;
let snippets: readonly string[];
let ground: Ground;
let api: TestApi;
beforeAll(async () => {
  // Inside the package, so that its name resolves as it does for who has installed it.
  mkdirSync(join(PACKAGE, '.testigo'), { recursive: true });
  folder = mkdtempSync(join(PACKAGE, '.testigo', 'snippets-'));
  const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  snippets = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ''], i) => {
    const file = join(folder, `snippet-${i}.ts`);
    writeFileSync(file, code);
    return file;
  });
  writeFileSync(join(folder, 'face.jpg'), await facePicture());
  ground = await prepareGround();
  api = await startTestApi(ground);
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the examples of docs/api.md', () => {
  it('compile under strict settings', async () => {
    expect(snippets.length).toBe(2);
    const config = { extends: '../../../../tsconfig.base.json', compilerOptions: { noEmit: true } };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, files: snippets }));
    const { stdout } = await run(process.execPath, [TSC, '-p', folder]);
    expect(stdout).toBe('');
  });

  it('lead a call through a running service', async () => {
    const env = { ...process.env, TESTIGO_URL: api.url };
    const { stdout } = await run(process.execPath, [snippets[0]!, join(folder, 'face.jpg')], { env });
    const [recordId] = stdout.split(' ');
    expect((await get(`${api.url}/v1/records/${recordId}`)).body.record).toMatchObject({ type: 'DETECTION' });
    const { body } = await get(`${api.url}/v1/sessions`);
    expect((body.sessions as { state: string }[]).map(({ state }) => state)).toEqual(['closed']);
  });

  it('read a frame over a stream', async () => {
    const { readOneFrame } = (await import(snippets[1]!)) as {
      readOneFrame: (url: string, id: string, file: string) => Promise<Record<string, unknown>>;
    };
    const sessionId = await openTestSession(api.url);
    const answer = await readOneFrame(api.url, sessionId, join(folder, 'face.jpg'));
    expect([answer.type, answer.frame]).toEqual(['reading', 0]);
  });
});
