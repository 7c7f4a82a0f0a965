// The frozen vectors: regenerated they are the same bytes, this package gives every answer they ask for, and so does
// the verifier in Python. (evidence.json is the auditor's to answer; Python answers it here.)
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { renderVectors } from '../scripts/cases/index.ts';
import { RUNNERS, type VectorCase } from '../test/run-vector.ts';

const folder = fileURLToPath(new URL('../vectors/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (name: string): readonly VectorCase[] =>
  (JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as { readonly cases: readonly VectorCase[] }).cases;

test('regenerating the vectors gives the committed bytes', () => {
  const rendered = renderVectors();
  expect([...rendered.keys()].sort()).toEqual(files.sort());
  for (const [name, text] of rendered)
    expect(readFileSync(`${folder}${name}`, 'utf8') === text, name).toBe(true);
});

test('there are at least 800 positive and 200 negative ones, each with its own name', () => {
  const cases = files.flatMap((name) => casesOf(name));
  const positive = cases.filter((c) => (c.valid ?? c.outcome === 'verified') === true).length;
  expect(positive).toBeGreaterThanOrEqual(800);
  expect(cases.length - positive).toBeGreaterThanOrEqual(200);
  for (const name of files) {
    const names = casesOf(name).map((c) => c.name);
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
  }
});

describe.each(files.filter((name) => name !== 'evidence.json'))('%s', (name) => {
  test('this package agrees', () => {
    const run = RUNNERS[name.replace('.json', '')]!;
    const wrong = casesOf(name).filter((c) => {
      let accepted: boolean;
      try {
        accepted = run(c);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'TrailError')) throw error;
        accepted = false;
      }
      return accepted !== c.valid;
    });
    expect(wrong.map((c) => c.name)).toEqual([]);
  });
});

const python = spawnSync('python3', ['--version']).status === 0;

describe('docs/spec/verify.py', () => {
  const script = fileURLToPath(new URL('../../../docs/spec/verify.py', import.meta.url));

  test('agrees on every vector', () => {
    if (!python) return process.stdout.write('docs/spec/verify.py did not run: there is no python3\n');
    const run = spawnSync('python3', ['-B', script, '--vectors', folder], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const { wrong, positive, negative } = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(wrong).toEqual([]);
    expect(Number(positive) + Number(negative)).toBe(files.flatMap((name) => casesOf(name)).length);
    expect(run.status).toBe(0);
  });

  test('has at most 400 lines and needs nothing but the standard library', () => {
    const source = readFileSync(script, 'utf8');
    expect(source.split('\n').length).toBeLessThanOrEqual(401);
    const imports = [...source.matchAll(/^import (.+)$/gm)].flatMap((match) => match[1]!.split(', '));
    const standard = ['argparse', 'base64', 'hashlib', 'json', 'pathlib', 're', 'sys', 'unicodedata'];
    expect(imports.sort()).toEqual(standard);
  });
});
