import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';

type Parts = readonly [GpuTensor, GpuTensor, ...GpuTensor[]];

/** result = Σ parts, number by number. A part that is shorter is repeated: positions, the same for every picture. */
export function recordSum(
  context: GpuContext,
  r: { readonly label: string; readonly parts: Parts; readonly result: GpuTensor },
): Pass {
  const length = r.result.length / 4;
  const at = (part: GpuTensor): string => (part.length / 4 === length ? 'i' : `i % ${part.length / 4}u`);
  return context.record({
    label: r.label,
    bindings: {
      ...Object.fromEntries(r.parts.map((part, n) => [`part${n}`, reads4(part)])),
      result: writes4(r.result),
    },
    threads: length,
    body: `result[i] = ${r.parts.map((part, n) => `part${n}[${at(part)}]`).join(' + ')};`,
  });
}

/** result = Σ over the batch of [batch, result's length], in order. */
export function recordBatchSum(
  context: GpuContext,
  r: { readonly label: string; readonly rows: GpuTensor; readonly batch: number; readonly result: GpuTensor },
): Pass {
  const length = r.result.length / 4;
  return context.record({
    label: r.label,
    bindings: { rows: reads4(r.rows), result: writes4(r.result) },
    threads: length,
    workgroupSize: 64,
    body: `var sum = vec4<f32>(0); for (var image = 0u; image < ${r.batch}u; image++) { sum += rows[image * ${length}u + i]; } result[i] = sum;`,
  });
}
