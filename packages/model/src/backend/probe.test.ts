import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('choosing a backend by itself leaves standard error to us, whatever the drivers here have to say', async () => {
  const script = `
    const { chooseBackend } = await import(${JSON.stringify(new URL('./choose-backend.ts', import.meta.url).href)});
    const lines = [];
    await chooseBackend({ print: (line) => lines.push(line) });
    process.stdout.write(lines.join('\\n'), () => process.exit(0));`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stdout).toMatch(/^backend: \w+ \(.+\)$/);
  expect(stderr).toBe('');
});
