import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder, writeSynced } from '../durable-file.ts';
import { ModelError } from '../errors.ts';

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
    for (const [name, bytes] of Object.entries(files)) writeSynced(join(fresh, name), bytes, 'wx');
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
