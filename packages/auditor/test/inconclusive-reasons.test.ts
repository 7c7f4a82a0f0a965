import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FINDINGS } from '../src/findings/table.ts';
import { TESTS_OF_REASONS } from './inconclusive-reasons.ts';

/** How far below its title, in characters, a test may name the code that it meets. */
const REACH = 1600;

it('every reason for inconclusive has a test', () => {
  const reasons = Object.entries(FINDINGS).filter(([, { outcome }]) => outcome === 'inconclusive');
  expect(Object.keys(TESTS_OF_REASONS).sort()).toEqual(reasons.map(([code]) => code).sort());
});

it.each(Object.entries(TESTS_OF_REASONS))('%s is met where the table says', (code, [file, title]) => {
  const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
  const places = [...text.matchAll(new RegExp(title.replaceAll(/[.()]/g, '\\$&'), 'g'))];
  expect(places.length, `a test called "${title}" in ${file}`).toBeGreaterThan(0);
  const near = places.map(({ index }) => text.slice(index, index + REACH));
  expect(near.some((after) => new RegExp(`['"]${code}['"]`).test(after))).toBe(true);
});
