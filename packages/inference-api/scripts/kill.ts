// kill -9 under load, again and again: `npm run kill -w packages/inference-api [rounds]`. Ends with 1 unless every
// reading that was acknowledged is in the log with a valid proof, once, and every session's sequence has no gap.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shippedBundle } from '@testigo/model';
import {
  fromBase64,
  fromHex,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  verifyInclusion,
} from '@testigo/trail';
import { WebSocket } from 'ws';
import { get } from '../test/support/http.ts';
import { facePicture } from '../test/support/pictures.ts';
import { openTestSession } from '../test/support/sessions.ts';
import { prepareGround } from '../test/support/world.ts';

const rounds = Number(process.argv[2] ?? 100);
const port = Number(process.argv[3] ?? 18_099);
const url = `http://127.0.0.1:${port}`;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const ground = await prepareGround({ bundleDir: shippedBundle() });
const folder = mkdtempSync(join(tmpdir(), 'testigo-kill-'));
const configFile = join(folder, 'api.json');
const registry = { rpcUrl: ground.chain.url, address: ground.address, chainId: ground.chain.chainId };
const quiet = { level: 'error', format: 'ecs' };
writeFileSync(
  configFile,
  JSON.stringify({ dataDir: join(folder, 'data'), server: { port }, registry, logging: quiet }),
);

type Acknowledged = { recordId: string; leafIndex: number; sessionId: string };
const acknowledged: Acknowledged[] = [];
const breaches: string[] = [];

const start = async (): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [main, '--config', configFile], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (let attempt = 0; attempt < 600; attempt++) {
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return child;
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode} at its start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the service did not become ready');
};

const stream = async (face: Buffer): Promise<{ sessionId: string; stop: () => void }> => {
  const sessionId = await openTestSession(url);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`).on(
    'error',
    () => {},
  );
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; recordId: string; leafIndex: number };
    if (message.type !== 'reading') return;
    acknowledged.push({ recordId: message.recordId, leafIndex: message.leafIndex, sessionId });
    socket.send(face);
  });
  await once(socket, 'open');
  socket.send(face);
  socket.send(face);
  return { sessionId, stop: () => socket.terminate() };
};

const checkRecord = async ({ recordId, leafIndex }: Acknowledged): Promise<string | undefined> => {
  const [record, proof, ready] = await Promise.all(
    [`/v1/records/${recordId}`, `/v1/records/${recordId}/proof`, '/readyz'].map((path) => get(url + path)),
  );
  if (record?.status !== 200 || proof?.status !== 200 || !ready) return `${recordId} is gone`;
  if (record.body.leafIndex !== leafIndex)
    return `${recordId} moved from ${leafIndex} to ${record.body.leafIndex}`;
  const { verifierKey } = ready.body.log as { verifierKey: string };
  const note = openNote(proof.body.checkpoint as string, [newNoteVerifier(verifierKey)]);
  const { size, root } = parseCheckpoint(note.body);
  const { hashes } = proof.body.proof as { hashes: string[] };
  const leafHash = hashLeaf(fromBase64(record.body.canonical as string));
  const isProven = verifyInclusion({
    leafHash,
    index: leafIndex,
    size,
    proof: hashes.map((hash) => fromHex(hash)),
    root,
  });
  return isProven && note.verifiedBy.length === 1 ? undefined : `${recordId} is not proven`;
};

const checkSession = async (sessionId: string): Promise<string | undefined> => {
  const { body } = await get(`${url}/v1/sessions/${sessionId}/records?limit=999`);
  const sequences = (body.records as { sequence: number }[]).map(({ sequence }) => sequence);
  return sequences.every((sequence, i) => sequence === i)
    ? undefined
    : `session ${sessionId} has a gap: ${sequences.join(' ')}`;
};

const face = await facePicture();
const startedAt = performance.now();
for (let round = 1; round <= rounds; round++) {
  const from = acknowledged.length;
  const child = await start();
  const streams = await Promise.all([stream(face), stream(face)]);
  const killAfterMs = 100 + Math.floor(Math.random() * 900);
  await new Promise((resolve) => setTimeout(resolve, killAfterMs));
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (const { stop } of streams) stop();

  const revived = await start();
  const checks = [
    ...acknowledged.slice(from).map(checkRecord),
    ...streams.map(({ sessionId }) => checkSession(sessionId)),
  ];
  for (const breach of await Promise.all(checks)) if (breach) breaches.push(`round ${round}: ${breach}`);
  revived.kill('SIGTERM');
  await once(revived, 'exit');
  if (round % 10 === 0)
    say(
      `${round} kills, ${acknowledged.length} readings acknowledged, ${breaches.length} breaches, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
    );
}

// Nothing doubled either: two acknowledgements never name one leaf.
if (new Set(acknowledged.map(({ leafIndex }) => leafIndex)).size !== acknowledged.length)
  breaches.push('two readings share a leaf');
await ground.stop();
rmSync(folder, { recursive: true, force: true });
for (const breach of breaches.slice(0, 20)) say(`BREACH ${breach}`);
say(`${rounds} kills, ${acknowledged.length} readings acknowledged, ${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;
