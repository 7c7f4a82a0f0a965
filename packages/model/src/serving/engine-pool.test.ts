import { expect, it } from 'vitest';
import { calibrationOf } from '../bundle/calibrated.ts';
import { toOnnx } from '../bundle/onnx/to-onnx.ts';
import { readBundle } from '../bundle/read-bundle.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { EnginePool } from './engine-pool.ts';

it('answers that its engines have ended, where they have, instead of never', async () => {
  const { network, input, manifest } = readBundle(shippedBundle());
  const onnx = toOnnx(network, { input, calibration: calibrationOf(manifest), name: manifest.name });
  const pool = await EnginePool.start(onnx, { workers: 1, threads: 1, batchSize: 1 });
  expect(await pool.run(new Uint8Array(PIXEL_COUNT))).toHaveLength(7);
  await pool.close();
  await expect(pool.run(new Uint8Array(PIXEL_COUNT))).rejects.toThrow('ended');
  await pool.close();
});
