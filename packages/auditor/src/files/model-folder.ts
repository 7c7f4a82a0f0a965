import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelVersionOf, toBase64, toHex } from '@testigo/trail';
import { AuditError, messageOf } from '../errors.ts';
import { readText } from './read-file.ts';

export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a model bundle folder holds; digests only, so that weights of any size stay on disk. */
export interface ModelFolder {
  readonly source: string;
  readonly manifest?: Uint8Array;
  readonly files: ReadonlyMap<string, FileDigest>;
}

export const MANIFEST_FILE = 'manifest.json';
/** The signed dataset manifest that travels with a model. */
export const DATASET_FILE = 'dataset.dsse.json';

/** @throws AuditError `file-unreadable` if the folder itself cannot be read */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  try {
    const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile());
    const digests = await Promise.all(
      entries.map(async ({ name }) => [name, await digestFile(join(path, name))] as const),
    );
    const hasManifest = entries.some((entry) => entry.name === MANIFEST_FILE);
    const manifest = hasManifest ? await readFile(join(path, MANIFEST_FILE)) : undefined;
    return { source: path, files: new Map(digests), ...(manifest && { manifest: new Uint8Array(manifest) }) };
  } catch (cause) {
    throw new AuditError('file-unreadable', `cannot read the model bundle ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** A model bundle as evidence: its files, and its two manifests as an evidence bundle carries them. */
export interface ModelBundle {
  readonly folder: ModelFolder;
  /** Digest of the manifest as it lies there. */
  readonly version?: string;
  readonly modelManifest?: string;
  readonly datasetEnvelope?: string;
}

/** @throws AuditError `file-unreadable` */
export async function readModelBundle(path: string): Promise<ModelBundle> {
  const folder = await readModelFolder(path);
  const { manifest } = folder;
  return {
    folder,
    ...(manifest && { version: toHex(modelVersionOf(manifest)), modelManifest: toBase64(manifest) }),
    ...(folder.files.has(DATASET_FILE) && { datasetEnvelope: await readText(join(path, DATASET_FILE)) }),
  };
}

async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
