import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestigoClient, ProblemError, type TestigoClient, unwrap } from '../src/client/index.ts';
import { emptyPicture, facePicture } from './support/pictures.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
let client: TestigoClient;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { auth: { mode: 'required' } });
  const { token } = await api.createKey({
    name: 'desk',
    scopes: ['sessions', 'detect', 'read', 'disclose', 'review'],
  });
  client = createTestigoClient({ baseUrl: api.url, token });
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const base64 = async (picture: Promise<Buffer>): Promise<string> => (await picture).toString('base64');

describe('the generated client', () => {
  it('leads a call from its opening to its evidence', async () => {
    const now = Date.now();
    const session = await unwrap(
      client.POST('/v1/sessions', {
        params: { header: { 'Idempotency-Key': 'call-1' } },
        body: {
          purpose: 'fraud-detection',
          legalBasis: 'consent',
          deployer: 'example-bank',
          notice: 'notice-2026-11',
          noticeShownAtMs: now,
          consentGivenAtMs: now,
          subjectRole: 'customer',
          roles: ['customer', 'agent'],
        },
      }),
    );
    const { sessionId } = session;
    const detection = await unwrap(
      client.POST('/v1/detections', { body: { image: await base64(facePicture()), sessionId } }),
    );
    const path = { id: detection.recordId };
    const review = await unwrap(
      client.POST('/v1/detections/{id}/review', {
        params: { path },
        body: { reviewer: 'ana', factReference: 'id-document-check-17', decision: 'no-action' },
      }),
    );
    expect([detection.sequence, review.sequence]).toEqual([1, 2]);
    const evidence = await unwrap(
      client.GET('/v1/records/{id}/evidence', { params: { path, query: { disclose: 'label' } } }),
    );
    expect(evidence.type).toBe('testigo.evidence');
    await unwrap(
      client.POST('/v1/sessions/{id}/close', {
        params: { path: { id: sessionId } },
        body: { reason: 'call-ended' },
      }),
    );
    const { records } = await unwrap(
      client.GET('/v1/sessions/{id}/records', { params: { path: { id: sessionId } } }),
    );
    expect(records.map(({ type }) => type)).toEqual(['SESSION_OPEN', 'DETECTION', 'REVIEW', 'SESSION_CLOSE']);
  });

  it('throws what the service refused, with its code and its record', async () => {
    const now = Date.now();
    const body = { image: await base64(emptyPicture()), capturedAtMs: now };
    const refused = await unwrap(client.POST('/v1/detections', { body })).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProblemError);
    expect((refused as ProblemError).problem).toMatchObject({ code: 'no-face', status: 422 });
    expect((refused as ProblemError).problem.recordId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('does not take the page of a proxy for an answer', async () => {
    const fetch = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
    const behindProxy = createTestigoClient({ baseUrl: api.url, fetch });
    await expect(unwrap(behindProxy.GET('/v1/sessions'))).rejects.toThrow(/502/);
  });
});
