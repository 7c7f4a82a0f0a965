import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { emptyPicture, facePicture, samplePicture } from './support/pictures.ts';
import { openTestSession, sessionTerms } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
let face: Buffer;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground, { policy: {} });
  face = await facePicture();
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const recordOf = async (id: unknown) =>
  (await get(`${api.url}/v1/records/${id}`)).body.record as Record<string, unknown>;
/** The refusal's own record, by the id in its problem. */
const refusalOf = async (answer: { status: number; body: Record<string, unknown> }) => ({
  status: answer.status,
  code: answer.body.code,
  reason: (await recordOf(answer.body.recordId))?.reason,
});

describe('a call session', () => {
  it('goes from open to close in a gapless sequence with counts', async () => {
    const sessionId = await openTestSession(api.url);
    const readings = [
      await sendPicture(api.url, face, { sessionId }),
      await sendPicture(api.url, face, { sessionId }),
    ];
    const refusals = [
      await sendPicture(api.url, await emptyPicture(), { sessionId }),
      await sendPicture(api.url, samplePicture(1), { sessionId }),
    ];
    expect(readings.map(({ body }) => body.sequence)).toEqual([1, 2]);
    expect(refusals.map(({ body }) => [body.code, body.sequence])).toEqual([
      ['no-face', 3],
      ['several-faces', 4],
    ]);
    const decision = { reviewer: 'Maria Lopes', factReference: 'id-document-check-17' };
    const detection = `${api.url}/v1/detections/${readings[0]!.body.recordId}`;
    const review = await post(`${detection}/review`, { ...decision, decision: 'no-action' });
    const override = await post(`${detection}/override`, {
      ...decision,
      label: 'neutral',
      reason: 'misread',
    });
    expect([review.status, override.status]).toEqual([201, 201]);
    const close = await post(`${api.url}/v1/sessions/${sessionId}/close`, { reason: 'call-ended' });
    expect(await recordOf(close.body.recordId)).toMatchObject({
      type: 'SESSION_CLOSE',
      sequence: 7,
      counts: { detections: 2, refusals: 2, reviews: 1, overrides: 1 },
    });
    expect((await sendPicture(api.url, face, { sessionId })).body.code).toBe('session-closed');

    const first = await get(`${api.url}/v1/sessions/${sessionId}/records?limit=5`);
    const second = await get(
      `${api.url}/v1/sessions/${sessionId}/records?limit=5&cursor=${first.body.nextCursor}`,
    );
    const rows = [first, second].flatMap(({ body }) => body.records as { sequence: number; type: string }[]);
    expect(rows.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(second.body.nextCursor).toBeUndefined();
  });

  it('keeps its sequence gapless under frames that come at once, and across a restart', async () => {
    const sessionId = await openTestSession(api.url);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => sendPicture(api.url, face, { sessionId })),
    );
    expect(answers.map(({ body }) => body.sequence).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    await api.close();
    api = await startTestApi(ground, { policy: {}, dataDir: api.dataDir });
    expect((await sendPicture(api.url, face, { sessionId })).body.sequence).toBe(13);
  });

  it('names a reviewer by the same pseudonym every time, never by name', async () => {
    const sessionId = await openTestSession(api.url);
    const { body } = await sendPicture(api.url, face, { sessionId });
    const review = { reviewer: 'Maria Lopes', factReference: 'document-check', decision: 'no-action' };
    const ids = [];
    for (const reviewer of ['Maria Lopes', 'Maria Lopes', 'João Silva']) {
      const answer = await post(`${api.url}/v1/detections/${body.recordId}/review`, { ...review, reviewer });
      ids.push((await recordOf(answer.body.recordId)).reviewer);
    }
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('what is refused, and recorded as refused', () => {
  const open = (changes: Record<string, unknown>) =>
    post(`${api.url}/v1/sessions`, { ...sessionTerms(), ...changes });

  it('1: people at work or in education without a documented ground', async () => {
    for (const subjectRole of ['employee', 'agent', 'candidate', 'student', 'bystander']) {
      const answer = await open({ subjectRole });
      expect(await refusalOf(answer)).toEqual({
        status: 403,
        code: 'role-not-allowed',
        reason: 'role-not-allowed',
      });
      expect(await recordOf(answer.body.recordId)).toMatchObject({ subjectRole });
    }
    expect(
      (await open({ subjectRole: 'employee', ground: { kind: 'safety', document: 'dpia-7' } })).status,
    ).toBe(201);
  });

  it('2: no notice, no consent, and pictures that nobody vouches for', async () => {
    const { noticeShownAtMs: _, ...silent } = sessionTerms();
    expect(await refusalOf(await post(`${api.url}/v1/sessions`, silent))).toMatchObject({
      code: 'notice-missing',
      reason: 'notice-missing',
    });
    expect(await refusalOf(await open({ noticeShownAtMs: Date.now() + 60_000 }))).toMatchObject({
      code: 'notice-missing',
    });
    expect(await refusalOf(await open({ consentGivenAtMs: undefined }))).toMatchObject({
      code: 'consent-missing',
      reason: 'consent-missing',
    });
    expect(await refusalOf(await sendPicture(api.url, face))).toMatchObject({
      status: 403,
      code: 'notice-missing',
      reason: 'notice-missing',
    });
  });

  it('4: decisions without a person or without a fact', async () => {
    const sessionId = await openTestSession(api.url);
    const { body } = await sendPicture(api.url, face, { sessionId });
    const url = `${api.url}/v1/detections/${body.recordId}/review`;
    const decision = { decision: 'block-payment', reviewer: 'Maria Lopes', factReference: 'document-check' };
    expect(await refusalOf(await post(url, { ...decision, reviewer: undefined }))).toMatchObject({
      code: 'reviewer-missing',
      reason: 'reviewer-missing',
    });
    expect(await refusalOf(await post(url, { ...decision, reviewer: 'system' }))).toMatchObject({
      code: 'reviewer-missing',
    });
    expect(await refusalOf(await post(url, { ...decision, factReference: undefined }))).toMatchObject({
      code: 'fact-missing',
      reason: 'fact-missing',
    });
    // The reading itself is no fact, however it is named.
    expect(await refusalOf(await post(url, { ...decision, factReference: body.recordId }))).toMatchObject({
      code: 'fact-missing',
    });
  });

  it('5: labels that name a trait', async () => {
    const sessionId = await openTestSession(api.url);
    const { body } = await sendPicture(api.url, face, { sessionId });
    const override = { reviewer: 'Maria Lopes', factReference: 'document-check', reason: 'misread' };
    const url = `${api.url}/v1/detections/${body.recordId}/override`;
    expect(await refusalOf(await post(url, { ...override, label: 'deceptive' }))).toMatchObject({
      code: 'protected-trait',
      reason: 'protected-trait',
    });
    expect((await post(url, { ...override, label: 'bored' })).body.code).toBe('bad-request');
  });

  it('6: personal data in a public field never reaches the log', async () => {
    const before = (await get(`${api.url}/readyz`)).body.log as { size: number };
    const answer = await open({ purpose: 'call-0176-5551234' });
    expect([answer.status, answer.body.code]).toEqual([422, 'personal-data']);
    expect(JSON.stringify(answer.body)).not.toContain('5551234');
    const after = (await get(`${api.url}/readyz`)).body.log as { size: number };
    // The refusal is a record; what was refused is not.
    expect(after.size).toBe(before.size + 1);
    expect(await recordOf(answer.body.recordId)).toMatchObject({ type: 'REFUSAL', reason: 'personal-data' });
  });

  it('10: clocks that differ by more than a second', async () => {
    expect(await refusalOf(await open({ sentAtMs: Date.now() - 5_000 }))).toMatchObject({
      code: 'clock-skew',
      reason: 'clock-skew',
    });
    const sessionId = await openTestSession(api.url);
    const late = await sendPicture(api.url, face, { sessionId, capturedAtMs: Date.now() + 60_000 });
    expect(await refusalOf(late)).toMatchObject({ code: 'clock-skew', reason: 'clock-skew' });
  });
});
