import { describe, expect, it } from 'vitest';
import { makeFinding } from '../findings/table.ts';
import { buildReport } from './build-report.ts';
import { formatReport } from './format.ts';
import { DARK, LIGHT, TINT_PERCENT } from './html-style.ts';

type Palette = Record<keyof typeof LIGHT, string>;
type Rgb = readonly number[];

const rgbOf = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);

/** WCAG 2.2, "relative luminance". */
const luminanceOf = (rgb: Rgb): number => {
  const [r, g, b] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** WCAG 2.2, "contrast ratio". */
const contrast = (a: Rgb, b: Rgb): number => {
  const [dark, light] = [luminanceOf(a), luminanceOf(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
};

const tint = (colour: Rgb, page: Rgb): Rgb =>
  colour.map((c, i) => (c * TINT_PERCENT + page[i]! * (100 - TINT_PERCENT)) / 100);

const OUTCOMES = ['verified', 'failed', 'inconclusive'] as const;
const [TEXT, GRAPHICS] = [4.5, 3];

/** Every colour of the page with every ground it stands on, and what it must read at. */
function* pairsOf(palette: Palette): Generator<[string, Rgb, Rgb, number]> {
  const of = (name: keyof Palette) => rgbOf(palette[name]);
  const page = of('page');
  for (const name of ['ink', 'soft', 'muted', ...OUTCOMES] as const) yield [name, of(name), page, TEXT];
  for (const name of OUTCOMES) {
    yield [`${name} on its tint`, of(name), tint(of(name), page), TEXT];
    yield [`ink on the tint of ${name}`, of('ink'), tint(of(name), page), TEXT];
  }
  for (const name of ['fill-sibling', 'fill-path', 'fill-proven', 'fill-unproven'] as const)
    yield [`ink on ${name}`, of('ink'), of(name), TEXT];
  for (const name of ['path', 'line'] as const) yield [name, of(name), page, GRAPHICS];
}

const HASH = 'ab'.repeat(32);
const STEP = { level: 0, side: 'left', start: HASH, sibling: HASH, result: HASH } as const;
const html = formatReport(
  buildReport({
    command: 'verify',
    subject: 'bundle.json',
    findings: [
      makeFinding('inclusion-proven', { source: 'bundle' }),
      makeFinding('inclusion-proof-invalid', { source: 'bundle' }),
      makeFinding('chain-not-given', { source: 'command line' }),
    ],
    notChecked: [],
    auditedAt: new Date('2026-11-23T01:02:03Z'),
    toolVersion: '0.1.0',
    verifiedMeans: 'All is well.',
    extras: {
      counts: { records: 1 },
      timeline: [
        { at: '2026-11-23T01:02:03Z', label: 'record', kind: 'record' },
        { at: '2026-11-23T01:02:04Z', label: 'anchor', kind: 'anchor' },
      ],
      proofPath: [STEP, { ...STEP, side: 'right', level: 1 }],
    },
  }),
  'html',
  { colour: false },
);

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the page in %s', (_, palette) => {
  it.each([...pairsOf(palette)])('%s can be read', (_name, colour, ground, least) => {
    expect(contrast(colour, ground)).toBeGreaterThanOrEqual(least);
  });
});

describe('one page for every reader', () => {
  it('is dark only on a screen that asks for it, so that paper stays light', () => {
    const dark = html.match(/@media ([^{]*)\{ :root \{ color-scheme: dark; ([^}]*)\}/);
    expect(dark?.[1]).toBe('screen and (prefers-color-scheme: dark) ');
    for (const [name, colour] of Object.entries(DARK)) expect(dark?.[2]).toContain(`--${name}: ${colour};`);
  });

  it('has no colour that only one of the two knows', () => {
    const outside = html.replace(/:root \{[^}]*\}/g, '');
    expect(outside).not.toMatch(/#[0-9a-f]{3,8}\b|\bwhite\b|\bblack\b|(fill|stroke)="(?!none)/i);
    const used = new Set([...outside.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name));
    expect(new Set([...used].filter((name) => name !== 'c'))).toEqual(new Set(Object.keys(LIGHT)));
  });
});
