import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';
import type { ConvolutionShape } from './matrix-convolution.ts';

export type FilterGradientRequest = ConvolutionShape & {
  readonly label: string;
  readonly input: GpuTensor;
  readonly outputGradient: GpuTensor;
  /** Receives [taps, inChannels, outChannels]. */
  readonly gradient: GpuTensor;
  /** Scratch for `partialLength` numbers; layers may share it. */
  readonly partials: GpuTensor;
};

const TM = 96; // rows of [taps·in]: divides 9·32
const STEP = 16; // pixels a stage
const TARGET_GROUPS = 1056; // 8 workgroups for each of 132 multiprocessors
const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');
const tileColumns = (outChannels: number): number => (outChannels <= 32 ? 32 : 64);

function splitsFor(s: ConvolutionShape): { splits: number; stepsPerSplit: number } {
  const tiles =
    Math.ceil((s.taps * s.inChannels) / TM) * Math.ceil(s.outChannels / tileColumns(s.outChannels));
  const steps = Math.ceil((s.batch * s.side * s.side) / STEP);
  const wanted = Math.max(1, Math.min(Math.ceil(TARGET_GROUPS / tiles), Math.floor(steps / 8)));
  const stepsPerSplit = Math.ceil(steps / wanted);
  return { splits: Math.ceil(steps / stepsPerSplit), stepsPerSplit };
}

export const partialLength = (s: ConvolutionShape): number =>
  splitsFor(s).splits * s.taps * s.inChannels * s.outChannels;

/**
 * The filter gradient as a matrix product [taps·in, pixels] x [pixels, out], cut along the pixels into parts that are
 * summed in a fixed order afterwards: enough workgroups for a small filter, and no atomics.
 */
export function recordFilterGradient(context: GpuContext, r: FilterGradientRequest): Pass[] {
  const { side, inChannels, outChannels, taps } = r;
  const pixels = r.batch * side * side;
  const rows = taps * inChannels;
  const tn = tileColumns(outChannels);
  const tn4 = tn / 4;
  const columns = tn / 32; // vec4 columns a thread: 8 threads a row of the tile
  const out4 = outChannels / 4;
  const in4 = inChannels / 4;
  const { splits, stepsPerSplit } = splitsFor(r);
  const columnOk = out4 % tn4 === 0 ? 'true' : `n0 + column < ${out4}`;
  const inLoads = (STEP * TM) / 4 / 96;
  const outLoads = Math.ceil((STEP * tn4) / 96);
  const body = `
  let t = i32(lid); let x = t % 8; let y = t / 8;
  let m0 = i32(wid.x) * ${TM}; let n0 = i32(wid.y) * ${tn4};
  let m = m0 + (t % 24) * 4; let first = t / 24; let rowOk = m < ${rows};
  let tap = m / ${inChannels}; let channel = (m % ${inChannels}) / 4;
  let dy = ${taps === 9 ? 'tap / 3 - 1' : '0'}; let dx = ${taps === 9 ? 'tap % 3 - 1' : '0'};
  ${times(8, (i) => times(columns, (c) => `var acc${i}_${c} = vec4<f32>(0);`))}
  for (var s = 0; s < ${stepsPerSplit}; s++) {
    let base = (i32(wid.z) * ${stepsPerSplit} + s) * ${STEP};
    workgroupBarrier();
    ${times(
      inLoads,
      (i) => `{ let p = base + first + ${i * 4}; var v = vec4<f32>(0);
      if (rowOk && p < ${pixels}) { let iy = (p / ${side}) % ${side} + dy; let ix = p % ${side} + dx;
        if (u32(iy) < ${side}u && u32(ix) < ${side}u) { v = input[(p + dy * ${side} + dx) * ${in4} + channel]; } }
      tileA[(first + ${i * 4}) * 24 + t % 24] = v; }`,
    )}
    ${times(
      outLoads,
      (
        j,
      ) => `{ let at = t + ${j * 96}; if (at < ${STEP * tn4}) { let p = base + at / ${tn4}; let column = at % ${tn4};
      if (p < ${pixels} && ${columnOk}) { tileB[at] = outputGradient[p * ${out4} + n0 + column]; } else { tileB[at] = vec4<f32>(0); } } }`,
    )}
    workgroupBarrier();
    for (var q = 0; q < ${STEP}; q++) {
      let a0 = tileA[q * 24 + y * 2]; let a1 = tileA[q * 24 + y * 2 + 1];
      ${times(columns, (c) => `let b${c} = tileB[q * ${tn4} + x + ${c * 8}];`)}
      ${times(8, (i) => times(columns, (c) => `acc${i}_${c} = fma(vec4<f32>(a${i >> 2}[${i & 3}]), b${c}, acc${i}_${c});`))}
    }
  }
  ${times(8, (i) =>
    times(
      columns,
      (c) => `{ let column = x + ${c * 8}; let at = m0 + y * 8 + ${i};
      if (at < ${rows} && ${columnOk}) { partials[(i32(wid.z) * ${rows} + at) * ${out4} + n0 + column] = acc${i}_${c}; } }`,
    ),
  )}`;
  const product = context.record({
    label: r.label,
    bindings: {
      input: reads4(r.input),
      outputGradient: reads4(r.outputGradient),
      partials: writes4(splits === 1 ? r.gradient : r.partials),
    },
    declarations: `var<workgroup> tileA: array<vec4<f32>, ${STEP * 24}>; var<workgroup> tileB: array<vec4<f32>, ${STEP * tn4}>;`,
    body,
    workgroupSize: 96,
    groups: [Math.ceil(rows / TM), Math.ceil(outChannels / tn), splits],
  });
  if (splits === 1) return [product];
  return [
    product,
    recordSumOfParts(context, {
      label: `${r.label} sum`,
      partials: r.partials,
      parts: splits,
      length: rows * outChannels,
      result: r.gradient,
    }),
  ];
}

