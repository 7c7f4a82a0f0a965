// Writes packages/trail/vectors/*.json. They are frozen: a difference to the committed bytes means that the code
// changed its mind about something that other people's records already depend on.
import { writeFileSync } from 'node:fs';
import { renderVectors } from './cases/index.ts';

for (const [name, text] of renderVectors()) {
  writeFileSync(new URL(`../vectors/${name}`, import.meta.url), text);
  process.stdout.write(`${name}: ${text.split('\n').length - 3} cases\n`);
}
