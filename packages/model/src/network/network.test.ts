import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { buildNetwork, getWeights } from './build.ts';
import { countParameters, initialWeights } from './parameters.ts';
import { compactNetwork, hybridNetwork, MISSION_NETWORK } from './spec.ts';

test("the mission's network has 1,469,031 parameters, the compact one 1,344,451 trained ones", () => {
  expect(countParameters(MISSION_NETWORK)).toBe(1_469_031);
  expect(countParameters(compactNetwork())).toBeLessThan(1_500_000);
  expect(countParameters(hybridNetwork())).toBeLessThan(1_500_000);
});

test('weights survive the way into a TensorFlow.js model and back', async () => {
  await tf.setBackend('cpu');
  for (const spec of [MISSION_NETWORK, compactNetwork(), hybridNetwork()]) {
    const network = buildNetwork(spec, 'round trip');
    expect(network.model.countParams()).toBe(countParameters(spec));
    expect(await getWeights(network)).toEqual(initialWeights(spec, 'round trip'));
    network.model.dispose();
  }
});
