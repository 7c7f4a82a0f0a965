import { compactNetwork, type NetworkSpec } from '../network/spec.ts';
import { createGenerator } from '../random/keyed-generator.ts';
import { MISSION_TRAINING, type TrainingConfig } from './config.ts';

/** Pictures whose class is the place of a bright bar: learnable in a few steps. */
export function bars(count: number): { images: Uint8Array; labels: Uint8Array } {
  const random = createGenerator('bars');
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 7);
  const images = Uint8Array.from({ length: count * 2304 }, (_, p) => {
    const column = p % 48;
    const label = labels[Math.floor(p / 2304)]!;
    const bright = column >= 3 + label * 6 && column < 8 + label * 6;
    return (bright ? 200 : 40) + Math.floor(random.uniform() * 40);
  });
  return { images, labels };
}

export const TINY: NetworkSpec = {
  ...compactNetwork({ widths: [8, 8], dropout: 0.2 }),
  layers: [
    { kind: 'conv', filters: 8, bias: true, relu: true },
    { kind: 'maxPool' },
    { kind: 'batchNorm', relu: false, epsilon: 1e-3, momentum: 0.9 },
    { kind: 'maxPool' },
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.2 },
    { kind: 'dense', units: 7, relu: false },
  ],
};

export const TINY_TRAINING: TrainingConfig = {
  ...MISSION_TRAINING,
  seed: 'test',
  epochs: 3,
  batchSize: 14,
  transcriptEverySteps: 4,
};
