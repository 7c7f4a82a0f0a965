import { expect, test } from 'vitest';
import { chooseBackend } from '../backend/choose-backend.ts';
import { buildNetwork } from '../network/build.ts';
import { compactNetwork, hybridNetwork, MISSION_NETWORK } from '../network/spec.ts';
import { isExecuted } from './executed.ts';

test('the executor trains whole networks, and leaves frozen layers and attention to too many places', async () => {
  await chooseBackend({ only: 'cpu', print: () => {} });
  const small = buildNetwork(compactNetwork({ inputSize: 12, widths: [16] }), 'executed');
  const mission = buildNetwork(MISSION_NETWORK, 'executed');
  const hybrid = buildNetwork(hybridNetwork(), 'executed');
  const many = buildNetwork(hybridNetwork({ widths: [32, 64], blocks: 1 }), 'executed');
  expect([small, mission, hybrid, many].map(isExecuted)).toEqual([true, true, true, false]);
  small.model.layers.find(({ weights }) => weights.length > 0)!.trainable = false;
  expect(isExecuted(small)).toBe(false);
  for (const { model } of [small, mission, hybrid, many]) model.dispose();
});
