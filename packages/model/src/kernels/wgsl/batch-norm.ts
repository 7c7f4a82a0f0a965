import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';
import { recordColumnSums, recordFinish } from './column-sums.ts';

/** Buffers of one batch-normalisation layer (Ioffe and Szegedy 2015). */
export type BatchNormRequest = {
  readonly label: string;
  readonly rows: number;
  readonly channels: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly relu: boolean;
  readonly input: GpuTensor;
  readonly output: GpuTensor;
  readonly gamma: GpuTensor;
  readonly beta: GpuTensor;
  readonly movingMean: GpuTensor;
  readonly movingVariance: GpuTensor;
  /** Per channel, four rows: scale, shift, mean, 1 / deviation. */
  readonly affine: GpuTensor;
  readonly partials: GpuTensor;
};

/** y = scale·x + shift, with ReLU where asked. */
function recordApply(context: GpuContext, r: BatchNormRequest): Pass {
  const columns = r.channels / 4;
  return context.record({
    label: `${r.label} apply`,
    bindings: { input: reads4(r.input), affine: reads4(r.affine), result: writes4(r.output) },
    threads: r.rows * columns,
    body: `let column = i32(i) % ${columns}; let v = fma(input[i], affine[column], affine[${columns} + column]);
  result[i] = ${r.relu ? 'max(v, vec4<f32>(0))' : 'v'};`,
  });
}

export function recordBatchNormTraining(context: GpuContext, r: BatchNormRequest): Pass[] {
  const columns = r.channels / 4;
  const statistics = recordColumnSums(context, {
    label: `${r.label} sums`,
    rows: r.rows,
    channels: r.channels,
    bindings: { input: reads4(r.input) },
    terms: 'let u = input[at]; let v = u * u;',
    partials: r.partials,
  });
  const finish = recordFinish(context, {
    label: `${r.label} statistics`,
    rows: r.rows,
    channels: r.channels,
    partials: r.partials,
    bindings: {
      gamma: reads4(r.gamma),
      beta: reads4(r.beta),
      // one arena holds both moving statistics
      movingMean: writes4(r.movingMean),
      movingVariance: writes4(r.movingVariance),
      affine: writes4(r.affine),
    },
    finish: `
    let mean = u / ${r.rows}.0; let variance = max(v / ${r.rows}.0 - mean * mean, vec4<f32>(0)); let inverse = inverseSqrt(variance + ${r.epsilon});
    affine[column] = gamma[column] * inverse; affine[${columns} + column] = beta[column] - mean * gamma[column] * inverse;
    affine[${2 * columns} + column] = mean; affine[${3 * columns} + column] = inverse;
    movingMean[column] = mix(mean, movingMean[column], vec4<f32>(${r.momentum})); movingVariance[column] = mix(variance, movingVariance[column], vec4<f32>(${r.momentum}));`,
  });
  return [statistics, finish, recordApply(context, r)];
}

export function recordBatchNormInference(context: GpuContext, r: BatchNormRequest): Pass[] {
  const columns = r.channels / 4;
  const prepare = context.record({
    label: `${r.label} fold`,
    bindings: {
      gamma: reads4(r.gamma),
      beta: reads4(r.beta),
      movingMean: reads4(r.movingMean),
      movingVariance: reads4(r.movingVariance),
      affine: writes4(r.affine),
    },
    threads: columns,
    workgroupSize: 64,
    body: `let inverse = inverseSqrt(movingVariance[i] + ${r.epsilon}); affine[i] = gamma[i] * inverse; affine[${columns}u + i] = beta[i] - movingMean[i] * gamma[i] * inverse;
  affine[${2 * columns}u + i] = movingMean[i]; affine[${3 * columns}u + i] = inverse;`,
  });
  return [prepare, recordApply(context, r)];
}

export type BatchNormGradients = {
  readonly outputGradient: GpuTensor;
  readonly inputGradient: GpuTensor;
  readonly gammaGradient: GpuTensor;
  readonly betaGradient: GpuTensor;
  /** Three rows a channel. */
  readonly coefficients: GpuTensor;
};

const gradientAt = (relu: boolean, columns: number): string =>
  relu
    ? `var g = outputGradient[at]; g = select(vec4<f32>(0), g, fma(input[at], affine[column], affine[${columns} + column]) > vec4<f32>(0));`
    : 'let g = outputGradient[at];';

/** dx = γ/σ·(g − mean(g) − x̂·mean(g·x̂)), with g the gradient past the ReLU. */
export function recordBatchNormGradient(
  context: GpuContext,
  r: BatchNormRequest,
  g: BatchNormGradients,
): Pass[] {
  const columns = r.channels / 4;
  const inputs = {
    input: reads4(r.input),
    affine: reads4(r.affine),
    outputGradient: reads4(g.outputGradient),
  };
  const sums = recordColumnSums(context, {
    label: `${r.label} gradient sums`,
    rows: r.rows,
    channels: r.channels,
    bindings: inputs,
    terms: `${gradientAt(r.relu, columns)} let u = g; let v = g * (input[at] - affine[${2 * columns} + column]) * affine[${3 * columns} + column];`,
    partials: r.partials,
  });
  const finish = recordFinish(context, {
    label: `${r.label} gradient`,
    rows: r.rows,
    channels: r.channels,
    partials: r.partials,
    bindings: {
      affine: reads4(r.affine),
      betaGradient: writes4(g.betaGradient),
      gammaGradient: writes4(g.gammaGradient),
      coefficients: writes4(g.coefficients),
    },
    // dx = c0·g + c1·x + c2
    finish: `betaGradient[column] = u; gammaGradient[column] = v;
    let scale = affine[column]; let mean = affine[${2 * columns} + column]; let inverse = affine[${3 * columns} + column];
    let slope = -scale * inverse * v / ${r.rows}.0;
    coefficients[column] = slope; coefficients[${columns} + column] = -scale * u / ${r.rows}.0 - slope * mean;`,
  });
  const apply = context.record({
    label: `${r.label} input gradient`,
    bindings: { ...inputs, coefficients: reads4(g.coefficients), result: writes4(g.inputGradient) },
    threads: r.rows * columns,
    body: `let at = i32(i); let column = at % ${columns}; ${gradientAt(r.relu, columns)}
  result[i] = fma(affine[column], g, fma(coefficients[column], input[at], coefficients[${columns} + column]));`,
  });
  return [sums, finish, apply];
}

/** With fixed statistics the layer is affine: dx = scale·g. */
export function recordBatchNormInferenceGradient(
  context: GpuContext,
  r: BatchNormRequest,
  g: Pick<BatchNormGradients, 'outputGradient' | 'inputGradient'>,
): Pass {
  const columns = r.channels / 4;
  return context.record({
    label: `${r.label} input gradient`,
    bindings: {
      ...(r.relu ? { input: reads4(r.input) } : {}),
      affine: reads4(r.affine),
      outputGradient: reads4(g.outputGradient),
      result: writes4(g.inputGradient),
    },
    threads: r.rows * columns,
    body: `let at = i32(i); let column = at % ${columns}; ${gradientAt(r.relu, columns)} result[i] = affine[column] * g;`,
  });
}
