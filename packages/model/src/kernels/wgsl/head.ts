import { dropBound, HASH_POSITION_WGSL } from '../../random/position-hash.ts';
import { type GpuContext, type GpuTensor, type Pass, reads, writes } from '../../training/webgpu/context.ts';

/** Dropout, the last dense layer, softmax and cross-entropy in one: no logits travel. */
export type HeadRequest = {
  readonly batch: number;
  readonly features: number;
  readonly classes: number;
  readonly input: GpuTensor; // [batch, features]
  readonly weights: GpuTensor; // [features, classes]
  readonly bias: GpuTensor;
  readonly probabilities: GpuTensor; // [batch, 8], the last column unused
};

/** Words of the step buffer that shaders read: see `BatchBuffer`. */
export const STEP_WORDS = { learningRate: 0, correction1: 1, correction2: 2, maskSeed: 3 } as const;

const dropout = (rate: number, features: number): string =>
  rate === 0
    ? 'fn kept(sample: u32, feature: u32) -> f32 { return 1.0; }'
    : `${HASH_POSITION_WGSL}
  fn kept(sample: u32, feature: u32) -> f32 {
    return select(0.0, ${1 / (1 - rate)}, hashPosition(sample * ${features}u + feature, bitcast<u32>(step[${STEP_WORDS.maskSeed}])) >= ${dropBound(rate)}u);
  }`;

/** Logits of sample `n` by 64 threads into `logits`, then its softmax into `p`. */
const softmax = (features: number, classes: number): string => `
  let n = wid.x; let t = i32(lid);
  for (var c = 0; c < ${classes}; c++) {
    var sum = 0.0;
    for (var f = t; f < ${features}; f += 64) { sum = fma(input[n * ${features}u + u32(f)] * kept(n, u32(f)), weights[f * ${classes} + c], sum); }
    sums[t] = sum; workgroupBarrier();
    for (var half = 32; half > 0; half = half / 2) { if (t < half) { sums[t] += sums[t + half]; } workgroupBarrier(); }
    if (t == 0) { logits[c] = sums[0] + bias[c]; }
    workgroupBarrier();
  }
  var top = logits[0]; for (var c = 1; c < ${classes}; c++) { top = max(top, logits[c]); }
  var norm = 0.0; for (var c = 0; c < ${classes}; c++) { norm += exp(logits[c] - top); }`;

const DECLARATIONS =
  'var<workgroup> sums: array<f32, 64>; var<workgroup> logits: array<f32, 8>; var<workgroup> error: array<f32, 8>;';

export function recordProbabilities(context: GpuContext, r: HeadRequest): Pass {
  return context.record({
    label: 'head',
    bindings: {
      input: reads(r.input),
      weights: reads(r.weights),
      bias: reads(r.bias),
      probabilities: writes(r.probabilities),
    },
    declarations: `${DECLARATIONS} ${dropout(0, r.features)}`,
    workgroupSize: 64,
    groups: [r.batch, 1, 1],
    body: `${softmax(r.features, r.classes)}
  if (t < ${r.classes}) { probabilities[n * 8u + u32(t)] = exp(logits[t] - top) / norm; }`,
  });
}

export type LossRequest = HeadRequest & {
  readonly dropoutRate: number;
  readonly labelSmoothing: number;
  readonly mixup: boolean;
  /** The input comes out of a ReLU, whose gradient is applied too. */
  readonly mask: boolean;
  readonly step: GpuTensor;
  readonly labels: GpuTensor; // u32 a row of the data
  readonly indices: GpuTensor; // u32 [batch]
  readonly partners: GpuTensor; // u32 [batch]
  readonly views: GpuTensor; // f32 [batch, 12]
  readonly inputGradient: GpuTensor;
  readonly errors: GpuTensor; // [batch, 8]: d loss / d logits
  readonly losses: GpuTensor; // [batch, 2]: loss, hit
  /** Soft targets [batch, 8] of teachers and their share of the loss. */
  readonly teacher?: { readonly targets: GpuTensor; readonly share: number };
};

