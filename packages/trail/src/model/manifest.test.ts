import { expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { MODEL } from '../../test/manifests.ts';
import { sha256 } from '../log/hashing.ts';
import { encodeModelManifest, type ModelManifest, modelVersionOf, parseModelManifest } from './manifest.ts';

const [file] = MODEL.files as [ModelManifest['files'][number]];

test('a model manifest reads back, and its digest is the model version', () => {
  const bytes = encodeModelManifest(MODEL);
  expect(parseModelManifest(bytes)).toEqual(MODEL);
  expect(modelVersionOf(bytes)).toEqual(sha256(bytes));
});

test.each([
  ['no file', { files: [] }],
  ['a file twice', { files: [file, file] }],
  ['a file in another folder', { files: [{ ...file, name: '../weights.bin' }] }],
  ['a hidden file', { files: [{ ...file, name: '.weights' }] }],
  ['a label twice', { labels: ['angry', 'angry'] }],
  ['a float in the evaluation', { evaluation: { accuracy: 0.65 } }],
  ['an accuracy above one', { evaluation: { accuracy: 1_000_001 } }],
  ['a name that is no token', { evaluation: { 'Test accuracy': 1 } }],
  ['a temperature of zero', { calibration: { temperaturePpm: 0 } }],
  ['an unknown field', { extra: 1 }],
])('a model manifest with %s is refused', (_, change) => {
  expectCode('bad-manifest', () => encodeModelManifest({ ...MODEL, ...change } as ModelManifest));
});
