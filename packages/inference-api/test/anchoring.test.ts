import { ROLES } from '@testigo/contracts';
import { fromBase64, modelVersionOf, parseEvidenceBundle, parseRecord, toHex } from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, sendPicture } from './support/http.ts';
import { facePicture } from './support/pictures.ts';
import { makeTestBundle } from './support/test-bundle.ts';
import {
  anchoringWith,
  type Ground,
  openLogOnChain,
  prepareGround,
  SINGLE_PICTURES,
  startTestApi,
} from './support/world.ts';

describe('anchoring', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await prepareGround();
  });
  afterAll(() => ground.stop());

  it('brings a record under an anchor that its evidence bundle names and the chain confirms', async () => {
    const api = await startTestApi(ground, { anchoring: anchoringWith(ground) });
    const { body } = await sendPicture(api.url, await facePicture());
    expect((body.anchoring as { state: string }).state).toBe('pending');
    await openLogOnChain(ground, api);
    expect(await api.waitForAnchor(body.leafIndex as number, 20_000)).toBe(true);

    const proof = await get(`${api.url}/v1/records/${body.recordId}/proof`);
    expect(proof.body.anchoring).toMatchObject({ chainId: ground.chain.chainId, size: 3 });
    const answer = await fetch(`${api.url}/v1/records/${body.recordId}/evidence`);
    const bundle = parseEvidenceBundle(new Uint8Array(await answer.arrayBuffer()));
    const events = await (await fetch(`${api.url}/v1/records/${body.recordId}/anchoring`)).text();
    expect(events).toMatch(/^event: anchoring\ndata: \{"state":"finalized".*\}\n\n$/);
    const { registry } = ground;
    const head = await registry.headOf(`0x${api.logId}`);
    expect(bundle.anchor).toMatchObject({
      registry: ground.address.toLowerCase(),
      logId: api.logId,
      size: 3,
    });
    expect([head.size, head.root]).toEqual([3n, `0x${bundle.anchor?.root}`]);
    expect(parseRecord(fromBase64(bundle.record)).type).toBe('DETECTION');

    const [named] = await registry.queryFilter(
      registry.filters.Anchored(`0x${api.logId}`, `0x${ground.modelVersion}`),
    );
    expect(named?.args.count).toBe(1n);
    await api.discard();
  });

  it('puts a reading that a decision leaned on onto the chain by itself, and no other', async () => {
    const recorderAccount = ground.chain.accounts[3]!;
    await (await ground.registry.grantRole(ROLES.recorder, recorderAccount.address)).wait();
    const api = await startTestApi(ground, {
      log: { origin: 'log.example.org/decisions' },
      anchoring: { ...anchoringWith(ground), recorderKey: recorderAccount.privateKey },
      policy: { singlePictures: SINGLE_PICTURES, onChain: 'decisions' },
    });
    await openLogOnChain(ground, api);
    const { body: reviewed } = await sendPicture(api.url, await facePicture());
    const { body: untouched } = await sendPicture(api.url, await facePicture());
    const decision = {
      reviewer: 'Maria Lopes',
      factReference: 'id-document-check-17',
      decision: 'no-action',
    };
    const review = await post(`${api.url}/v1/detections/${reviewed.recordId}/review`, decision);
    expect(review.status).toBe(201);
    const leafOf = async (recordId: unknown): Promise<string> => {
      const { body } = await get(`${api.url}/v1/records/${recordId}`);
      return `0x${body.recordHash}`;
    };
    const [leaf, other] = [await leafOf(reviewed.recordId), await leafOf(untouched.recordId)];
    await expect
      .poll(() => ground.registry.detectionOf(leaf), { timeout: 20_000 })
      .toBe(`0x${ground.modelVersion}`);
    expect(await ground.registry.detectionOf(other)).toBe(`0x${'0'.repeat(64)}`);
    await api.discard();
  });

  it('keeps the records of a replaced model provable', async () => {
    const first = await startTestApi(ground);
    const { body } = await sendPicture(first.url, await facePicture());
    await first.close();
    const next = makeTestBundle('second-net');
    const second = await startTestApi({ ...ground, bundleDir: next }, { dataDir: first.dataDir });
    const answer = await fetch(`${second.url}/v1/records/${body.recordId}/evidence`);
    const bundle = parseEvidenceBundle(new Uint8Array(await answer.arrayBuffer()));
    expect(toHex(modelVersionOf(fromBase64(bundle.modelManifest ?? '')))).toBe(ground.modelVersion);
    expect((await sendPicture(second.url, await facePicture())).body.code).toBe('model-not-registered');
    await second.discard();
  });
});
