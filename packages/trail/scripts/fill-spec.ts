// Fills the worked bytes of docs/spec/*.md in.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fillWorked } from '../test/worked.ts';

const folder = fileURLToPath(new URL('../../../docs/spec/', import.meta.url));
for (const name of globSync('*.md', { cwd: folder })) {
  const text = readFileSync(folder + name, 'utf8');
  writeFileSync(folder + name, fillWorked(text).text);
}
