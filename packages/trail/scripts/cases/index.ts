import { formatVectors, type VectorFile } from './case.ts';
import { encodingVectors } from './encoding.ts';
import { evidenceVectors } from './evidence.ts';
import { manifestVectors } from './manifests.ts';
import { merkleVectors } from './merkle.ts';
import { noteVectors } from './notes.ts';
import { recordVectors } from './records.ts';
import { tileVectors } from './tiles.ts';

export const buildVectors = (): VectorFile[] => [
  ...encodingVectors(),
  ...merkleVectors(),
  ...tileVectors(),
  ...noteVectors(),
  ...recordVectors(),
  ...manifestVectors(),
  ...evidenceVectors(),
];

/** File name to its exact text. */
export const renderVectors = (): Map<string, string> =>
  new Map(buildVectors().map((file) => [`${file.name}.json`, formatVectors(file)]));
