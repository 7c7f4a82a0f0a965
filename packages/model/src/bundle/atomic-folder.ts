import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ModelError } from '../errors.ts';

const writeDurably = (path: string, bytes: Uint8Array): void => {
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/**
 * Writes all files into a new folder beside `folder` and renames it into place: a crash or a full disk at any
 * moment leaves the old bundle or none, never half of one. An existing folder is replaced only if it holds `marker`.
 * @throws ModelError bundle-exists
 */
export const writeFolderAtomically = (
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
  marker: string,
): void => {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, marker))) {
    throw new ModelError('bundle-exists', { path: folder });
  }
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = `${folder}.writing-${process.pid}`;
  const stale = `${folder}.replaced-${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  try {
    for (const [name, bytes] of Object.entries(files)) writeDurably(join(fresh, name), bytes);
    syncFolder(fresh);
    if (existsSync(folder)) renameSync(folder, stale);
    renameSync(fresh, folder);
    syncFolder(dirname(folder));
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder) && existsSync(stale)) renameSync(stale, folder);
    throw error;
  }
  rmSync(stale, { recursive: true, force: true });
};
