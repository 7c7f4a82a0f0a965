// Fails unless every line of contracts/ is covered. `npm run coverage -w packages/contracts`
import { readFile } from 'node:fs/promises';

const report = await readFile(new URL('../coverage/lcov.info', import.meta.url), 'utf8');
const uncovered: string[] = [];
let lines = 0;
for (const section of report.split('end_of_record')) {
  const file = /^SF:(.+)$/m.exec(section)?.[1];
  if (!file?.startsWith('contracts/')) continue;
  for (const [, line, hits] of section.matchAll(/^DA:(\d+),(\d+)/gm)) {
    lines += 1;
    if (hits === '0') uncovered.push(`${file}:${line}`);
  }
}
if (lines === 0) throw new Error('the coverage report names no line of contracts/');
if (uncovered.length > 0) {
  process.stderr.write(`not covered: ${uncovered.join(', ')}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`all ${lines} lines of contracts/ are covered\n`);
}
