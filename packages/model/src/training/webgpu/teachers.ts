import { recordProbabilities } from '../../kernels/wgsl/head.ts';
import { CLASS_COUNT, type NetworkSpec } from '../../network/spec.ts';
import { layOut, WeightSet } from './arena.ts';
import { type GpuContext, type GpuTensor, type Pass, reads, writes } from './context.ts';
import { buildGraph } from './graph.ts';

/** A trained network that another one learns from. */
export type Teacher = { readonly spec: NetworkSpec; readonly weights: readonly Float32Array[] };

const ROW = 8; // 7 probabilities and one of padding

/**
 * What several networks say about the pictures of a batch, averaged: soft targets of distillation (Hinton, Vinyals
 * and Dean 2015), read from the very views that the student sees (Beyer et al. 2022). `targets` is [batch, 8].
 */
export function recordTeachers(
  context: GpuContext,
  { teachers, batch, picture }: { teachers: readonly Teacher[]; batch: number; picture: GpuTensor },
): { passes: Pass[]; targets: GpuTensor } {
  const targets = context.allocate(batch * ROW, 'soft targets');
  const probabilities = context.allocate(batch * ROW, 'teacher probabilities');
  const passes = teachers.flatMap(({ spec, weights }, index) => {
    const held = new WeightSet(context, layOut(spec), `teacher ${index}`);
    held.write(weights);
    // Its gradients are never read: an inference graph's weight passes are not run.
    const graph = buildGraph({
      ...{ context, spec, batch, mode: 'inference', input: picture },
      ...{ weights: held, gradients: held },
    });
    const [kernel, bias] = held.ofLayer(spec.layers.length - 1) as [GpuTensor, GpuTensor];
    const head = recordProbabilities(context, {
      ...{ batch, features: graph.featureCount, classes: CLASS_COUNT, input: graph.features },
      ...{ weights: kernel, bias, probabilities },
    });
    return [
      ...graph.forward,
      head,
      recordMean(context, { probabilities, targets, index, of: teachers.length }),
    ];
  });
  return { passes, targets };
}

function recordMean(
  context: GpuContext,
  r: { probabilities: GpuTensor; targets: GpuTensor; index: number; of: number },
): Pass {
  return context.record({
    label: 'mean of teachers',
    bindings: { probabilities: reads(r.probabilities), targets: writes(r.targets) },
    threads: r.targets.length,
    workgroupSize: 64,
    body: `targets[i] = ${r.index === 0 ? '' : 'targets[i] + '}probabilities[i] * ${1 / r.of};`,
  });
}
