import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads,
  reads4,
  writes,
  writes4,
} from '../../training/webgpu/context.ts';
import { recordColumnSums, recordFinish } from './column-sums.ts';

/** Layer normalisation (Ba, Kiros and Hinton 2016): each row of [rows, channels] by its own mean and deviation. */
export type LayerNormRequest = {
  readonly label: string;
  readonly rows: number;
  readonly channels: number;
  readonly epsilon: number;
  readonly input: GpuTensor;
  readonly output: GpuTensor;
  readonly gamma: GpuTensor;
  readonly beta: GpuTensor;
  /** [rows, 2]: mean, 1 / deviation. */
  readonly statistics: GpuTensor;
};

const THREADS = 64;

/** Lanes that share a row: a power of two, so that they can add up in pairs. */
const lanesFor = (columns: number): number => 2 ** Math.floor(Math.log2(Math.min(THREADS, columns)));

/** Declares `lane`, `row` and whether there is such a row. */
const place = (rows: number, lanes: number): string => `
  let t = i32(lid); let lane = t % ${lanes}; let row = i32(wid.x) * ${THREADS / lanes} + t / ${lanes}; let isRow = row < ${rows};`;

/** Runs `line` for each of the lane's columns, at element `at`. */
const eachColumn = (columns: number, lanes: number, line: string): string =>
  `if (isRow) { for (var column = lane; column < ${columns}; column += ${lanes}) { let at = row * ${columns} + column; ${line} } }`;

/** Adds up `name` of type `type` over the lanes of a row. */
const addUp = (name: string, type: 'f32' | 'vec2<f32>', lanes: number): string => `
  sums[t] = ${type === 'f32' ? `vec2<f32>(${name}, 0.0)` : name}; workgroupBarrier();
  for (var half = ${lanes / 2}; half > 0; half = half / 2) { if (lane < half) { sums[t] += sums[t + half]; } workgroupBarrier(); }
  ${name} = sums[t - lane]${type === 'f32' ? '.x' : ''}; workgroupBarrier();`;

const SUMS = `var<workgroup> sums: array<vec2<f32>, ${THREADS}>;`;
const groupsFor = (rows: number, lanes: number): [number, number, number] => [
  Math.ceil((rows * lanes) / THREADS),
  1,
  1,
];

export function recordLayerNorm(context: GpuContext, r: LayerNormRequest): Pass {
  const columns = r.channels / 4;
  const lanes = lanesFor(columns);
  return context.record({
    label: r.label,
    bindings: {
      input: reads4(r.input),
      gamma: reads4(r.gamma),
      beta: reads4(r.beta),
      statistics: writes(r.statistics),
      result: writes4(r.output),
    },
    declarations: SUMS,
    workgroupSize: THREADS,
    groups: groupsFor(r.rows, lanes),
    body: `${place(r.rows, lanes)}
  var mean = 0.0; ${eachColumn(columns, lanes, 'mean += dot(input[at], vec4<f32>(1));')} ${addUp('mean', 'f32', lanes)}
  mean = mean / ${r.channels}.0;
  var inverse = 0.0; ${eachColumn(columns, lanes, 'let d = input[at] - mean; inverse += dot(d, d);')} ${addUp('inverse', 'f32', lanes)}
  inverse = inverseSqrt(inverse / ${r.channels}.0 + ${r.epsilon});
  if (isRow && lane == 0) { statistics[row * 2] = mean; statistics[row * 2 + 1] = inverse; }
  ${eachColumn(columns, lanes, 'result[at] = fma((input[at] - mean) * inverse, gamma[column], beta[column]);')}`,
  });
}

export type LayerNormGradients = {
  readonly outputGradient: GpuTensor;
  readonly inputGradient: GpuTensor;
  /** Added to the input's gradient: what came round the layer. */
  readonly around?: GpuTensor;
};

/** dx = (h − mean(h) − x̂·mean(h·x̂)) / σ, with h = γ·g. */
export function recordLayerNormGradient(
  context: GpuContext,
  r: LayerNormRequest,
  g: LayerNormGradients,
): Pass {
  const columns = r.channels / 4;
  const lanes = lanesFor(columns);
  const scaled = 'let normal = (input[at] - mean) * inverse; let h = gamma[column] * outputGradient[at];';
  return context.record({
    label: `${r.label} gradient`,
    bindings: {
      input: reads4(r.input),
      gamma: reads4(r.gamma),
      statistics: reads(r.statistics),
      outputGradient: reads4(g.outputGradient),
      result: writes4(g.inputGradient),
      ...(g.around ? { around: reads4(g.around) } : {}),
    },
    declarations: SUMS,
    workgroupSize: THREADS,
    groups: groupsFor(r.rows, lanes),
    body: `${place(r.rows, lanes)}
  var mean = 0.0; var inverse = 0.0; if (isRow) { mean = statistics[row * 2]; inverse = statistics[row * 2 + 1]; }
  var both = vec2<f32>(0); ${eachColumn(columns, lanes, `${scaled} both += vec2<f32>(dot(h, vec4<f32>(1)), dot(h, normal));`)} ${addUp('both', 'vec2<f32>', lanes)}
  both = both / ${r.channels}.0;
  ${eachColumn(columns, lanes, `${scaled} result[at] = (h - both.x - normal * both.y) * inverse${g.around ? ' + around[at]' : ''};`)}`,
  });
}

/** dγ = Σ g·x̂ and dβ = Σ g over the rows. */
export function recordLayerNormWeights(
  context: GpuContext,
  r: LayerNormRequest,
  g: {
    readonly outputGradient: GpuTensor;
    readonly gammaGradient: GpuTensor;
    readonly betaGradient: GpuTensor;
    readonly partials: GpuTensor;
  },
): Pass[] {
  const shape = { rows: r.rows, channels: r.channels, partials: g.partials };
  const sums = recordColumnSums(context, {
    ...{ ...shape, label: `${r.label} sums` },
    bindings: {
      input: reads4(r.input),
      statistics: reads(r.statistics),
      outputGradient: reads4(g.outputGradient),
    },
    terms:
      'let u = outputGradient[at]; let v = u * (input[at] - statistics[row * 2]) * statistics[row * 2 + 1];',
  });
  const finish = recordFinish(context, {
    ...{ ...shape, label: `${r.label} scale gradient` },
    bindings: { gammaGradient: writes4(g.gammaGradient), betaGradient: writes4(g.betaGradient) },
    finish: 'betaGradient[column] = u; gammaGradient[column] = v;',
  });
  return [sums, finish];
}