export type SumRequest = {
  readonly label: string;
  readonly partials: GpuTensor;
  readonly parts: number;
  readonly length: number;
  readonly result: GpuTensor;
  /** Added to each row of `bias.length` results. */
  readonly bias?: GpuTensor;
  readonly relu?: boolean;
};

/** result[i] = Σ_part partials[part][i], in a fixed order; 16 threads a column of four where there are many parts. */
export function recordSumOfParts(context: GpuContext, r: SumRequest): Pass {
  const length4 = r.length / 4;
  const epilogue = `${r.bias ? `v += bias[column % ${r.bias.length / 4}u];` : ''} ${r.relu ? 'v = max(v, vec4<f32>(0));' : ''}`;
  if (r.parts < 32) {
    return context.record({
      label: r.label,
      bindings: {
        partials: reads4(r.partials),
        result: writes4(r.result),
        ...(r.bias ? { bias: reads4(r.bias) } : {}),
      },
      threads: length4,
      workgroupSize: 64,
      body: `let column = i; var v = partials[i]; for (var part = 1u; part < ${r.parts}u; part++) { v += partials[part * ${length4}u + i]; } ${epilogue} result[i] = v;`,
    });
  }
  return context.record({
    label: r.label,
    bindings: {
      partials: reads4(r.partials),
      result: writes4(r.result),
      ...(r.bias ? { bias: reads4(r.bias) } : {}),
    },
    declarations: 'var<workgroup> sums: array<vec4<f32>, 256>;',
    workgroupSize: 256,
    groups: [Math.ceil(length4 / 16), 1, 1],
    body: `
  let column = wid.x * 16u + lid % 16u; let lane = lid / 16u; var v = vec4<f32>(0);
  if (column < ${length4}u) { for (var part = lane; part < ${r.parts}u; part += 16u) { v += partials[part * ${length4}u + column]; } }
  sums[lid] = v; workgroupBarrier();
  for (var half = 128u; half >= 16u; half = half / 2u) { if (lid < half) { sums[lid] += sums[lid + half]; } workgroupBarrier(); }
  if (lid < 16u && column < ${length4}u) { v = sums[lid]; ${epilogue} result[column] = v; }`,
  });
}
