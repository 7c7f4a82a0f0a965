import type { RocPoint } from '../poisoning/numeric/ranking.ts';

const SIZE = 360;
const MARGIN = 44;
const COLOURS = [
  '#1b6ca8',
  '#c8553d',
  '#2e7d32',
  '#7b3fa0',
  '#b8860b',
  '#00838f',
  '#ad1457',
  '#5d4037',
  '#455a64',
  '#827717',
  '#303f9f',
  '#6d6d6d',
];
/** Left end of the logarithmic axis of false-positive rates; everything below is drawn there. */
const LOWEST_EXPONENT = -4;

/** ROC curves over a logarithmic axis: what counts in poison detection happens below 1 % false alarms. */
export function drawRocSvg(
  title: string,
  curves: readonly { readonly name: string; readonly roc: readonly RocPoint[] }[],
): string {
  const toX = (fpr: number) =>
    MARGIN + (SIZE * (Math.max(Math.log10(fpr), LOWEST_EXPONENT) - LOWEST_EXPONENT)) / -LOWEST_EXPONENT;
  const toY = (tpr: number) => MARGIN + SIZE * (1 - tpr);
  const parts = curves.map(({ name, roc }, k) => {
    const colour = COLOURS[k % COLOURS.length]!;
    const path = drawSteps(roc.map(({ fpr, tpr }) => ({ x: toX(fpr), y: toY(tpr) })));
    const labelY = MARGIN + 16 * (k + 1);
    return (
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>` +
      `<text x="${MARGIN + SIZE + 12}" y="${labelY}" fill="${colour}">${escapeXml(name)}</text>`
    );
  });
  const grid = [-4, -3, -2, -1, 0].map((exponent) => {
    const x = toX(10 ** exponent).toFixed(1);
    return (
      `<path d="M${x},${MARGIN}V${MARGIN + SIZE}" stroke="#ddd"/>` +
      `<text x="${x}" y="${MARGIN + SIZE + 16}" text-anchor="middle">${10 ** exponent}</text>`
    );
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (tpr) => `<text x="${MARGIN - 6}" y="${toY(tpr) + 4}" text-anchor="end">${tpr}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE + 2 * MARGIN + 150} ${SIZE + 2 * MARGIN}" font-family="sans-serif" font-size="11">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${MARGIN}" y="24" font-size="14">${escapeXml(title)}</text>`,
    ...grid,
    ...ticks,
    `<rect x="${MARGIN}" y="${MARGIN}" width="${SIZE}" height="${SIZE}" fill="none" stroke="#888"/>`,
    ...parts,
    `<text x="${MARGIN + SIZE / 2}" y="${MARGIN + SIZE + 34}" text-anchor="middle">false-positive rate</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Steps of less than half a unit are not drawn: they cannot be seen, and a curve has tens of thousands of them. */
function drawSteps(points: readonly { readonly x: number; readonly y: number }[]): string {
  let path = '';
  let drawn = { x: Number.NaN, y: Number.NaN };
  points.forEach((point, at) => {
    const isEnd = at === 0 || at === points.length - 1;
    if (!isEnd && Math.abs(point.x - drawn.x) < 0.5 && Math.abs(point.y - drawn.y) < 0.5) return;
    const [x, y] = [point.x.toFixed(1), point.y.toFixed(1)];
    path += at === 0 ? `M${x},${y}` : `H${x}V${y}`;
    drawn = point;
  });
  return path;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
