import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  commitField,
  fromBase64,
  fromHex,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  parseEvidenceBundle,
  parseRecord,
  utf8,
  verifyInclusion,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { dataFolder, emptyPicture, facePicture, readFrames, samplePicture } from './support/pictures.ts';
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

type Proof = { leafIndex: number; size: number; hashes: string[] };

const isProven = (record: Uint8Array, proof: Proof, checkpoint: string): boolean => {
  const { body, verifiedBy } = openNote(checkpoint, [newNoteVerifier(api.verifierKey)]);
  const { size, root } = parseCheckpoint(body);
  const claim = {
    leafHash: hashLeaf(record),
    index: proof.leafIndex,
    size,
    proof: proof.hashes.map((h) => fromHex(h)),
    root,
  };
  return verifiedBy.length === 1 && size === proof.size && verifyInclusion(claim);
};

const recordOf = async (id: unknown) => {
  const { body } = await get(`${api.url}/v1/records/${id}`);
  const bytes = fromBase64(body.canonical as string);
  return { bytes, record: parseRecord(bytes) };
};

describe('POST /v1/detections', () => {
  it('reads one face and answers with a record that is provably in the log', async () => {
    const { status, body, headers } = await sendPicture(api.url, await facePicture());
    expect(status).toBe(201);
    const scores = Object.values(body.scoresPpm as Record<string, number>);
    expect(scores).toHaveLength(7);
    expect(scores.reduce((a, b) => a + b, 0)).toBe(1_000_000);
    expect(body.confidencePpm).toBe(Math.max(...scores));
    const { bytes, record } = await recordOf(body.recordId);
    expect(record).toMatchObject({
      type: 'DETECTION',
      modelVersion: ground.modelVersion,
      datasetRoot: ground.datasetRoot,
      sequence: 1,
    });
    expect(isProven(bytes, body.proof as Proof, body.checkpoint as string)).toBe(true);
    expect(headers.get('location')).toBe(`/v1/records/${body.recordId}`);
  });

  it('keeps label and scores out of the log, and opens just the fields that were asked for', async () => {
    const { body } = await sendPicture(api.url, await facePicture());
    const { bytes } = await recordOf(body.recordId);
    expect(Buffer.from(bytes).toString()).not.toContain(body.label);
    const answer = await fetch(`${api.url}/v1/records/${body.recordId}/evidence?disclose=label`);
    const bundle = parseEvidenceBundle(new Uint8Array(await answer.arrayBuffer()));
    expect(bundle.disclosures.map(({ field }) => field)).toEqual(['label']);
    const { salt, value } = bundle.disclosures[0]!;
    expect(Buffer.from(value, 'base64').toString()).toBe(body.label);
    const record = parseRecord(fromBase64(bundle.record));
    const commitment = commitField({ salt: fromHex(salt), name: 'label', value: utf8(body.label as string) });
    expect(record.type === 'DETECTION' && record.commitments.label).toBe(
      Buffer.from(commitment).toString('hex'),
    );
    expect(bundle.modelManifest && bundle.datasetEnvelope).toBeTruthy();
  });

  it('answers no-face with a recorded refusal, never a reading', async () => {
    const { status, body, headers } = await sendPicture(api.url, await emptyPicture());
    expect([status, body.code]).toEqual([422, 'no-face']);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).not.toHaveProperty('label');
    const { bytes, record } = await recordOf(body.recordId);
    expect(record).toMatchObject({ type: 'REFUSAL', reason: 'no-face' });
    expect(isProven(bytes, body.proof as Proof, body.checkpoint as string)).toBe(true);
  });

  it('refuses more than one face, and records it', async () => {
    const { status, body } = await sendPicture(api.url, samplePicture(1));
    expect([status, body.code]).toEqual([422, 'several-faces']);
    expect((await recordOf(body.recordId)).record).toMatchObject({
      type: 'REFUSAL',
      reason: 'several-faces',
    });
  });

  it('makes each picture without a session a session of its own, open and closed', async () => {
    const { body } = await sendPicture(api.url, await facePicture());
    const leaf = body.leafIndex as number;
    const bundle = await fetch(`${api.url}/tile/entries/000.p/${leaf + 2}`);
    expect(bundle.status).toBe(200);
    expect(body).toMatchObject({ sequence: 1 });
  });

  it.each([
    ['no body', '', 400, 'bad-request'],
    ['broken JSON', '{"image":', 400, 'bad-json'],
    ['an array', '[]', 400, 'bad-request'],
    ['no image', '{}', 400, 'bad-request'],
    ['a data: prefix', '{"image":"data:image/png;base64,AAAA"}', 400, 'bad-request'],
    ['an unknown field', '{"image":"AAAA","colour":1}', 400, 'bad-request'],
    ['no picture', '{"image":"AAAA"}', 415, 'image-unsupported'],
    ['a session nobody opened', `{"image":"/9j/","sessionId":"${'0'.repeat(32)}"}`, 404, 'session-unknown'],
  ])('answers %s with a clear problem and records nothing', async (_name, body, status, code) => {
    const before = (await get(`${api.url}/checkpoint`)).body.text;
    const response = await fetch(`${api.url}/v1/detections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const problem = (await response.json()) as Record<string, unknown>;
    expect([response.status, problem.code]).toEqual([status, code]);
    expect(problem.type).toBe(`/errors/${code}`);
    expect((await get(api.url + problem.type)).status).toBe(200);
    expect((await get(`${api.url}/checkpoint`)).body.text).toBe(before);
  });

  it('answers wrong paths, methods, ids and content types', async () => {
    expect((await get(`${api.url}/nowhere`)).body.code).toBe('not-found');
    const wrongMethod = await get(`${api.url}/v1/detections`);
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await get(`${api.url}/v1/records/${'f'.repeat(32)}`)).body.code).toBe('record-unknown');
    expect((await get(`${api.url}/v1/records/xyz`)).body.code).toBe('bad-request');
    expect((await post(`${api.url}/v1/detections`, {}, { 'content-type': 'text/plain' })).body.code).toBe(
      'unsupported-media-type',
    );
    expect((await get(`${api.url}/%ff`)).status).toBeLessThan(500);
  });
});

const media = dataFolder === undefined ? undefined : join(dataFolder, 'media');
if (media === undefined) console.info('TESTIGO_DATA is not set: the tests on the real pictures did not run.');

describe.runIf(media !== undefined)('on the real pictures', () => {
  const file = (name: string) => readFileSync(join(media!, name));

  it('reads both portraits and a frame of the first clip', async () => {
    for (const picture of [
      file('portrait-astronaut.png'),
      file('portrait-official.jpg'),
      readFrames(join(media!, 'talking-head-1.mjpeg'))[0]!,
    ]) {
      expect((await sendPicture(api.url, picture)).status).toBe(201);
    }
  });

  it('finds nobody where nobody is, and refuses two people', async () => {
    expect((await sendPicture(api.url, file('no-face.jpg'))).body.code).toBe('no-face');
    expect((await sendPicture(api.url, file('two-faces.jpg'))).body.code).toBe('several-faces');
  });
});
