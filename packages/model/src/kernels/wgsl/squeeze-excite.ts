import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads,
  reads4,
  writes,
  writes4,
} from '../../training/webgpu/context.ts';

/** Squeeze and excitation (Hu et al. 2018): y = x · sigmoid(W2 relu(W1 mean(x) + b1) + b2), a gate a channel. */
export type SqueezeExciteRequest = {
  readonly label: string;
  readonly batch: number;
  readonly pixels: number;
  readonly channels: number;
  readonly reduced: number;
  readonly input: GpuTensor;
  readonly output: GpuTensor;
  readonly parameters: readonly [w1: GpuTensor, b1: GpuTensor, w2: GpuTensor, b2: GpuTensor];
  readonly mean: GpuTensor; // [batch, channels]
  readonly hidden: GpuTensor; // [batch, reduced]
  readonly gate: GpuTensor; // [batch, channels]
};

/** Sum over pixels of a per-pixel vec4 term, 256 threads on one image, into `workgroup` array `total` of f32. */
function sumOverPixels(pixels: number, columns: number, term: string): string {
  const lanes = Math.max(1, Math.floor(256 / columns));
  return `
  let column = t % ${columns}; let lane = t / ${columns}; var sum = vec4<f32>(0);
  if (lane < ${lanes}) { for (var p = lane; p < ${pixels}; p += ${lanes}) { let at = (image * ${pixels} + p) * ${columns} + column; sum += ${term}; } }
  sums[t] = sum; workgroupBarrier();
  if (lane == 0) { for (var other = 1; other < ${lanes}; other++) { sum += sums[t + other * ${columns}]; }
    total[column * 4] = sum.x; total[column * 4 + 1] = sum.y; total[column * 4 + 2] = sum.z; total[column * 4 + 3] = sum.w; }
  workgroupBarrier();`;
}

const scratch = (channels: number, reduced: number): string =>
  `var<workgroup> sums: array<vec4<f32>, 256>; var<workgroup> total: array<f32, ${channels}>; var<workgroup> small: array<f32, ${reduced}>;`;

export function recordSqueezeExcite(context: GpuContext, r: SqueezeExciteRequest): Pass[] {
  const { channels, reduced, pixels } = r;
  const columns = channels / 4;
  const [w1, b1, w2, b2] = r.parameters;
  const gate = context.record({
    label: `${r.label} gate`,
    bindings: {
      input: reads4(r.input),
      w1: reads(w1),
      b1: reads(b1),
      w2: reads(w2),
      b2: reads(b2),
      meanOut: writes(r.mean),
      hiddenOut: writes(r.hidden),
      gateOut: writes(r.gate),
    },
    declarations: scratch(channels, reduced),
    groups: [r.batch, 1, 1],
    body: `
  let image = i32(wid.x); let t = i32(lid);
  ${sumOverPixels(pixels, columns, 'input[at]')}
  for (var c = t; c < ${channels}; c += 256) { total[c] = total[c] / ${pixels}.0; meanOut[image * ${channels} + c] = total[c]; }
  workgroupBarrier();
  for (var h = t; h < ${reduced}; h += 256) { var v = b1[h]; for (var c = 0; c < ${channels}; c++) { v = fma(total[c], w1[c * ${reduced} + h], v); }
    small[h] = max(v, 0.0); hiddenOut[image * ${reduced} + h] = small[h]; }
  workgroupBarrier();
  for (var c = t; c < ${channels}; c += 256) { var v = b2[c]; for (var h = 0; h < ${reduced}; h++) { v = fma(small[h], w2[h * ${channels} + c], v); }
    gateOut[image * ${channels} + c] = 1.0 / (1.0 + exp(-v)); }`,
  });
  const scale = context.record({
    label: `${r.label} scale`,
    bindings: { input: reads4(r.input), gate: reads4(r.gate), result: writes4(r.output) },
    threads: r.batch * pixels * columns,
    body: `result[i] = input[i] * gate[i / ${pixels * columns}u * ${columns}u + i % ${columns}u];`,
  });
  return [gate, scale];
}

export type SqueezeExciteGradients = {
  readonly outputGradient: GpuTensor;
  readonly inputGradient: GpuTensor;
  /** Gradient before the sigmoid [batch, channels], before the ReLU [batch, reduced], of the mean [batch, channels]. */
  readonly beforeGate: GpuTensor;
  readonly beforeHidden: GpuTensor;
  readonly ofMean: GpuTensor;
};

