import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

const NO_ID = '0'.repeat(32);

let ground: Ground;
let api: TestApi;
let sessionId: string;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { webhooks: { maxEndpoints: 1 } });
  sessionId = await openTestSession(api.url);
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

/** The code that docs/api-errors.md lists, and that it is answered with the status listed there. */
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => {
  expect(body.status).toBe(status);
  return body.code;
};

describe('a face that cannot be read', () => {
  it.each([
    ['face-too-small', (face: Sharp) => face.resize(80, 60).extend({ right: 240, bottom: 180 })],
    ['light-unfit', (face: Sharp) => face.linear(0.2, 0)],
    ['face-blurred', (face: Sharp) => face.blur(7)],
    ['face-turned', (face: Sharp) => face.rotate(50)],
  ])('is answered %s, and that is on record', async (code, spoil) => {
    const picture = await spoil(sharp(await facePicture()))
      .jpeg()
      .toBuffer();
    const answer = await sendPicture(api.url, picture, { sessionId });
    expect([codeOf(answer), answer.status]).toEqual([code, 422]);
    const { body } = await get(`${api.url}/v1/records/${answer.body.recordId}`);
    expect(body.record).toMatchObject({ type: 'REFUSAL', reason: code, sessionId });
  });
});

describe('what is not there', () => {
  it('is answered with the code of what is missing', async () => {
    expect(codeOf(await get(`${api.url}/v1/records/${NO_ID}`))).toBe('record-unknown');
    expect(codeOf(await get(`${api.url}/v1/sessions/${NO_ID}`))).toBe('session-unknown');
    expect(codeOf(await get(`${api.url}/v1/webhooks/${NO_ID}`))).toBe('webhook-unknown');
    expect(codeOf(await get(`${api.url}/tile/0/x999/999`))).toBe('log-range');
    expect(codeOf(await get(`${api.url}/nowhere`))).toBe('not-found');
    const hold = `${api.url}/v1/sessions/${sessionId}/holds/${NO_ID}/release`;
    expect(codeOf(await post(hold, { authority: 'court-a' }))).toBe('hold-unknown');
  });

  it('names the methods that a path takes', async () => {
    const response = await fetch(`${api.url}/v1/sessions/${sessionId}`, { method: 'PUT' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' });
  });

  it('names no field that a record does not commit to', async () => {
    const { body } = await sendPicture(api.url, await facePicture(), { sessionId });
    const evidence = `${api.url}/v1/records/${body.recordId}/evidence`;
    expect(codeOf(await get(`${evidence}?disclose=mood`))).toBe('field-unknown');
    expect(codeOf(await get(`${evidence}?disclose=constructor`))).toBe('field-unknown');
  });
});

describe('webhooks', () => {
  it('have as many endpoints as the operator lets, and deliveries of their own only', async () => {
    const events = ['webhook.test'];
    const register = () => post(`${api.url}/v1/webhooks`, { url: 'https://desk.example.com/hook', events });
    const { body } = await register();
    expect(codeOf(await register())).toBe('webhook-limit');
    const delivery = `${api.url}/v1/webhooks/${body.webhookId}/deliveries/msg_${NO_ID}/redeliver`;
    expect(codeOf(await post(delivery, {}))).toBe('delivery-unknown');
  });
});
