import { expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { DATASET } from '../../test/manifests.ts';
import { sha256 } from '../log/hashing.ts';
import {
  buildDatasetManifest,
  type DatasetDescription,
  type DatasetStatement,
  datasetManifestDigest,
  datasetRootIn,
  encodeDatasetManifest,
  parseDatasetManifest,
} from './manifest.ts';

const { version: _, ...predicate } = DATASET.predicate;
const description: DatasetDescription = { ...predicate, root: datasetRootIn(DATASET) } as DatasetDescription;

test('a dataset manifest reads back, and its digest is that of its bytes', () => {
  const payload = encodeDatasetManifest(DATASET);
  expect(parseDatasetManifest(payload)).toEqual(DATASET);
  expect(datasetManifestDigest(payload)).toEqual(sha256(payload));
  expect(buildDatasetManifest(description)).toEqual(DATASET);
});

test.each([
  ['two equal labels', { labels: ['angry', 'angry', 'happy', 'sad'] }],
  ['one label', { labels: ['angry'] }],
  ['a split with an unlisted label', { splits: { training: { bored: 1 } } }],
  ['more live samples than leaves', { splits: { training: { angry: 5 } } }],
  ['more selected than live samples', { selection: { ...description.selection, size: 4 } }],
  ['two equal sources', { sources: ['example', 'example'] }],
  ['a root that is no digest', { root: 'ab' }],
  ['an unknown field', { extra: 1 }],
  ['a fraction', { size: 4.5 }],
])('a dataset manifest with %s is refused', (_, change) => {
  expectCode('bad-manifest', () => buildDatasetManifest({ ...description, ...change } as DatasetDescription));
});

test('a dataset manifest whose subject is another dataset is refused', () => {
  const [subject] = DATASET.subject;
  const statement: DatasetStatement = { ...DATASET, subject: [{ ...subject, name: 'other' }] };
  expectCode('bad-manifest', () => encodeDatasetManifest(statement));
  expectCode('bad-manifest', () =>
    encodeDatasetManifest({ ...DATASET, subject: [subject, subject] } as unknown as DatasetStatement),
  );
});
