import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { openStream } from './support/streams.ts';
import { waitFor } from './support/wait.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

const refusalOf = async (api: TestApi) => {
  const { status, body } = await sendPicture(api.url, await facePicture());
  return { status, code: body.code, recordId: body.recordId };
};

describe('a model that does not stand on chain answers nothing', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await prepareGround({ isRegistered: false });
  });
  afterAll(() => ground.stop());

  it('unregistered, registered, revoked: readings start and stop by themselves', async () => {
    const api = await startTestApi(ground);
    expect(await refusalOf(api)).toMatchObject({ status: 503, code: 'model-not-registered' });
    expect((await get(`${api.url}/readyz`)).status).toBe(503);

    await (await ground.registry.registerModel(`0x${ground.modelVersion}`, `0x${ground.datasetRoot}`)).wait();
    await waitFor(async () => (await get(`${api.url}/readyz`)).status === 200);
    expect((await sendPicture(api.url, await facePicture())).status).toBe(201);

    await (await ground.registry.revokeModel(`0x${ground.modelVersion}`, 'test')).wait();
    await waitFor(async () => (await get(`${api.url}/readyz`)).status === 503);
    const refusal = await refusalOf(api);
    expect(refusal).toMatchObject({ status: 503, code: 'model-revoked' });
    const { body } = await get(`${api.url}/v1/records/${refusal.recordId}`);
    expect(body.record).toMatchObject({ type: 'REFUSAL', reason: 'model-revoked' });
    // the session of a single picture would name the revoked model as the one that it opened on
    expect(body.record).not.toHaveProperty('sessionId');
    await api.discard();
  });

  it('a revocation ends the readings of a stream that is under way, each refusal on record', async () => {
    const other = await prepareGround();
    const api = await startTestApi(other);
    const sessionId = await openTestSession(api.url);
    const { socket, waitForAnswers } = await openStream(api.url, sessionId);
    const face = await facePicture();
    socket.send(face);
    expect((await waitForAnswers(1))[0]).toMatchObject({ type: 'reading' });
    await (await other.registry.revokeModel(`0x${other.modelVersion}`, 'test')).wait();
    await waitFor(async () => (await get(`${api.url}/readyz`)).status === 503);
    socket.send(face);
    const [, refused] = await waitForAnswers(2);
    expect(refused).toMatchObject({ type: 'refused', problem: { code: 'model-revoked', sequence: 2 } });
    socket.close();
    await api.discard();
    await other.stop();
  });

  it('a silent chain stops readings once its last answer is too old', async () => {
    const other = await prepareGround();
    const api = await startTestApi(other, {
      registry: {
        rpcUrl: other.chain.url,
        address: other.address,
        chainId: other.chain.chainId,
        pollMs: 50,
        maxAgeMs: 5_000,
      },
    });
    expect((await sendPicture(api.url, await facePicture())).status).toBe(201);
    await other.stop();
    await waitFor(async () => (await get(`${api.url}/readyz`)).status === 503);
    expect(await refusalOf(api)).toMatchObject({ status: 503, code: 'registry-unreachable' });
    await api.discard();
  });

  it('a node of another chain vouches for nothing', async () => {
    const api = await startTestApi(ground, {
      registry: { rpcUrl: ground.chain.url, address: ground.address, chainId: 1, pollMs: 50 },
    });
    expect(await refusalOf(api)).toMatchObject({ status: 503, code: 'registry-unreachable' });
    await api.discard();
  });

  it('pictures without a session need an operator who vouches for the notice', async () => {
    const api = await startTestApi(ground, { policy: {} });
    expect(await refusalOf(api)).toMatchObject({ status: 403, code: 'notice-missing' });
    await api.discard();
  });
});
