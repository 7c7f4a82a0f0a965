import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { get, post } from './support/http.ts';
import { dataFolder, emptyPicture, facePicture, readFrames, samplePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { openStream, refuseAndStay } from './support/streams.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { policy: { windowMs: 400 } });
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

describe('a stream of frames', () => {
  it('answers every frame in order, readings and refusals, and keeps the sequence', async () => {
    const sessionId = await openTestSession(api.url);
    const { socket, messages, waitForAnswers } = await openStream(api.url, sessionId);
    const [face, empty] = [await facePicture(), await emptyPicture()];
    const frames = [face, face, empty, face, samplePicture(1), Buffer.from('no picture'), face];
    for (const frame of frames) socket.send(frame);
    const answers = await waitForAnswers(frames.length);
    expect(messages[0]).toMatchObject({ type: 'ready', framesInFlight: 2 });
    expect(answers.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(answers.map((a) => (a.problem as { code: string } | undefined)?.code ?? a.type)).toEqual([
      'reading',
      'reading',
      'no-face',
      'reading',
      'several-faces',
      'image-unsupported',
      'reading',
    ]);
    expect(answers.filter(({ type }) => type === 'reading').map(({ sequence }) => sequence)).toEqual([
      1, 2, 4, 6,
    ]);
    expect(answers[0]).toMatchObject({ smoothed: { label: answers[0]?.label } });
    socket.close();
  });

  it('tells per window how unlike the training pictures the faces were, and as a metric', async () => {
    const sessionId = await openTestSession(api.url);
    const { socket, messages, waitForAnswers } = await openStream(api.url, sessionId);
    const face = await facePicture();
    const dark = await sharp(face).linear(0.25).jpeg().toBuffer();
    const drifts = () => messages.flatMap(({ drift }) => (drift ? [drift as { isDrifted: boolean }] : []));
    let sent = 0;
    const sendUntil = async (picture: Buffer, isDone: () => boolean) => {
      while (!isDone()) {
        for (let i = 0; i < 10; i++) socket.send(picture);
        sent += 10;
        await waitForAnswers(sent);
      }
    };
    await sendUntil(face, () => drifts().length > 0);
    expect(drifts().every(({ isDrifted }) => !isDrifted)).toBe(true);
    await sendUntil(dark, () => drifts().some(({ isDrifted }) => isDrifted));
    await sendUntil(dark, () => drifts().at(-1)?.isDrifted === true);
    expect(drifts().at(-1)).toMatchObject({ outsidePpm: { brightness: expect.any(Number) } });
    const { body } = await get(`${api.url}/metrics`);
    expect(body.text).toContain('testigo_input_stability_index{statistic="brightness"}');
    socket.close();
  });

  it('pauses the sender instead of queueing without end', async () => {
    const sessionId = await openTestSession(api.url);
    const { socket, waitForAnswers } = await openStream(api.url, sessionId);
    const face = await facePicture();
    for (let i = 0; i < 30; i++) socket.send(face);
    const answers = await waitForAnswers(30);
    expect(answers.map(({ frame }) => frame)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    socket.close();
  });

  it('ends when its session is closed, and refuses what is no stream', async () => {
    const sessionId = await openTestSession(api.url);
    const { socket, waitForAnswers } = await openStream(api.url, sessionId);
    await post(`${api.url}/v1/sessions/${sessionId}/close`, { reason: 'call-ended' });
    const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    socket.send(await facePicture());
    const [answer] = await waitForAnswers(1);
    expect(answer).toMatchObject({ problem: { code: 'session-closed' } });
    expect(await closed).toBe(1008);
    const refusedWith = (path: string) =>
      new Promise((resolve) => {
        const attempt = new WebSocket(api.url.replace('http', 'ws') + path);
        attempt
          .once('unexpected-response', (_request, response) => resolve(response.statusCode))
          .on('error', () => {});
      });
    expect(await refusedWith(`/v1/sessions/${sessionId}/frames`)).toBe(409);
    expect(await refusedWith(`/v1/sessions/${'0'.repeat(32)}/frames`)).toBe(404);
    expect(await refusedWith('/elsewhere')).toBe(404);
  });

  it('that is refused holds no connection, whatever its client does with its end of it', async () => {
    const other = await startTestApi(ground);
    const client = await refuseAndStay(other.url);
    await other.discard();
    client.destroy();
  });

  it('answers what it accepted before it shuts down', async () => {
    const other = await startTestApi(ground);
    const sessionId = await openTestSession(other.url);
    const { socket, waitForAnswers } = await openStream(other.url, sessionId);
    const face = await facePicture();
    socket.send(face);
    await waitForAnswers(1);
    const goodbye = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    socket.send(face);
    const [, answers] = await Promise.all([other.discard(), waitForAnswers(1)]);
    expect(answers.length).toBeGreaterThanOrEqual(1);
    expect(await goodbye).toBe(1001);
  });
});

describe.runIf(dataFolder !== undefined)('on a real clip', () => {
  it('reads every frame of a talking head by tracking, and tells windows', async () => {
    const sessionId = await openTestSession(api.url);
    const { socket, messages, waitForAnswers } = await openStream(api.url, sessionId);
    const frames = readFrames(join(dataFolder!, 'media', 'talking-head-1.mjpeg')).slice(0, 40);
    for (const frame of frames) socket.send(frame);
    const answers = await waitForAnswers(frames.length);
    expect(answers.every(({ type }) => type === 'reading')).toBe(true);
    expect(messages.some(({ type }) => type === 'window')).toBe(true);
    const { body } = await get(`${api.url}/v1/sessions/${sessionId}/records?limit=100`);
    expect((body.records as unknown[]).length).toBe(41);
    socket.close();
  });
});
