import { Resvg } from '@resvg/resvg-js';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ReliabilityBin } from '../evaluation/calibration.ts';
import type { Confusion } from '../evaluation/confusion.ts';

/** One line of metrics.jsonl. NaN validation figures mean that there was no validation split. */
export type EpochMetrics = {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  readonly learningRate: number;
  /** Under PGD-10; adversarial training only. */
  readonly robustAccuracy?: number;
};

/** What all charts look like. */
export const CHART_BASE = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: {
    font: 'DejaVu Sans, Liberation Sans, Arial, sans-serif',
    view: { stroke: '#ddd' },
    axis: { grid: true, gridColor: '#eee' },
  },
} as const;

/** Draws a Vega-Lite chart without a browser. */
export const renderSvg = async (spec: TopLevelSpec): Promise<string> => {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
};

export const renderPng = (svg: string): Uint8Array =>
  new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 } }).render().asPng();

const curve = (values: readonly object[], field: string, title: string): object => ({
  width: 360,
  height: 220,
  data: { values: [...values] },
  mark: { type: 'line', point: true },
  encoding: {
    x: { field: 'epoch', type: 'quantitative', title: 'epoch', axis: { tickMinStep: 1 } },
    y: { field, type: 'quantitative', title, scale: { zero: false } },
    color: { field: 'rows', type: 'nominal', title: null, scale: { range: ['#4c78a8', '#e45756'] } },
  },
});

/** Loss and accuracy by epoch, training beside validation. */
export const curvesChart = (history: readonly EpochMetrics[]): TopLevelSpec => {
  const values = history.flatMap((epoch) => [
    { epoch: epoch.epoch, rows: 'training', loss: epoch.loss, accuracy: epoch.accuracy },
    ...(Number.isNaN(epoch.validationLoss)
      ? []
      : [
          {
            epoch: epoch.epoch,
            rows: 'validation',
            loss: epoch.validationLoss,
            accuracy: epoch.validationAccuracy,
          },
        ]),
  ]);
  return {
    ...CHART_BASE,
    hconcat: [curve(values, 'loss', 'cross-entropy, nats'), curve(values, 'accuracy', 'accuracy')],
  } as TopLevelSpec;
};

/** Counts, shaded by the share of the true class. */
export const confusionChart = (labels: readonly string[], confusion: Confusion): TopLevelSpec => {
  const values = confusion.flatMap((row, truth) => {
    const total = Math.max(
      1,
      row.reduce((sum, n) => sum + n, 0),
    );
    return row.map((count, predicted) => ({
      truth: labels[truth],
      predicted: labels[predicted],
      count,
      share: count / total,
    }));
  });
  const axis = (field: string, title: string) => ({
    field,
    type: 'nominal',
    title,
    sort: [...labels],
    axis: { grid: false, labelAngle: 0 },
  });
  return {
    ...CHART_BASE,
    width: 420,
    height: 420,
    data: { values },
    encoding: { x: axis('predicted', 'predicted'), y: axis('truth', 'true') },
    layer: [
      {
        mark: 'rect',
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            scale: { scheme: 'blues', domain: [0, 1] },
            title: 'share of class',
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 12 },
        encoding: {
          text: { field: 'count', type: 'quantitative' },
          color: { condition: { test: 'datum.share > 0.5', value: 'white' }, value: '#222' },
        },
      },
    ],
  } as TopLevelSpec;
};

/** Accuracy against confidence; the diagonal is a perfectly calibrated model. */
export const reliabilityChart = (bins: readonly ReliabilityBin[], ece: number): TopLevelSpec =>
  ({
    ...CHART_BASE,
    title: `Reliability after calibration, ECE-15 ${ece.toFixed(4)}`,
    width: 360,
    height: 360,
    layer: [
      {
        data: {
          values: [
            { x: 0, y: 0 },
            { x: 1, y: 1 },
          ],
        },
        mark: { type: 'line', strokeDash: [4, 4], color: '#999' },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      },
      {
        data: { values: [...bins] },
        mark: { type: 'line', point: { size: 60 }, color: '#4c78a8' },
        encoding: {
          x: { field: 'confidence', type: 'quantitative', title: 'confidence', scale: { domain: [0, 1] } },
          y: { field: 'accuracy', type: 'quantitative', title: 'accuracy', scale: { domain: [0, 1] } },
        },
      },
      {
        data: { values: [...bins] },
        mark: { type: 'text', dy: -12, fontSize: 9, color: '#666' },
        encoding: {
          x: { field: 'confidence', type: 'quantitative' },
          y: { field: 'accuracy', type: 'quantitative' },
          text: { field: 'count', type: 'quantitative' },
        },
      },
    ],
  }) as TopLevelSpec;
