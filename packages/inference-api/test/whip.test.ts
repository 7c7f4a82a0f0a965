import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Camera, startCamera } from './support/camera.ts';
import { get, post } from './support/http.ts';
import { emptyPicture, facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { tryStream } from './support/streams.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
let face: Buffer;
let camera: Camera | undefined;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { webrtc: { enabled: true, framesPerSecond: 10 } });
  face = await facePicture();
});
afterEach(() => camera?.close());
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const sendOffer = (url: string, sessionId: string, offer: string, type = 'application/sdp') =>
  fetch(`${url}/v1/sessions/${sessionId}/whip`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: offer,
  });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const openStreams = async () => {
  const { body } = await get(`${api.url}/metrics`);
  return Number(/^testigo_open_streams (\d+)/m.exec(String(body.text))?.[1]);
};
const ofType = (type: string) => camera!.messages.filter((message) => message.type === type);

const connect = async (picture: Buffer, framesPerSecond?: number) => {
  const sessionId = await openTestSession(api.url);
  camera = await startCamera(picture, framesPerSecond ? { framesPerSecond } : {});
  const response = await sendOffer(api.url, sessionId, camera.offer);
  expect(response.status).toBe(201);
  expect(response.headers.get('content-type')).toMatch(/^application\/sdp/);
  await camera.accept(await response.text());
  return { sessionId, location: response.headers.get('location')! };
};

describe('a WebRTC sender', () => {
  it('is answered over its data channel, in order, every answer on record; DELETE ends it', async () => {
    const { sessionId, location } = await connect(face);
    await expect.poll(() => ofType('reading').length, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(camera?.messages[0]).toMatchObject({ type: 'ready', sessionId, framesInFlight: 2 });
    expect(await openStreams()).toBe(1);
    const ended = await fetch(api.url + location, { method: 'DELETE' });
    expect(ended.status).toBe(200);
    expect((await fetch(api.url + location, { method: 'DELETE' })).status).toBe(404);
    expect(await openStreams()).toBe(0);
    const readings = ofType('reading');
    expect(readings.map(({ frame }) => frame)).toEqual(readings.map((_, i) => i));
    expect(readings.map(({ sequence }) => sequence)).toEqual(readings.map((_, i) => i + 1));
    const { body } = await get(`${api.url}/v1/sessions/${sessionId}/records?limit=500`);
    const recorded = (body.records as { recordId: string; sequence: number }[]).slice(1);
    expect(recorded.map(({ sequence }) => sequence)).toEqual(recorded.map((_, i) => i + 1));
    // The last ones may have been recorded while the peer was ending; none that was answered is missing.
    expect(recorded.slice(0, readings.length).map(({ recordId }) => recordId)).toEqual(
      readings.map(({ recordId }) => recordId),
    );
  });

  it('passes the same quality gate, and no more frames than are asked for', async () => {
    const startedAt = performance.now();
    const { location } = await connect(await emptyPicture(320, 240), 60);
    await expect.poll(() => ofType('refused').length, { timeout: 20_000 }).toBeGreaterThan(8);
    const answered = camera!.messages.filter(({ type }) => type === 'refused' || type === 'reading').length;
    expect(answered).toBeLessThanOrEqual(((performance.now() - startedAt) / 1000) * 10 + 2);
    expect(ofType('refused')[0]).toMatchObject({ problem: { code: 'no-face' } });
    await fetch(api.url + location, { method: 'DELETE' });
  });

  it('ends with its session', async () => {
    const { sessionId, location } = await connect(face);
    await expect.poll(() => ofType('reading').length, { timeout: 20_000 }).toBeGreaterThan(0);
    await post(`${api.url}/v1/sessions/${sessionId}/close`, { reason: 'call-ended' });
    await expect.poll(openStreams).toBe(0);
    expect((await fetch(api.url + location, { method: 'DELETE' })).status).toBe(404);
    const { body } = await get(`${api.url}/v1/sessions/${sessionId}/records?limit=500`);
    expect((body.records as { type: string }[]).at(-1)?.type).toBe('SESSION_CLOSE');
    const again = await sendOffer(api.url, sessionId, camera!.offer);
    expect([again.status, await codeOf(again)]).toEqual([409, 'session-closed']);
  });
});

describe('the room that a WebRTC sender takes', () => {
  it('is that of a stream of frames, whichever way it came in', async () => {
    const limits = { streams: 2, streamsPerTenant: 1 };
    const own = await startTestApi(ground, { webrtc: { enabled: true }, limits });
    const sessionId = await openTestSession(own.url);
    camera = await startCamera(face);
    const opened = await sendOffer(own.url, sessionId, camera.offer);
    expect(opened.status).toBe(201);
    await camera.accept(await opened.text());
    const refused = await sendOffer(own.url, sessionId, camera.offer);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await codeOf(refused)).toBe('overloaded');
    expect((await tryStream(own.url, sessionId)).status).toBe(503);
    await fetch(own.url + opened.headers.get('location'), { method: 'DELETE' });
    expect((await sendOffer(own.url, sessionId, 'v=0\r\nnothing more')).status).toBe(422);
    await expect.poll(async () => (await tryStream(own.url, sessionId)).status).toBe(101);
    await own.discard();
  });

  it('is given back where the sender is given up', async () => {
    const webrtc = { enabled: true, connectMs: 1 };
    const own = await startTestApi(ground, { webrtc, limits: { streams: 1 } });
    const sessionId = await openTestSession(own.url);
    camera = await startCamera(face);
    for (let i = 0; i < 3; i++) await sendOffer(own.url, sessionId, camera.offer);
    await expect.poll(async () => (await tryStream(own.url, sessionId)).status).toBe(101);
    const openThere = async () => (await get(`${own.url}/metrics`)).body.text as string;
    await expect.poll(openThere).toMatch(/^testigo_open_streams 0$/m);
    await own.discard();
  });
});

describe('what is no offer', () => {
  it('is refused with a code, and opens nothing', async () => {
    const sessionId = await openTestSession(api.url);
    camera = await startCamera(face, { tracks: 2 });
    const refusals = [
      [await sendOffer(api.url, sessionId, camera.offer), 422, 'offer-unfit'],
      [await sendOffer(api.url, sessionId, 'v=0\r\nnothing more'), 422, 'offer-unfit'],
      [await sendOffer(api.url, sessionId, 'hello'), 400, 'bad-request'],
      [await sendOffer(api.url, sessionId, 'v=0\r\n'.padEnd(70_000, 'a')), 413, 'body-too-large'],
      [await sendOffer(api.url, sessionId, '{}', 'application/json'), 415, 'unsupported-media-type'],
      [await sendOffer(api.url, '0'.repeat(32), camera.offer), 404, 'session-unknown'],
    ] as const;
    for (const [response, status, code] of refusals)
      expect([response.status, await codeOf(response)]).toEqual([status, code]);
    expect(await openStreams()).toBe(0);
  });

  it('is any offer, where WebRTC is not enabled', async () => {
    const without = await startTestApi(ground);
    const sessionId = await openTestSession(without.url);
    const response = await sendOffer(without.url, sessionId, 'v=0\r\n');
    expect([response.status, await codeOf(response)]).toEqual([501, 'webrtc-unavailable']);
    await without.discard();
  });
});
