// Draws results/ladder.json, every seed a point: node scripts/draw-ladder.ts OUT.png
import { readFileSync, writeFileSync } from 'node:fs';
import type { TopLevelSpec } from 'vega-lite';
import { CHART_BASE, renderPng, renderSvg } from '../src/runs/charts.ts';

type Scores = {
  readonly single: { readonly accuracy: number };
  readonly tenCrop: { readonly accuracy: number };
};
type Ladder = {
  readonly steps: readonly { readonly step: number; readonly change: string }[];
  readonly rows: readonly {
    readonly job: { readonly step: number };
    readonly validation: Scores;
    readonly publicTest: Scores;
  }[];
};

const [out] = process.argv.slice(2) as [string];
const { steps, rows } = JSON.parse(
  readFileSync(new URL('../results/ladder.json', import.meta.url), 'utf8'),
) as Ladder;
const LINE = 44;
/** Breaks a long name near its middle, at a blank; `|` marks the place. */
const broken = (name: string): string => {
  if (name.length <= LINE) return name;
  const at = name.lastIndexOf(' ', Math.ceil(name.length / 2) + 6);
  return `${name.slice(0, at)}|${name.slice(at + 1)}`;
};
const names = steps.map(({ step, change }) => broken(step === 0 ? change : `+ ${change}`));

const values = rows.flatMap(({ job, validation, publicTest }) =>
  Object.entries({ 'held-out fifth of Training': validation, PublicTest: publicTest }).flatMap(
    ([pictures, { single, tenCrop }]) => [
      {
        index: job.step,
        step: names[job.step],
        pictures,
        views: 'one view',
        accuracy: 100 * single.accuracy,
      },
      {
        index: job.step,
        step: names[job.step],
        pictures,
        views: 'ten crops',
        accuracy: 100 * tenCrop.accuracy,
      },
    ],
  ),
);

const mean = { aggregate: 'mean', field: 'accuracy', type: 'quantitative' };
const colour = {
  field: 'views',
  type: 'nominal',
  title: null,
  scale: { range: ['#4c78a8', '#e45756'] },
  legend: { orient: 'bottom' },
};
const panel = (pictures: string, isFirst: boolean): object => ({
  title: pictures,
  width: 330,
  height: { step: 36 },
  transform: [{ filter: { field: 'pictures', equal: pictures } }],
  encoding: {
    y: {
      field: 'step',
      type: 'nominal',
      sort: names,
      title: null,
      axis: {
        labels: isFirst,
        ticks: false,
        labelLimit: 600,
        labelExpr: "split(datum.label, '|')",
        domain: false,
      },
    },
    color: colour,
  },
  layer: [
    {
      mark: { type: 'line', strokeWidth: 1.5, opacity: 0.6 },
      encoding: {
        x: { ...mean, scale: { zero: false }, title: 'accuracy, %' },
        order: { field: 'index', type: 'quantitative' },
      },
    },
    {
      mark: { type: 'point', filled: true, size: 45, opacity: 0.85 },
      encoding: { x: { field: 'accuracy', type: 'quantitative', scale: { domain: [62, 73] } } },
    },
  ],
});

const chart = {
  ...CHART_BASE,
  data: { values },
  hconcat: [panel('held-out fifth of Training', true), panel('PublicTest', false)],
} as unknown as TopLevelSpec;

writeFileSync(out, renderPng(await renderSvg(chart)));
