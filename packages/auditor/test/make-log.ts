import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  encodeEntryBundle,
  entryBundlePath,
  type Hash,
  hashChildren,
  hashLeaf,
  tilePath,
} from '@testigo/trail';

/** Writes a folder that serves a log in the layout of C2SP tlog-tiles. */
export async function writeLog(
  dir: string,
  records: readonly Uint8Array[],
  checkpoint: string,
): Promise<void> {
  const put = async (path: string, bytes: Uint8Array | string) => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), bytes);
  };
  await put('checkpoint', checkpoint);
  for (let i = 0; i * 256 < records.length; i++) {
    const part = records.slice(i * 256, (i + 1) * 256);
    await put(entryBundlePath(i, part.length), encodeEntryBundle(part));
  }
  let hashes: Hash[] = records.map(hashLeaf);
  for (let level = 0; hashes.length > 0; level++) {
    for (let i = 0; i * 256 < hashes.length; i++) {
      const part = hashes.slice(i * 256, (i + 1) * 256);
      await put(tilePath(level, i, part.length), Buffer.concat(part));
    }
    for (let step = 0; step < 8; step++) {
      const above: Hash[] = [];
      for (let i = 0; i + 1 < hashes.length; i += 2) above.push(hashChildren(hashes[i]!, hashes[i + 1]!));
      hashes = above;
    }
  }
}
