import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GENERATED_DOCS } from '../scripts/generated-docs.ts';

// The formatter may lay JSON out in its own way; what it says must be the same.
const normalise = (path: string, text: string): unknown => (path.endsWith('.json') ? JSON.parse(text) : text);

it.each(GENERATED_DOCS)(
  '$path says what the code says: npm run docs -w packages/auditor',
  ({ path, content }) => {
    expect(normalise(path, readFileSync(path, 'utf8'))).toEqual(normalise(path, content));
  },
);
