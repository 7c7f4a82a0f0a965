import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads,
  reads4,
  writes,
  writes4,
} from '../../training/webgpu/context.ts';

/** Multi-head self-attention between its linear maps: softmax(Q K' / sqrt(d)) V a head (Vaswani et al. 2017, 3.2.1). */
export type AttentionRequest = {
  readonly label: string;
  readonly batch: number;
  readonly tokens: number;
  readonly channels: number;
  readonly heads: number;
  /** [batch, tokens, channels] each; a head has channels / heads of them, one after the other. */
  readonly query: GpuTensor;
  readonly key: GpuTensor;
  readonly value: GpuTensor;
  readonly output: GpuTensor;
  /** [batch, heads, tokens, tokens]: how much each token takes of each other. */
  readonly shares: GpuTensor;
};

const THREADS = 128;
/** Two squares of tokens have to fit in the 16 KiB that every device has for a workgroup. */
const MOST_TOKENS = 45;

/** Whether the kernel takes attention of this size. */
export const fitsAttention = (r: Pick<AttentionRequest, 'tokens' | 'channels' | 'heads'>): boolean =>
  r.tokens <= MOST_TOKENS && (r.channels / r.heads) % 4 === 0;

/** One workgroup a head of a picture; `base` is its first token's first vec4. */
const place = ({ tokens, channels, heads }: AttentionRequest): string => `
  let t = i32(lid); let base = i32(wid.y) * ${(tokens * channels) / 4} + i32(wid.x) * ${channels / heads / 4};
  let square = (i32(wid.y) * ${heads} + i32(wid.x)) * ${tokens * tokens};`;

/** Runs `line` for each pair of tokens (i, j), at element `e` of the square. */
const eachPair = (tokens: number, line: string): string =>
  `for (var e = t; e < ${tokens * tokens}; e += ${THREADS}) { let i = e / ${tokens}; let j = e % ${tokens}; ${line} }`;

/** Runs `line` for each vec4 of the head's tokens: of token `n`, at element `at`. */
const eachNumber = (tokens: number, columns: number, width: number, line: string): string =>
  `for (var e = t; e < ${tokens * width}; e += ${THREADS}) { let n = e / ${width}; let w = base + e % ${width}; let at = w + n * ${columns}; ${line} }`;

export function recordAttention(context: GpuContext, r: AttentionRequest): Pass {
  const { tokens, heads } = r;
  if (!fitsAttention(r))
    throw new Error(`${r.label}: ${tokens} tokens of ${r.channels / heads} do not fit the kernel`);
  const columns = r.channels / 4;
  const width = columns / heads;
  return context.record({
    label: r.label,
    bindings: {
      query: reads4(r.query),
      key: reads4(r.key),
      value: reads4(r.value),
      shares: writes(r.shares),
      result: writes4(r.output),
    },
    declarations: `var<workgroup> p: array<f32, ${tokens * tokens}>;`,
    workgroupSize: THREADS,
    groups: [heads, r.batch, 1],
    body: `${place(r)}
  ${eachPair(tokens, `var s = 0.0; for (var w = base; w < base + ${width}; w++) { s += dot(query[w + i * ${columns}], key[w + j * ${columns}]); } p[e] = s * ${1 / Math.sqrt(width * 4)};`)}
  workgroupBarrier();
  for (var i = t; i < ${tokens}; i += ${THREADS}) {
    var top = p[i * ${tokens}]; for (var j = 1; j < ${tokens}; j++) { top = max(top, p[i * ${tokens} + j]); }
    var norm = 0.0; for (var j = 0; j < ${tokens}; j++) { let v = exp(p[i * ${tokens} + j] - top); p[i * ${tokens} + j] = v; norm += v; }
    for (var j = 0; j < ${tokens}; j++) { p[i * ${tokens} + j] = p[i * ${tokens} + j] / norm; }
  }
  workgroupBarrier();
  for (var e = t; e < ${tokens * tokens}; e += ${THREADS}) { shares[square + e] = p[e]; }
  ${eachNumber(tokens, columns, width, `var v = vec4<f32>(0); for (var j = 0; j < ${tokens}; j++) { v = fma(vec4<f32>(p[n * ${tokens} + j]), value[w + j * ${columns}], v); } result[at] = v;`)}`,
  });
}

export type AttentionGradients = {
  readonly outputGradient: GpuTensor;
  readonly queryGradient: GpuTensor;
  readonly keyGradient: GpuTensor;
  readonly valueGradient: GpuTensor;
};

/** With P the shares and D = G V': dS = P ∘ (D − rowsum(P ∘ D)) / sqrt(d); dQ = dS K, dK = dS' Q, dV = P' G. */
export function recordAttentionGradient(
  context: GpuContext,
  r: AttentionRequest,
  g: AttentionGradients,
): Pass {
  const { tokens, heads } = r;
  const columns = r.channels / 4;
  const width = columns / heads;
  return context.record({
    label: `${r.label} gradient`,
    bindings: {
      query: reads4(r.query),
      key: reads4(r.key),
      value: reads4(r.value),
      shares: reads(r.shares),
      outputGradient: reads4(g.outputGradient),
      queryGradient: writes4(g.queryGradient),
      keyGradient: writes4(g.keyGradient),
      valueGradient: writes4(g.valueGradient),
    },
    declarations: `var<workgroup> p: array<f32, ${tokens * tokens}>; var<workgroup> d: array<f32, ${tokens * tokens}>;`,
    workgroupSize: THREADS,
    groups: [heads, r.batch, 1],
    body: `${place(r)}
  ${eachPair(tokens, `var s = 0.0; for (var w = base; w < base + ${width}; w++) { s += dot(outputGradient[w + i * ${columns}], value[w + j * ${columns}]); } d[e] = s; p[e] = shares[square + e];`)}
  workgroupBarrier();
  for (var i = t; i < ${tokens}; i += ${THREADS}) {
    var s = 0.0; for (var j = 0; j < ${tokens}; j++) { s = fma(p[i * ${tokens} + j], d[i * ${tokens} + j], s); }
    for (var j = 0; j < ${tokens}; j++) { d[i * ${tokens} + j] = p[i * ${tokens} + j] * (d[i * ${tokens} + j] - s) * ${1 / Math.sqrt(width * 4)}; }
  }
  workgroupBarrier();
  ${eachNumber(
    tokens,
    columns,
    width,
    `var q = vec4<f32>(0); var k = vec4<f32>(0); var v = vec4<f32>(0);
    for (var o = 0; o < ${tokens}; o++) {
      let other = w + o * ${columns};
      q = fma(vec4<f32>(d[n * ${tokens} + o]), key[other], q);
      k = fma(vec4<f32>(d[o * ${tokens} + n]), query[other], k);
      v = fma(vec4<f32>(p[o * ${tokens} + n]), outputGradient[other], v);
    }
    queryGradient[at] = q; keyGradient[at] = k; valueGradient[at] = v;`,
  )}`,
  });
}
