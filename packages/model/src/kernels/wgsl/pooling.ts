import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';

export type PoolShape = {
  readonly label: string;
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
};

const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');

/** 2x2 maximum, stride 2; an odd last row or column is left out. */
export function recordMaxPool(
  context: GpuContext,
  r: PoolShape & { input: GpuTensor; output: GpuTensor },
): Pass {
  const { side } = r;
  const columns = r.channels / 4;
  const out = Math.floor(side / 2);
  return context.record({
    label: r.label,
    bindings: { input: reads4(r.input), result: writes4(r.output) },
    threads: r.batch * out * out * columns,
    body: `
  let column = i32(i) % ${columns}; let q = i32(i) / ${columns}; let x = q % ${out}; let y = (q / ${out}) % ${out}; let image = q / ${out * out};
  let at = ((image * ${side} + y * 2) * ${side} + x * 2) * ${columns} + column;
  result[i] = max(max(input[at], input[at + ${columns}]), max(input[at + ${side * columns}], input[at + ${(side + 1) * columns}]));`,
  });
}

/** The gradient goes to the first maximum of each window, as the reference does; `mask` adds the ReLU before it. */
export function recordMaxPoolGradient(
  context: GpuContext,
  r: PoolShape & { input: GpuTensor; outputGradient: GpuTensor; inputGradient: GpuTensor; mask: boolean },
): Pass {
  const { side } = r;
  const columns = r.channels / 4;
  const out = Math.floor(side / 2);
  const edge =
    side % 2 === 0 ? '' : `if (x >= ${2 * out} || y >= ${2 * out}) { result[i] = vec4<f32>(0); return; }`;
  return context.record({
    label: r.label,
    bindings: {
      input: reads4(r.input),
      outputGradient: reads4(r.outputGradient),
      result: writes4(r.inputGradient),
    },
    threads: r.batch * side * side * columns,
    body: `
  let column = i32(i) % ${columns}; let p = i32(i) / ${columns}; let x = p % ${side}; let y = (p / ${side}) % ${side}; let image = p / ${side * side};
  ${edge}
  let at = ((image * ${side} + y / 2 * 2) * ${side} + x / 2 * 2) * ${columns} + column;
  let v0 = input[at]; let v1 = input[at + ${columns}]; let v2 = input[at + ${side * columns}]; let v3 = input[at + ${(side + 1) * columns}];
  let place = (y % 2) * 2 + x % 2;
  let g = outputGradient[((image * ${out} + y / 2) * ${out} + x / 2) * ${columns} + column];
  var keep = vec4<bool>(true);
  ${times(
    4,
    (j) =>
      `if (place == ${j}) { keep = ${[0, 1, 2, 3]
        .filter((k) => k !== j)
        .map((k) => `(v${j} ${k < j ? '>' : '>='} v${k})`)
        .join(' & ')}${r.mask ? ` & (v${j} > vec4<f32>(0))` : ''}; }`,
  )}
  result[i] = select(vec4<f32>(0), g, keep);`,
  });
}

/** [batch, side, side, channels] → [batch, channels]. */
export function recordGlobalAverage(
  context: GpuContext,
  r: PoolShape & { input: GpuTensor; output: GpuTensor },
): Pass {
  const columns = r.channels / 4;
  const pixels = r.side * r.side;
  return context.record({
    label: r.label,
    bindings: { input: reads4(r.input), result: writes4(r.output) },
    threads: r.batch * columns,
    workgroupSize: 64,
    body: `
  let column = i32(i) % ${columns}; let base = i32(i) / ${columns} * ${pixels * columns} + column; var sum = vec4<f32>(0);
  for (var p = 0; p < ${pixels}; p++) { sum += input[base + p * ${columns}]; }
  result[i] = sum / ${pixels}.0;`,
  });
}

export function recordGlobalAverageGradient(
  context: GpuContext,
  r: PoolShape & { outputGradient: GpuTensor; inputGradient: GpuTensor },
): Pass {
  const columns = r.channels / 4;
  const pixels = r.side * r.side;
  return context.record({
    label: r.label,
    bindings: { outputGradient: reads4(r.outputGradient), result: writes4(r.inputGradient) },
    threads: r.batch * pixels * columns,
    body: `result[i] = outputGradient[i / ${pixels * columns}u * ${columns}u + i % ${columns}u] / ${pixels}.0;`,
  });
}
