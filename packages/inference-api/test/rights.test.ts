import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64, fromHex, hashLeaf, openNote, parseCheckpoint, verifyInclusion } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

let ground: Ground;
let api: TestApi;
let face: Buffer;
beforeAll(async () => {
  ground = await prepareGround();
  api = await startTestApi(ground);
  face = await facePicture();
});
afterAll(async () => {
  await api.discard();
  await ground.stop();
});

const readSession = async () => {
  const sessionId = await openTestSession(api.url);
  const { body } = await sendPicture(api.url, face, { sessionId });
  return {
    sessionId,
    recordId: body.recordId as string,
    label: body.label as string,
    url: `${api.url}/v1/sessions/${sessionId}`,
  };
};
const recordOf = async (id: unknown) =>
  (await get(`${api.url}/v1/records/${id}`)).body.record as Record<string, unknown>;

describe('erasure', () => {
  const early = { reason: 'subject-request', overridingGround: 'gdpr-art-17' };

  it('9: needs an overriding ground before six months are over, and refuses on record', async () => {
    const { url } = await readSession();
    const answer = await post(`${url}/erasure`, { reason: 'tidy-up' });
    expect([answer.status, answer.body.code]).toEqual([403, 'retention-period']);
    expect(await recordOf(answer.body.recordId)).toMatchObject({
      type: 'REFUSAL',
      reason: 'retention-period',
    });
  });

  it('leaves nothing to recover and every proof intact', async () => {
    const { sessionId, recordId, url } = await readSession();
    const answer = await post(`${url}/erasure`, early);
    expect(answer.status).toBe(200);
    expect(await recordOf(answer.body.recordId)).toMatchObject({
      type: 'ERASURE',
      sessionId,
      reason: 'gdpr-art-17',
      records: 2,
    });

    const opened = await get(`${api.url}/v1/records/${recordId}/evidence?disclose=label`);
    expect([opened.status, opened.body.code]).toEqual([410, 'subject-erased']);
    expect((await post(`${url}/export`, { recipient: 'data-subject' })).body.code).toBe('subject-erased');
    expect((await sendPicture(api.url, face, { sessionId })).body.code).toBe('subject-erased');
    expect((await post(`${url}/erasure`, early)).body.code).toBe('subject-erased');

    const { body } = await get(`${api.url}/v1/records/${recordId}/evidence`);
    const note = openNote(body.checkpoint as string, []);
    const { size, root } = parseCheckpoint(note.body);
    const proof = (body.inclusionProof as string[]).map((hash) => fromHex(hash));
    const leafHash = hashLeaf(fromBase64(body.record as string));
    expect(verifyInclusion({ leafHash, index: body.leafIndex as number, size, proof, root })).toBe(true);
  });

  it('reaches the files: neither the wrapped key nor the payload is on disk any more', async () => {
    const other = await startTestApi(ground);
    const sessionId = await openTestSession(other.url);
    await sendPicture(other.url, face, { sessionId });
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(join(other.dataDir, 'state.sqlite'), { readOnly: true });
    const key = db.prepare('SELECT wrapped_key FROM sessions WHERE id = ?').get(sessionId)
      ?.wrapped_key as Uint8Array;
    const payload = db.prepare('SELECT sealed_payload FROM records WHERE sealed_payload IS NOT NULL').get()
      ?.sealed_payload as Uint8Array;
    db.close();
    await post(`${other.url}/v1/sessions/${sessionId}/erasure`, early);
    await other.close();
    const bytes = Buffer.concat(
      readdirSync(other.dataDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
    );
    expect(bytes.includes(Buffer.from(key))).toBe(false);
    expect(bytes.includes(Buffer.from(payload.subarray(0, 32)))).toBe(false);
    await other.discard();
  });
});

describe('legal holds', () => {
  it('8: forbid erasure until each is released', async () => {
    const { url } = await readSession();
    const erase = () =>
      post(`${url}/erasure`, { reason: 'subject-request', overridingGround: 'gdpr-art-17' });
    const holds = [];
    for (const authority of ['court-a', 'regulator-b'])
      holds.push((await post(`${url}/holds`, { authority })).body);
    for (const { hold } of holds) {
      const refused = await erase();
      expect([refused.status, refused.body.code]).toEqual([409, 'legal-hold']);
      expect(await recordOf(refused.body.recordId)).toMatchObject({ type: 'REFUSAL', reason: 'legal-hold' });
      const release = await post(`${url}/holds/${hold}/release`, { authority: 'court-a' });
      expect(await recordOf(release.body.recordId)).toMatchObject({
        type: 'LEGAL_HOLD',
        action: 'release',
        hold,
      });
      expect((await post(`${url}/holds/${hold}/release`, { authority: 'court-a' })).body.code).toBe(
        'hold-unknown',
      );
    }
    expect((await erase()).status).toBe(200);
  });
});

describe('export', () => {
  it('hands over everything in the clear, and says on record to whom', async () => {
    const { url, recordId, label } = await readSession();
    const { status, body } = await post(`${url}/export`, { recipient: 'data-subject' });
    expect(status).toBe(200);
    const records = body.records as { recordId: string; values?: Record<string, string> }[];
    expect(records.find((record) => record.recordId === recordId)?.values?.label).toBe(label);
    expect(await recordOf(body.recordId)).toMatchObject({
      type: 'EXPORT',
      recipient: 'data-subject',
      records: 2,
    });
  });
});
