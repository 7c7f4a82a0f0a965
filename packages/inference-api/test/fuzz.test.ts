import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzHttp, fuzzStream } from '../scripts/fuzz-run.ts';
import { facePicture } from './support/pictures.ts';
import { type Ground, prepareGround, startTestApi, type TestApi } from './support/world.ts';

// The short form of `npm run fuzz`.
describe('hostile input', () => {
  let ground: Ground;
  let api: TestApi;
  let pictures: Buffer[];
  beforeAll(async () => {
    ground = await prepareGround();
    api = await startTestApi(ground);
    const small = sharp(await facePicture()).resize(160, 120);
    pictures = [
      await small.clone().jpeg().toBuffer(),
      await small.clone().png().toBuffer(),
      await small.clone().webp().toBuffer(),
    ];
  });
  afterAll(async () => {
    await api.discard();
    await ground.stop();
  });

  it('gets a client error with a code, whatever it is', async () => {
    const { sent, breaches } = await fuzzHttp(api.url, pictures, 400, 'short');
    expect(breaches).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(400);
  });

  it('never ends a stream', async () => {
    expect((await fuzzStream(api.url, pictures, 60, 'short')).breaches).toEqual([]);
  });
});
