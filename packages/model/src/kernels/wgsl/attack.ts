import { HASH_POSITION_WGSL } from '../../random/position-hash.ts';
import { type GpuContext, type GpuTensor, type Pass, reads, writes } from '../../training/webgpu/context.ts';
import { STEP_WORDS } from './head.ts';

/** Sizes are in pixel values from 0 to 1; the network's input is (pixel - mean) / std. */
export type AttackShape = { readonly mean: number; readonly std: number; readonly epsilon: number };

/** start = clean + uniform noise in ±epsilon, within [0, 1] (Madry et al. 2018). */
export function recordRandomStart(
  context: GpuContext,
  r: AttackShape & { clean: GpuTensor; start: GpuTensor; step: GpuTensor },
): Pass {
  return context.record({
    label: 'random start',
    bindings: { clean: reads(r.clean), step: reads(r.step), start: writes(r.start) },
    declarations: HASH_POSITION_WGSL,
    threads: r.clean.length,
    body: `
  let u = f32(hashPosition(i, bitcast<u32>(step[${STEP_WORDS.maskSeed}]) ^ 0x9e3779b9u)) / 4294967296.0;
  let pixel = clean[i] * ${r.std} + ${r.mean} + (2.0 * u - 1.0) * ${r.epsilon};
  start[i] = (clamp(pixel, 0.0, 1.0) - ${r.mean}) / ${r.std};`,
  });
}

/** One signed step up the loss, kept within ±epsilon of the clean picture and within [0, 1]. */
export function recordAttackStep(
  context: GpuContext,
  r: AttackShape & { stepSize: number; clean: GpuTensor; picture: GpuTensor; gradient: GpuTensor },
): Pass {
  return context.record({
    label: 'attack step',
    bindings: { clean: reads(r.clean), gradient: reads(r.gradient), picture: writes(r.picture) },
    threads: r.clean.length,
    body: `
  let base = clean[i] * ${r.std} + ${r.mean};
  let moved = picture[i] * ${r.std} + ${r.mean} + ${r.stepSize} * sign(gradient[i]);
  picture[i] = (clamp(clamp(moved, base - ${r.epsilon}, base + ${r.epsilon}), 0.0, 1.0) - ${r.mean}) / ${r.std};`,
  });
}
