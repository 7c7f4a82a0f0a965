import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelVersionOf, toHex } from '@testigo/trail';

export type ModelEvidence = {
  readonly modelVersion: string;
  /** Canonical bytes. */
  readonly manifest: Uint8Array;
  /** DSSE JSON text. */
  readonly datasetEnvelope: string;
};

/** What every model that ever answered here was made of: its records must stay provable after it is replaced. */
export type ModelArchive = {
  /** Undefined for a version that never ran here. */
  find(modelVersion: string): ModelEvidence | undefined;
};

const MANIFEST = 'manifest.json';
const ENVELOPE = 'dataset.dsse.json';

/** Written whole or not at all: a crash must not leave half a manifest under its final name. */
const writeWhole = (file: string, content: Uint8Array | string): void => {
  writeFileSync(`${file}.part`, content, { flush: true });
  renameSync(`${file}.part`, file);
};

export const openModelArchive = (folder: string, current: ModelEvidence): ModelArchive => {
  const own = join(folder, current.modelVersion);
  if (!existsSync(join(own, MANIFEST))) {
    mkdirSync(own, { recursive: true });
    writeWhole(join(own, ENVELOPE), current.datasetEnvelope);
    writeWhole(join(own, MANIFEST), current.manifest);
  }
  return {
    find: (modelVersion) => {
      if (modelVersion === current.modelVersion) return current;
      const files = join(folder, modelVersion);
      if (!/^[0-9a-f]{64}$/.test(modelVersion) || !existsSync(join(files, MANIFEST))) return undefined;
      const manifest = new Uint8Array(readFileSync(join(files, MANIFEST)));
      // A manifest that is not what its name says would only make the evidence fail.
      if (toHex(modelVersionOf(manifest)) !== modelVersion) return undefined;
      return { modelVersion, manifest, datasetEnvelope: readFileSync(join(files, ENVELOPE), 'utf8') };
    },
  };
};
