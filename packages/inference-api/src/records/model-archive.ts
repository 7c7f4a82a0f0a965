import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelVersionOf, toHex } from '@testigo/trail';
import type { Database, Dialect } from '../state/database.ts';

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
  find(modelVersion: string): Promise<ModelEvidence | undefined>;
};

/** A manifest that is not what its name says would only make the evidence fail. */
const isIntact = ({ modelVersion, manifest }: ModelEvidence): boolean =>
  toHex(modelVersionOf(manifest)) === modelVersion;

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
    find: async (modelVersion) => {
      if (modelVersion === current.modelVersion) return current;
      const files = join(folder, modelVersion);
      if (!/^[0-9a-f]{64}$/.test(modelVersion) || !existsSync(join(files, MANIFEST))) return undefined;
      const manifest = new Uint8Array(readFileSync(join(files, MANIFEST)));
      const datasetEnvelope = readFileSync(join(files, ENVELOPE), 'utf8');
      const found = { modelVersion, manifest, datasetEnvelope };
      return isIntact(found) ? found : undefined;
    },
  };
};

export const modelArchiveSchema = ({ bytes, table }: Dialect): string => `
  CREATE TABLE IF NOT EXISTS models (
    version TEXT PRIMARY KEY, manifest ${bytes} NOT NULL, envelope TEXT NOT NULL
  ) ${table};
`;

/** For replicas: any of them can then prove a record of a model that only another one ran. */
export const openSharedModelArchive = async (
  db: Pick<Database, 'get' | 'write'>,
  current: ModelEvidence,
): Promise<ModelArchive> => {
  const { modelVersion: version, manifest, datasetEnvelope } = current;
  await db.write([
    'INSERT INTO models VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ...[version, manifest, datasetEnvelope],
  ]);
  return {
    find: async (modelVersion) => {
      const row = await db.get('SELECT manifest, envelope FROM models WHERE version = ?', modelVersion);
      if (!row) return undefined;
      const found = {
        modelVersion,
        manifest: row.manifest as Uint8Array,
        datasetEnvelope: row.envelope as string,
      };
      return isIntact(found) ? found : undefined;
    },
  };
};
