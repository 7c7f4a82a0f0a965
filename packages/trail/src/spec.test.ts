// docs/spec against the code: its worked bytes, and the fields of formats.txt against the schemas.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fillWorked, workedBytes } from '../test/worked.ts';
import { TRAIL_ERRORS } from './errors.ts';
import { recordSchema } from './record/schema.ts';

const folder = fileURLToPath(new URL('../../../docs/spec/', import.meta.url));
const documents = globSync('*.md', { cwd: folder }).sort();
const read = (name: string): string => readFileSync(folder + name, 'utf8');

describe('docs/spec', () => {
  test.each(documents)('%s shows the bytes that the code makes', (name) => {
    const text = read(name);
    expect(fillWorked(text).text === text, 'run npm run spec -w packages/trail').toBe(true);
  });

  test('every worked example is shown once', () => {
    const shown = documents.flatMap((name) => fillWorked(read(name)).names);
    expect(shown.sort()).toEqual(Object.keys(workedBytes()).sort());
  });

  test('formats.txt lists exactly the fields of every record type', () => {
    const objects = new Map<string, Map<string, boolean>>();
    for (const line of read('formats.txt').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [name = '', ...words] = line.split(' ');
      const fields = words.flatMap((word): [string, boolean][] => {
        const field = /^([^:=]+)[:=]/.exec(word)?.[1];
        if (field === undefined) return [...objects.get(word)!];
        return [[field.replace('?', ''), field.endsWith('?')]];
      });
      objects.set(name, new Map(fields));
    }
    for (const option of recordSchema.options) {
      const { type, ...shape } = option.shape;
      const fields = Object.entries(shape).map(([name, field]) => [name, field.safeParse(undefined).success]);
      expect(Object.fromEntries(objects.get(type.value)!), type.value).toEqual(Object.fromEntries(fields));
    }
  });

  test('record.md names every record type', () => {
    const text = read('record.md');
    for (const option of recordSchema.options) expect(text).toContain(`\`${option.shape.type.value}\``);
  });

  test('every document that an error points to exists', () => {
    for (const { help } of Object.values(TRAIL_ERRORS))
      for (const [, name] of help.matchAll(/docs\/spec\/([\w-]+\.md)/g)) expect(documents).toContain(name);
  });
});
