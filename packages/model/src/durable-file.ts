import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes and syncs a file. `flags` as of open(2): 'wx' refuses one that is there. */
export const writeSynced = (path: string, bytes: Uint8Array, flags: 'w' | 'wx'): void => {
  const file = openSync(path, flags);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Makes what was created, renamed or removed in a folder last. */
export const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** A file under this name is whole: written beside it, synced and renamed, so that a crash leaves the old one or the new. */
export const replaceFile = (path: string, content: Uint8Array | string): void => {
  const part = `${path}.part`;
  writeSynced(part, typeof content === 'string' ? Buffer.from(content) : content, 'w');
  renameSync(part, path);
  syncFolder(dirname(path));
};
