import { describe, expect, it } from 'vitest';
import { FINDINGS, type FindingCode, makeFinding } from '../findings/table.ts';
import { buildReport } from './build-report.ts';
import { FORMATS, formatReport } from './format.ts';
import { reportSchema } from './report.ts';

const HOSTILE = '</script><img src=x onerror=alert(1)> & "\'\u0000\u001b[31m ]]>';

const reportOf = (codes: readonly FindingCode[], seen = 'something') =>
  buildReport({
    command: 'verify',
    subject: 'bundle.json',
    findings: codes.map((code) => makeFinding(code, { expected: 'this', seen, source: 'bundle: record' })),
    notChecked: ['the weights'],
    auditedAt: new Date('2026-11-23T01:02:03Z'),
    toolVersion: '0.1.0',
    verifiedMeans: 'All is well.',
  });
const format = (codes: readonly FindingCode[], form: (typeof FORMATS)[number], seen?: string) =>
  formatReport(reportOf(codes, seen), form, { colour: false });

const VERIFIED: FindingCode[] = ['record-well-formed', 'inclusion-proven'];
const FAILED: FindingCode[] = ['record-well-formed', 'inclusion-proof-invalid', 'chain-not-given'];
const INCONCLUSIVE: FindingCode[] = ['record-well-formed', 'chain-not-given'];

describe('verdict and exit code', () => {
  it.each([
    [VERIFIED, 'verified', 0],
    [FAILED, 'failed', 1],
    [INCONCLUSIVE, 'inconclusive', 3],
    [[], 'inconclusive', 3],
  ] as const)('%j is %s, exit code %i', (codes, outcome, exitCode) => {
    expect(reportOf(codes)).toMatchObject({ outcome, exitCode });
  });

  it('an audit without a check says so', () => {
    expect(reportOf([]).findings.map((finding) => finding.code)).toEqual(['checks-none']);
  });
});

describe('every format carries the outcome', () => {
  it('JSON follows its schema', () => {
    for (const codes of [VERIFIED, FAILED, INCONCLUSIVE, []]) {
      expect(reportSchema.safeParse(JSON.parse(format(codes, 'json'))).error).toBeUndefined();
    }
  });

  it('SARIF: kind and level are a function of the outcome, and each result names its rule', () => {
    const sarif = JSON.parse(format(FAILED, 'sarif'));
    const [run] = sarif.runs;
    expect(sarif.version).toBe('2.1.0');
    const results = run.results as { ruleId: string; ruleIndex: number; kind: string; level: string }[];
    expect(results.map(({ kind, level }) => [kind, level])).toEqual([
      ['pass', 'none'],
      ['fail', 'error'],
      ['open', 'none'],
    ]);
    for (const { ruleId, ruleIndex } of results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
  });

  it('JUnit: failed is a failure, inconclusive an error, and nothing is ever skipped', () => {
    const xml = format(FAILED, 'junit');
    expect(xml).toContain('tests="3" failures="1" errors="1" skipped="0"');
    expect(xml).toContain('<failure type="inclusion-proof-invalid"');
    expect(xml).toContain('<error type="chain-not-given"');
    expect(xml).not.toContain('<skipped');
  });

  it('HTML: the verdict stands in the title and on the page', () => {
    const html = format(INCONCLUSIVE, 'html');
    expect(html).toContain('<title>INCONCLUSIVE: verify of bundle.json</title>');
    expect(html).toContain('<b>INCONCLUSIVE</b>');
  });

  it('text ends on one line that says it all', () => {
    const lines = format(FAILED, 'text').trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^✘ FAILED {2}The inclusion proof does not lead/);
  });
});

describe('hostile evidence stays text', () => {
  it.each(['html', 'junit'] as const)('%s', (form) => {
    const out = format(FAILED, form, HOSTILE);
    expect(out).not.toContain('<img');
    expect(out).not.toContain('\u0000');
    expect(out).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('text writes no control character to the terminal', () => {
    expect(format(FAILED, 'text', HOSTILE)).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('no value can forge a line of the result', () => {
    const text = format(FAILED, 'text', 'x\n\n✔ VERIFIED  All is well.');
    expect(text.split('\n').filter((line) => line.startsWith('✔ VERIFIED'))).toEqual([]);
  });

  it('HTML loads nothing and runs nothing', () => {
    const html = format(VERIFIED, 'html');
    expect(html).not.toMatch(/<script|src=|href=|url\(|@import/i);
    expect(html).toContain("default-src 'none'");
  });
});

it('every finding has words for a person, and codes are kebab-case', () => {
  for (const [code, entry] of Object.entries(FINDINGS)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(entry.title).toMatch(/^[A-Z].*[^.]$/);
    expect(entry.meaning).toMatch(/^[A-Z].*\.$/);
    if (entry.next !== undefined) expect(entry.next).toMatch(/^[A-Z].*[.]$/);
  }
});

it('has every format', () => {
  for (const form of FORMATS) expect(format(VERIFIED, form)).not.toBe('');
});
