// Gives a bundle that was made before there were any the profile of its training pictures:
//   node scripts/profile-bundle.ts DATA [BUNDLE]
// Every other file keeps its bytes. The manifest names one more file, so the model version changes.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModelManifest, parseDatasetManifest, parseDsse } from '@testigo/trail';
import { writeFolderAtomically } from '../src/bundle/atomic-folder.ts';
import { encodeInputProfile, INPUT_PROFILE_FILE, profileInputs } from '../src/bundle/input-profile.ts';
import { readBundle } from '../src/bundle/read-bundle.ts';
import { describeDataset } from '../src/data/dataset.ts';
import { rowsOfSplit } from '../src/data/face-set.ts';
import { loadFaces } from '../src/data/load-faces.ts';
import { shippedBundle } from '../src/shipped-bundle.ts';

const [dataPath, folder = shippedBundle()] = process.argv.slice(2) as [string, string?];
const { manifest, files, datasetEnvelope } = readBundle(folder);
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

const bytes = encodeInputProfile(profileInputs(set, rows));
const sha256 = createHash('sha256').update(bytes).digest('hex');
const entry = { name: INPUT_PROFILE_FILE, role: 'input-profile', bytes: bytes.length, sha256 };
const others = manifest.files.filter(({ name }) => name !== INPUT_PROFILE_FILE);
writeFolderAtomically(
  folder,
  {
    ...Object.fromEntries(others.map(({ name }) => [name, files.get(name)!])),
    [INPUT_PROFILE_FILE]: bytes,
    'dataset.dsse.json': readFileSync(join(folder, 'dataset.dsse.json')),
    'manifest.json': encodeModelManifest({ ...manifest, files: [...others, entry] }),
  },
  'manifest.json',
);
process.stdout.write(`${readBundle(folder).modelVersion}\n`);
