import { VIEW_LENGTH } from '../../augment/view.ts';
import { type GpuContext, type GpuTensor, type Pass, reads, writes } from '../../training/webgpu/context.ts';

export type GatherRequest = {
  readonly batch: number;
  readonly sourceSize: number;
  readonly size: number;
  readonly mean: number;
  readonly std: number;
  readonly mixup: boolean;
  /** All images, four bytes a word. */
  readonly images: GpuTensor;
  readonly indices: GpuTensor;
  readonly partners: GpuTensor;
  readonly views: GpuTensor;
  /** One view for all rows instead of one a row. */
  readonly sharedView?: boolean;
  readonly output: GpuTensor;
};

/** The batch cut out of the images in GPU memory: `augment/resample.ts` as a shader, mixup included. */
export function recordGather(context: GpuContext, r: GatherRequest): Pass {
  const { sourceSize: side, size } = r;
  const mixing = r.mixup ? `let weight = v(11u); value = mix(viewed(partners[n], x, y), value, weight);` : '';
  return context.record({
    label: 'gather',
    bindings: {
      images: reads(r.images, 'u32'),
      indices: reads(r.indices, 'u32'),
      ...(r.mixup ? { partners: reads(r.partners, 'u32') } : {}),
      views: reads(r.views),
      result: writes(r.output),
    },
    declarations: `
  var<private> at: u32;
  fn v(k: u32) -> f32 { return views[at + k]; }
  fn pixel(start: u32, x: i32, y: i32) -> f32 { let p = start + u32(y * ${side} + x); return f32((images[p / 4u] >> (p % 4u * 8u)) & 255u); }
  fn viewed(row: u32, x: f32, y: f32) -> f32 {
    if (x >= v(6u) && x < v(8u) && y >= v(7u) && y < v(9u)) { return v(10u); }
    let px = clamp(v(0u) * x + v(1u) * y + v(2u), 0.0, ${side - 1}.0); let py = clamp(v(3u) * x + v(4u) * y + v(5u), 0.0, ${side - 1}.0);
    let x0 = i32(floor(px)); let y0 = i32(floor(py)); let x1 = min(x0 + 1, ${side - 1}); let y1 = min(y0 + 1, ${side - 1});
    let fx = px - f32(x0); let fy = py - f32(y0); let start = row * ${side * side}u;
    let top = pixel(start, x0, y0) * (1.0 - fx) + pixel(start, x1, y0) * fx;
    let bottom = pixel(start, x0, y1) * (1.0 - fx) + pixel(start, x1, y1) * fx;
    return (top * (1.0 - fy) + bottom * fy) / 255.0;
  }`,
    threads: r.batch * size * size,
    body: `
  let n = i / ${size * size}u; let q = i % ${size * size}u; let x = f32(q % ${size}u); let y = f32(q / ${size}u); at = ${r.sharedView ? '0u' : `n * ${VIEW_LENGTH}u`};
  var value = viewed(indices[n], x, y); ${mixing}
  result[i] = (value - ${r.mean}) / ${r.std};`,
  });
}
