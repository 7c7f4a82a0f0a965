import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from './index.ts';

// Other packages, and people, code against these names: a change here is a decision, never an accident.
test('the public API', () => {
  const source = readFileSync(new URL('index.ts', import.meta.url), 'utf8');
  const types = [...source.matchAll(/\btype (\w+)/g)].map((match) => `type ${match[1]}`);
  expect([...Object.keys(api), ...types].sort()).toMatchSnapshot();
});
