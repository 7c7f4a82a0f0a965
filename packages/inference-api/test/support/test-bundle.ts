import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeDataset,
  type FaceSet,
  LABELS,
  PIXEL_COUNT,
  readBundle,
  saveBundle,
  shippedBundle,
  signDataset,
} from '@testigo/model';
import { keyPairOf } from '@testigo/trail';

const faces: FaceSet = {
  count: 4,
  pixels: Uint8Array.from({ length: 4 * PIXEL_COUNT }, (_, i) => (i * 31 + (i >> 5) * 17) % 256),
  labels: Uint8Array.of(0, 3, 4, 6),
  splits: Uint8Array.of(0, 0, 0, 1),
  source: 'made up',
};

/** A repeatable stand-in for trained weights: what it says means nothing, that it says it is what is tested. */
const makeWeights = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 0.02);

const LAST = 'scores';
const PROFILE = 'input-profile.json';

/**
 * A real bundle around an untrained one-layer network, in a fresh folder. `name` sets the model version apart.
 */
export const makeTestBundle = (name = 'test-net'): string => {
  const folder = join(mkdtempSync(join(tmpdir(), 'testigo-api-bundle-')), 'bundle');
  const custodian = new Uint8Array(32).fill(5);
  const dataset = describeDataset(faces, {
    name: 'made-up',
    licence: 'cc0-1.0',
    sources: ['test'],
    collectedAt: 1,
  });
  const units = LABELS.length;
  saveBundle(folder, {
    name,
    architecture: 'one-layer',
    network: {
      topology: {
        class_name: 'Sequential',
        config: {
          layers: [
            { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 48, 48, 1] } },
            { class_name: 'Dense', config: { name: LAST, units, activation: 'softmax', use_bias: true } },
          ],
        },
      },
      weights: [
        { name: `${LAST}/kernel`, shape: [PIXEL_COUNT, units], data: makeWeights(PIXEL_COUNT * units) },
        { name: `${LAST}/bias`, shape: [units], data: new Float32Array(units) },
      ],
    },
    input: { size: 48, mean: 0, std: 1 },
    precision: 'float32',
    dataset,
    envelope: signDataset(dataset, custodian),
    custodianKey: keyPairOf(custodian).publicKey,
    training: { config: { network: 'one-layer' }, seed: 1, epochs: 0, backend: 'none', trainedAt: 1 },
    evaluation: {},
    calibration: { temperaturePpm: 1_000_000 },
    card: '# A stand-in without training\n',
    // What real training pictures are like, so that drift means something here too.
    extras: { [PROFILE]: { role: 'input-profile', bytes: readBundle(shippedBundle()).files.get(PROFILE)! } },
  });
  return folder;
};
