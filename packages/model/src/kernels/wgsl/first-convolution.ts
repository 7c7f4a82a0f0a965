import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads,
  reads4,
  writes,
  writes4,
} from '../../training/webgpu/context.ts';
import { recordSumOfParts } from './matrix-filter-gradient.ts';

export type FirstConvolutionShape = {
  readonly batch: number;
  readonly side: number;
  readonly outChannels: number;
};

const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');
/** The nine gray neighbours of pixel (x, y) of the image at `base`, 0 outside. */
const neighbours = (side: number): string =>
  times(
    9,
    (tap) => `var v${tap} = 0.0; { let iy = y + ${Math.floor(tap / 3) - 1}; let ix = x + ${(tap % 3) - 1};
    if (u32(iy) < ${side}u && u32(ix) < ${side}u) { v${tap} = input[base + iy * ${side} + ix]; } }`,
  );

/** 3x3 convolution of one gray channel: bound by writing its output, so no tiles. */
export function recordFirstConvolution(
  context: GpuContext,
  r: FirstConvolutionShape & {
    label: string;
    input: GpuTensor;
    weights: GpuTensor;
    output: GpuTensor;
    bias?: GpuTensor;
    relu?: boolean;
  },
): Pass {
  const { side, outChannels } = r;
  const out4 = outChannels / 4;
  return context.record({
    label: r.label,
    bindings: {
      input: reads(r.input),
      weights: reads4(r.weights),
      result: writes4(r.output),
      ...(r.bias ? { bias: reads4(r.bias) } : {}),
    },
    threads: r.batch * side * side * out4,
    body: `
  let column = i32(i) % ${out4}; let p = i32(i) / ${out4}; let x = p % ${side}; let y = (p / ${side}) % ${side}; let base = p - y * ${side} - x;
  ${neighbours(side)}
  var sum = ${r.bias ? 'bias[column]' : 'vec4<f32>(0)'};
  ${times(9, (tap) => `sum = fma(vec4<f32>(v${tap}), weights[${tap * out4} + column], sum);`)}
  result[i] = ${r.relu ? 'max(sum, vec4<f32>(0))' : 'sum'};`,
  });
}

const PARTS = 512;
export const firstPartialLength = ({ outChannels }: FirstConvolutionShape): number => PARTS * 9 * outChannels;

/** Filter gradient of the first layer: each thread keeps nine taps of four channels over a stride of pixels. */
export function recordFirstFilterGradient(
  context: GpuContext,
  r: FirstConvolutionShape & {
    label: string;
    input: GpuTensor;
    outputGradient: GpuTensor;
    gradient: GpuTensor;
    partials: GpuTensor;
  },
): Pass[] {
  const { side, outChannels } = r;
  const out4 = outChannels / 4;
  const lanes = Math.floor(128 / out4);
  const pixels = r.batch * side * side;
  const perPart = Math.ceil(pixels / PARTS);
  const part = context.record({
    label: r.label,
    bindings: {
      input: reads(r.input),
      outputGradient: reads4(r.outputGradient),
      partials: writes4(r.partials),
    },
    declarations: 'var<workgroup> sums: array<vec4<f32>, 128>;',
    workgroupSize: lanes * out4,
    groups: [PARTS, 1, 1],
    body: `
  let column = i32(lid) % ${out4}; let lane = i32(lid) / ${out4}; let start = i32(wid.x) * ${perPart}; let end = min(start + ${perPart}, ${pixels});
  ${times(9, (tap) => `var acc${tap} = vec4<f32>(0);`)}
  for (var p = start + lane; p < end; p += ${lanes}) {
    let x = p % ${side}; let y = (p / ${side}) % ${side}; let base = p - y * ${side} - x; let g = outputGradient[p * ${out4} + column];
    ${neighbours(side)}
    ${times(9, (tap) => `acc${tap} = fma(vec4<f32>(v${tap}), g, acc${tap});`)}
  }
  ${times(
    9,
    (tap) => `sums[lid] = acc${tap}; workgroupBarrier();
  for (var left = ${lanes}; left > 1; left = (left + 1) / 2) { let half = (left + 1) / 2; if (lane < left - half) { sums[lid] += sums[i32(lid) + half * ${out4}]; } workgroupBarrier(); }
  if (lane == 0) { partials[(i32(wid.x) * 9 + ${tap}) * ${out4} + column] = sums[lid]; } workgroupBarrier();`,
  )}`,
  });
  const sum = recordSumOfParts(context, {
    label: `${r.label} sum`,
    partials: r.partials,
    parts: PARTS,
    length: 9 * outChannels,
    result: r.gradient,
  });
  return [part, sum];
}

/** Gradient with respect to the gray input: what an attack on the picture follows. */
export function recordFirstInputGradient(
  context: GpuContext,
  r: FirstConvolutionShape & {
    label: string;
    weights: GpuTensor;
    outputGradient: GpuTensor;
    inputGradient: GpuTensor;
  },
): Pass {
  const { side, outChannels } = r;
  const out4 = outChannels / 4;
  return context.record({
    label: r.label,
    bindings: {
      weights: reads4(r.weights),
      outputGradient: reads4(r.outputGradient),
      result: writes(r.inputGradient),
    },
    threads: r.batch * side * side,
    body: `
  let p = i32(i); let x = p % ${side}; let y = (p / ${side}) % ${side}; var sum = vec4<f32>(0);
  for (var tap = 0; tap < 9; tap++) {
    let oy = y - (tap / 3 - 1); let ox = x - (tap % 3 - 1);
    if (u32(oy) < ${side}u && u32(ox) < ${side}u) {
      let at = (p + (oy - y) * ${side} + ox - x) * ${out4};
      for (var c = 0; c < ${out4}; c++) { sum = fma(outputGradient[at + c], weights[tap * ${out4} + c], sum); }
    }
  }
  result[i] = sum.x + sum.y + sum.z + sum.w;`,
  });
}
