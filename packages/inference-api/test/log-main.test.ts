import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, makeRecord } from '../src/log/testing.ts';

const MAIN = fileURLToPath(new URL('../src/log-main.ts', import.meta.url));
const ORIGIN = 'log.example.org/alone';

const run = (...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return { child, complaint: () => complaint };
};

const readUrl = async (child: ChildProcess): Promise<string> => {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return (JSON.parse(line.toString()) as { url: { full: string } }).url.full;
};

/** The status of a request that names the log as a proxy in front of it is named. */
const askByName = async (url: string, method: 'GET' | 'POST', path: string): Promise<number | undefined> => {
  const asked = request(`${url}${path}`, { method, headers: { host: 'log.example.org' } });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
};

describe('testigo-log', { timeout: 60_000 }, () => {
  let folder: ReturnType<typeof makeFolder>;
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => folder.remove());

  it('takes a record, and still has it after a restart', async () => {
    const { bytes } = makeRecord();
    const body = Buffer.from(bytes);
    for (const status of [201, 200]) {
      const { child, complaint } = run('--data', folder.path, '--origin', ORIGIN, '--port', '0');
      const url = await readUrl(child);
      const answer = await fetch(`${url}/v1/records`, { method: 'POST', body });
      expect(answer.status).toBe(status);
      const checkpoint = await (await fetch(`${url}/checkpoint`)).text();
      expect(checkpoint.split('\n').slice(0, 2)).toEqual([ORIGIN, '1']);
      const refused = await fetch(`${url}/v1/records`, { method: 'POST', body: '{"a":1.5}' });
      expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        422,
        'record-invalid',
      ]);
      // What a page somewhere else can have this machine's browser send.
      const headers = { origin: 'https://elsewhere.example.com', 'content-type': 'text/plain' };
      const fromPage = await fetch(`${url}/v1/records`, { method: 'POST', body, headers });
      expect([fromPage.status, ((await fromPage.json()) as { code: string }).code]).toEqual([
        403,
        'foreign-origin',
      ]);
      expect(await askByName(url, 'GET', '/checkpoint')).toBe(200);
      expect(await askByName(url, 'POST', '/v1/records')).toBe(403);
      child.kill('SIGTERM');
      const [exitCode] = await once(child, 'exit');
      expect([exitCode, complaint()]).toEqual([0, '']);
    }
  });

  it('says what it needs', async () => {
    const { child, complaint } = run('--data', folder.path);
    const [exitCode] = await once(child, 'exit');
    expect([exitCode, complaint()]).toEqual([2, "error: required option '--origin <name>' not specified\n"]);
  });
});
