import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * SHA-256 over this package's own code as it runs: sorted lines `<sha256>  <path>`, as sha256sum prints them.
 * It tells builds apart in the records; it is no proof against somebody who controls the machine.
 */
export const computeBuildDigest = (root = fileURLToPath(new URL('.', import.meta.url))): string => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !/\.(test|d)\.[jt]s$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, name: relative(root, file).split(sep).join('/') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = files.map(
    ({ file, name }) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${name}\n`,
  );
  return createHash('sha256').update(lines.join('')).digest('hex');
};