/** Loss, its gradient by the logits and by the features. */
export function recordLoss(context: GpuContext, r: LossRequest): Pass {
  const { features, classes } = r;
  const on = 1 - r.labelSmoothing;
  const mixed = r.mixup
    ? `let weight = views[n * 12u + 11u]; let other = labels[partners[n]];`
    : 'let weight = 1.0; let other = own;';
  const soft = r.teacher ? `goal = mix(goal, teacher[n * 8u + u32(t)], ${r.teacher.share});` : '';
  return context.record({
    label: 'loss',
    bindings: {
      input: reads(r.input),
      weights: reads(r.weights),
      bias: reads(r.bias),
      ...(r.dropoutRate > 0 ? { step: reads(r.step) } : {}),
      labels: reads(r.labels, 'u32'),
      indices: reads(r.indices, 'u32'),
      ...(r.mixup ? { partners: reads(r.partners, 'u32'), views: reads(r.views) } : {}),
      ...(r.teacher ? { teacher: reads(r.teacher.targets) } : {}),
      inputGradient: writes(r.inputGradient),
      errors: writes(r.errors),
      losses: writes(r.losses),
    },
    declarations: `${DECLARATIONS} var<workgroup> terms: array<f32, 8>; ${dropout(r.dropoutRate, features)}`,
    workgroupSize: 64,
    groups: [r.batch, 1, 1],
    body: `${softmax(features, classes)}
  let own = labels[indices[n]]; ${mixed}
  if (t < ${classes}) {
    var goal = f32(${r.labelSmoothing / classes});
    if (u32(t) == own) { goal += f32(${on}) * weight; }
    if (u32(t) == other) { goal += f32(${on}) * (1.0 - weight); }
    ${soft}
    let p = exp(logits[t] - top) / norm;
    error[t] = (p - goal) / ${r.batch}.0; errors[n * 8u + u32(t)] = error[t];
    terms[t] = -goal * (logits[t] - top - log(norm));
  }
  workgroupBarrier();
  if (t == 0) {
    var loss = 0.0; var best = 0u;
    for (var c = 0; c < ${classes}; c++) { loss += terms[c]; if (logits[c] > logits[best]) { best = u32(c); } }
    losses[n * 2u] = loss; losses[n * 2u + 1u] = select(0.0, 1.0, best == own);
  }
  for (var f = t; f < ${features}; f += 64) {
    var g = 0.0; for (var c = 0; c < ${classes}; c++) { g = fma(weights[f * ${classes} + c], error[c], g); }
    g *= kept(n, u32(f)); ${r.mask ? `g = select(0.0, g, input[n * ${features}u + u32(f)] > 0.0);` : ''}
    inputGradient[n * ${features}u + u32(f)] = g;
  }`,
  });
}

/** Gradients of the dense layer, and the batch's loss and hits added to `metrics` (loss, hits, count). */
export function recordHeadWeights(
  context: GpuContext,
  r: LossRequest & { weightGradient: GpuTensor; biasGradient: GpuTensor; metrics: GpuTensor },
): Pass[] {
  const { features, classes, batch } = r;
  const gradients = context.record({
    label: 'head weight gradients',
    bindings: {
      input: reads(r.input),
      errors: reads(r.errors),
      ...(r.dropoutRate > 0 ? { step: reads(r.step) } : {}),
      weightGradient: writes(r.weightGradient),
      biasGradient: writes(r.biasGradient),
    },
    declarations: dropout(r.dropoutRate, features),
    threads: features * classes + classes,
    workgroupSize: 64,
    body: `
  var sum = 0.0;
  if (i < ${features * classes}u) {
    let f = i / ${classes}u; let c = i % ${classes}u;
    for (var n = 0u; n < ${batch}u; n++) { sum = fma(input[n * ${features}u + f] * kept(n, f), errors[n * 8u + c], sum); }
    weightGradient[i] = sum; return;
  }
  let c = i - ${features * classes}u;
  for (var n = 0u; n < ${batch}u; n++) { sum += errors[n * 8u + c]; }
  biasGradient[c] = sum;`,
  });
  const metrics = context.record({
    label: 'metrics',
    bindings: { losses: reads(r.losses), metrics: writes(r.metrics) },
    declarations: 'var<workgroup> sums: array<vec2<f32>, 64>;',
    workgroupSize: 64,
    groups: [1, 1, 1],
    body: `
  var sum = vec2<f32>(0); for (var n = lid; n < ${batch}u; n += 64u) { sum += vec2<f32>(losses[n * 2u], losses[n * 2u + 1u]); }
  sums[lid] = sum; workgroupBarrier();
  if (lid == 0u) { for (var o = 1u; o < 64u; o++) { sum += sums[o]; } metrics[0] += sum.x; metrics[1] += sum.y; metrics[2] += ${batch}.0; }`,
  });
  return [gradients, metrics];
}
