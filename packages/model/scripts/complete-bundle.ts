// Gives a bundle that was made before there were any the profile of its training pictures and, where it has reference
// readings, the head that learns from them:
//   node scripts/complete-bundle.ts DATA [BUNDLE]
// Every other file keeps its bytes. The manifest names more files, so the model version changes.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModelManifest, parseDatasetManifest, parseDsse } from '@testigo/trail';
import { writeFolderAtomically } from '../src/bundle/atomic-folder.ts';
import { loadClassifier } from '../src/bundle/classifier.ts';
import { encodeInputProfile, INPUT_PROFILE_FILE, profileInputs } from '../src/bundle/input-profile.ts';
import { readBundle } from '../src/bundle/read-bundle.ts';
import { describeDataset } from '../src/data/dataset.ts';
import { rowsOfSplit } from '../src/data/face-set.ts';
import { loadFaces } from '../src/data/load-faces.ts';
import { decodeReference, REFERENCE_FILE } from '../src/evidence/reference.ts';
import {
  encodeReferenceHead,
  learnReferenceHead,
  REFERENCE_HEAD_FILE,
} from '../src/evidence/reference-head.ts';
import { shippedBundle } from '../src/shipped-bundle.ts';

const [dataPath, folder = shippedBundle()] = process.argv.slice(2) as [string, string?];
const contents = readBundle(folder);
const { manifest, files, datasetEnvelope } = contents;
const set = await loadFaces(dataPath);
const rows = rowsOfSplit(set, 'Training');
const { payload } = parseDsse(JSON.parse(datasetEnvelope));
const { predicate } = parseDatasetManifest(Buffer.from(payload, 'base64'));
const { name, licence, sources, collectedAt } = predicate;
const { selectionRoot } = describeDataset(set, { name, licence, sources, collectedAt, selection: rows });
if (selectionRoot !== manifest.dataset.selection)
  throw new Error(
    `${dataPath} is not what this bundle was trained on: its Training rows have the root ${selectionRoot}`,
  );

const added = new Map([
  [INPUT_PROFILE_FILE, { role: 'input-profile', bytes: encodeInputProfile(profileInputs(set, rows)) }],
]);
const readings = files.get(REFERENCE_FILE);
if (readings) {
  const classifier = await loadClassifier(contents, { threads: 2 });
  const head = await learnReferenceHead(classifier, set, rows, decodeReference(readings));
  await classifier.close();
  added.set(REFERENCE_HEAD_FILE, { role: 'reference-head', bytes: encodeReferenceHead(head) });
}
const others = manifest.files.filter(({ name }) => !added.has(name));
const entries = [...added].map(([name, { role, bytes }]) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, role, bytes: bytes.length, sha256 };
});
writeFolderAtomically(
  folder,
  {
    ...Object.fromEntries(others.map(({ name }) => [name, files.get(name)!])),
    ...Object.fromEntries([...added].map(([name, { bytes }]) => [name, bytes])),
    'dataset.dsse.json': readFileSync(join(folder, 'dataset.dsse.json')),
    'manifest.json': encodeModelManifest({ ...manifest, files: [...others, ...entries] }),
  },
  'manifest.json',
);
process.stdout.write(`${readBundle(folder).modelVersion}\n`);
