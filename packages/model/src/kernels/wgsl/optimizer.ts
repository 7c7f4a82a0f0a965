import type { OptimizerConfig } from '../../training/config.ts';
import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';
import { STEP_WORDS } from './head.ts';

/** Every parameter starts at a multiple of this many numbers, so that a block of them has one decay. */
export const PARAMETER_ALIGNMENT = 64;

export type OptimizerRequest = {
  readonly config: OptimizerConfig;
  readonly step: GpuTensor;
  readonly parameters: GpuTensor;
  readonly gradients: GpuTensor;
  readonly first: GpuTensor;
  readonly second: GpuTensor;
  /** 1 for blocks of PARAMETER_ALIGNMENT that decay. */
  readonly decays: GpuTensor;
};

/** All parameters in one dispatch. */
export function recordOptimizer(context: GpuContext, r: OptimizerRequest): Pass {
  const shared = {
    step: reads(r.step),
    gradients: reads4(r.gradients),
    parameters: writes4(r.parameters),
    first: writes4(r.first),
  };
  const threads = r.parameters.length / 4;
  const c = r.config;
  if (c.kind === 'sgd') {
    return context.record({
      label: 'sgd',
      bindings: { ...shared, decays: reads(r.decays) },
      threads,
      body: `
  let w = parameters[i]; let g = fma(vec4<f32>(decays[i / ${PARAMETER_ALIGNMENT / 4}u] * ${c.weightDecay}), w, gradients[i]);
  let v = fma(vec4<f32>(${c.momentum}), first[i], g); first[i] = v; parameters[i] = w - step[${STEP_WORDS.learningRate}] * fma(vec4<f32>(${c.momentum}), v, g);`,
    });
  }
  // Kingma and Ba 2015, algorithm 1; the corrections are 1 / (1 - beta^t).
  return context.record({
    label: 'adam',
    bindings: { ...shared, second: writes4(r.second) },
    threads,
    body: `
  let g = gradients[i]; let m = mix(g, first[i], vec4<f32>(${c.beta1})); let v = mix(g * g, second[i], vec4<f32>(${c.beta2})); first[i] = m; second[i] = v;
  parameters[i] = parameters[i] - step[${STEP_WORDS.learningRate}] * (m * step[${STEP_WORDS.correction1}]) / (sqrt(v * step[${STEP_WORDS.correction2}]) + ${c.epsilon});`,
  });
}

/** average += (1 - decay)·(values - average). */
export function recordAverage(
  context: GpuContext,
  label: string,
  decay: number,
  values: GpuTensor,
  average: GpuTensor,
): Pass {
  return context.record({
    label,
    bindings: { values: reads4(values), average: writes4(average) },
    threads: values.length / 4,
    body: `average[i] = mix(values[i], average[i], vec4<f32>(${decay}));`,
  });
}
