import {
  type Binding,
  type GpuContext,
  type GpuTensor,
  type Pass,
  writes4,
} from '../../training/webgpu/context.ts';

/** Into how many parts the rows are cut: at least four rows a thread, at most 512 parts. */
export const columnParts = (rows: number, channels: number): number =>
  Math.max(1, Math.min(512, Math.ceil(rows / (4 * Math.max(1, Math.floor(1024 / channels))))));
export const columnPartialLength = (rows: number, channels: number): number =>
  columnParts(rows, channels) * 2 * channels;

export type ColumnSumsRequest = {
  readonly label: string;
  readonly rows: number;
  readonly channels: number;
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Computes the two vec4s `u` and `v` of element `at` (row · channels/4 + column) to be summed over rows. */
  readonly terms: string;
  /** Run once a thread, before the loop, with `column`. */
  readonly setup?: string;
  /** [columnParts, 2, channels]. */
  readonly partials: GpuTensor;
};

/** Partial sums of two quantities over the rows of [rows, channels]. */
export function recordColumnSums(context: GpuContext, r: ColumnSumsRequest): Pass {
  const columns = r.channels / 4;
  const lanes = Math.max(1, Math.floor(256 / columns));
  const parts = columnParts(r.rows, r.channels);
  const perPart = Math.ceil(r.rows / parts);
  return context.record({
    label: r.label,
    bindings: { ...r.bindings, partials: writes4(r.partials) },
    declarations: 'var<workgroup> sumsU: array<vec4<f32>, 256>; var<workgroup> sumsV: array<vec4<f32>, 256>;',
    workgroupSize: lanes * columns,
    groups: [parts, 1, 1],
    body: `
  let column = i32(lid) % ${columns}; let lane = i32(lid) / ${columns};
  let start = i32(wid.x) * ${perPart}; let end = min(start + ${perPart}, ${r.rows});
  var sumU = vec4<f32>(0); var sumV = vec4<f32>(0);
  ${r.setup ?? ''}
  for (var row = start + lane; row < end; row += ${lanes}) {
    let at = row * ${columns} + column;
    ${r.terms}
    sumU += u; sumV += v;
  }
  sumsU[lid] = sumU; sumsV[lid] = sumV; workgroupBarrier();
  if (lane == 0) {
    for (var other = 1; other < ${lanes}; other++) { sumU += sumsU[i32(lid) + other * ${columns}]; sumV += sumsV[i32(lid) + other * ${columns}]; }
    partials[i32(wid.x) * ${2 * columns} + column] = sumU;
    partials[i32(wid.x) * ${2 * columns} + ${columns} + column] = sumV;
  }`,
  });
}

export type FinishRequest = {
  readonly label: string;
  readonly rows: number;
  readonly channels: number;
  readonly partials: GpuTensor;
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Uses `u` and `v`, the whole sums of column `column` (four channels). */
  readonly finish: string;
};

/** Sums the parts of each column and finishes it: one workgroup for four channels. */
export function recordFinish(context: GpuContext, r: FinishRequest): Pass {
  const columns = r.channels / 4;
  return context.record({
    label: r.label,
    bindings: { ...r.bindings, partials: { tensor: r.partials, access: 'read', element: 'vec4<f32>' } },
    declarations: 'var<workgroup> sumsU: array<vec4<f32>, 128>; var<workgroup> sumsV: array<vec4<f32>, 128>;',
    workgroupSize: 128,
    groups: [columns, 1, 1],
    body: `
  let column = i32(wid.x); let t = i32(lid); var u = vec4<f32>(0); var v = vec4<f32>(0);
  for (var part = t; part < ${columnParts(r.rows, r.channels)}; part += 128) { u += partials[part * ${2 * columns} + column]; v += partials[part * ${2 * columns} + ${columns} + column]; }
  sumsU[lid] = u; sumsV[lid] = v; workgroupBarrier();
  for (var half = 64; half > 0; half = half / 2) { if (t < half) { sumsU[t] += sumsU[t + half]; sumsV[t] += sumsV[t + half]; } workgroupBarrier(); }
  if (t == 0) { u = sumsU[0]; v = sumsV[0]; ${r.finish} }`,
  });
}
