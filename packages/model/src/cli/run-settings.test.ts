import { expect, it } from 'vitest';
import { splitRows } from '../training/plan.ts';
import { settingsOf } from './run-settings.ts';
import type { TrainFlags } from './train-flags.ts';

const FLAGS: TrainFlags = {
  ...{ data: 'faces.csv', out: 'out', network: 'compact', seed: 'a', precision: 'float16' },
  ...{ saveEvery: 30, epsilon: 4 / 255 },
};
const filtersOf = (flags: TrainFlags): number[] =>
  settingsOf(flags).network.layers.flatMap((layer) => (layer.kind === 'conv' ? [layer.filters] : []));

it('widens the compact network, against attacks too', () => {
  const widths = [48, 80, 128, 256];
  const filters = [48, 48, 80, 80, 128, 128, 128, 256, 256];
  expect(filtersOf({ ...FLAGS, widths })).toEqual(filters);
  const robust: TrainFlags = { ...FLAGS, widths, adversarial: 'fast-at' };
  expect(filtersOf(robust)).toEqual(filters);
  expect(settingsOf(robust).network.inputSize).toBe(48);
});

it('turns, moves and zooms pictures further where that is asked for', () => {
  const { training } = settingsOf(FLAGS);
  const wide = settingsOf({ ...FLAGS, augmentation: 'wide' }).training;
  expect(wide.augmentation.zoom).toBeGreaterThan(training.augmentation.zoom);
  expect({ ...wide, augmentation: null }).toEqual({ ...training, augmentation: null });
});

it.each([
  ['widths', { network: 'mission', widths: [16, 16, 16, 16] }],
  ['widths', { from: 'shipped', widths: [16, 16, 16, 16] }],
  ['augmentation', { network: 'mission', augmentation: 'wide' }],
] as const)('refuses %s where it means nothing', (option, flags) => {
  expect(() => settingsOf({ ...FLAGS, ...flags })).toThrow(
    expect.objectContaining({ code: 'option-invalid', message: expect.stringContaining(option) }),
  );
});

it('holds out the same pictures for every seed of one split seed', () => {
  const held = (seed: string, splitSeed?: string): Uint32Array =>
    splitRows(100, settingsOf({ ...FLAGS, seed, ...(splitSeed ? { splitSeed } : {}) }).training).validation;
  expect(held('a', 'held')).toEqual(held('b', 'held'));
  expect(held('a')).not.toEqual(held('b'));
});