/** The gradient of the input. */
export function recordSqueezeExciteGradient(
  context: GpuContext,
  r: SqueezeExciteRequest,
  g: SqueezeExciteGradients,
): Pass[] {
  const { channels, reduced, pixels } = r;
  const columns = channels / 4;
  const [w1, , w2] = r.parameters;
  const gates = context.record({
    label: `${r.label} gate gradient`,
    bindings: {
      input: reads4(r.input),
      outputGradient: reads4(g.outputGradient),
      w1: reads(w1),
      w2: reads(w2),
      hidden: reads(r.hidden),
      gate: reads(r.gate),
      beforeGate: writes(g.beforeGate),
      beforeHidden: writes(g.beforeHidden),
      ofMean: writes(g.ofMean),
    },
    declarations: scratch(channels, reduced),
    groups: [r.batch, 1, 1],
    body: `
  let image = i32(wid.x); let t = i32(lid);
  ${sumOverPixels(pixels, columns, 'input[at] * outputGradient[at]')}
  for (var c = t; c < ${channels}; c += 256) { let s = gate[image * ${channels} + c]; total[c] = total[c] * s * (1.0 - s); beforeGate[image * ${channels} + c] = total[c]; }
  workgroupBarrier();
  for (var h = t; h < ${reduced}; h += 256) { var v = 0.0; for (var c = 0; c < ${channels}; c++) { v = fma(total[c], w2[h * ${channels} + c], v); }
    small[h] = select(0.0, v, hidden[image * ${reduced} + h] > 0.0); beforeHidden[image * ${reduced} + h] = small[h]; }
  workgroupBarrier();
  for (var c = t; c < ${channels}; c += 256) { var v = 0.0; for (var h = 0; h < ${reduced}; h++) { v = fma(small[h], w1[c * ${reduced} + h], v); }
    ofMean[image * ${channels} + c] = v / ${pixels}.0; }`,
  });
  const apply = context.record({
    label: `${r.label} input gradient`,
    bindings: {
      outputGradient: reads4(g.outputGradient),
      gate: reads4(r.gate),
      ofMean: reads4(g.ofMean),
      result: writes4(g.inputGradient),
    },
    threads: r.batch * pixels * columns,
    body: `let c = i / ${pixels * columns}u * ${columns}u + i % ${columns}u; result[i] = fma(outputGradient[i], gate[c], ofMean[c]);`,
  });
  return [gates, apply];
}

/** The gradients of W1, b1, W2, b2, one thread a number, the batch summed in order. */
export function recordSqueezeExciteWeights(
  context: GpuContext,
  r: SqueezeExciteRequest,
  g: Pick<SqueezeExciteGradients, 'beforeGate' | 'beforeHidden'>,
  gradients: readonly [w1: GpuTensor, b1: GpuTensor, w2: GpuTensor, b2: GpuTensor],
): Pass {
  const { channels, reduced, batch } = r;
  const kernel = channels * reduced;
  return context.record({
    label: `${r.label} weight gradients`,
    bindings: {
      mean: reads(r.mean),
      hidden: reads(r.hidden),
      beforeGate: reads(g.beforeGate),
      beforeHidden: reads(g.beforeHidden),
      w1: writes(gradients[0]),
      b1: writes(gradients[1]),
      w2: writes(gradients[2]),
      b2: writes(gradients[3]),
    },
    threads: 2 * kernel + channels + reduced,
    workgroupSize: 64,
    body: `
  var at = i32(i); var v = 0.0;
  if (at < ${kernel}) { let c = at / ${reduced}; let h = at % ${reduced};
    for (var b = 0; b < ${batch}; b++) { v = fma(mean[b * ${channels} + c], beforeHidden[b * ${reduced} + h], v); } w1[at] = v; return; }
  at -= ${kernel};
  if (at < ${kernel}) { let h = at / ${channels}; let c = at % ${channels};
    for (var b = 0; b < ${batch}; b++) { v = fma(hidden[b * ${reduced} + h], beforeGate[b * ${channels} + c], v); } w2[at] = v; return; }
  at -= ${kernel};
  if (at < ${channels}) { for (var b = 0; b < ${batch}; b++) { v += beforeGate[b * ${channels} + at]; } b2[at] = v; return; }
  at -= ${channels};
  for (var b = 0; b < ${batch}; b++) { v += beforeHidden[b * ${reduced} + at]; } b1[at] = v;`,
  });
}
