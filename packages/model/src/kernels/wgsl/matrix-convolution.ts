import {
  type GpuContext,
  type GpuTensor,
  type Pass,
  reads4,
  writes4,
} from '../../training/webgpu/context.ts';

export type ConvolutionShape = {
  readonly batch: number;
  readonly side: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** 9 for 3x3 same, 1 for a dense layer on [batch, inChannels]. */
  readonly taps: 9 | 1;
};

export type ConvolutionRequest = ConvolutionShape & {
  readonly label: string;
  readonly input: GpuTensor;
  /** [taps, inChannels, outChannels]. */
  readonly weights: GpuTensor;
  readonly output: GpuTensor;
  readonly bias?: GpuTensor;
  readonly relu?: boolean;
  /** The result is kept where this activation is positive (the gradient of its ReLU). */
  readonly mask?: GpuTensor;
  /** Parts of the sum, each written to its own slice of `output`; no epilogue then. */
  readonly splits?: number;
};

const CHUNK = 16; // channels a stage
const STRIDE = 5; // vec4s between rows of the input tile: 4, and one of padding against bank conflicts
const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join('\n');

/** Tile of pixels x channels; 128 threads, each `rows` x 8 results. */
function tileFor(outChannels: number, rows: number): { tm: number; tn: number } {
  const tn = outChannels <= 32 ? 32 : 64;
  return { tm: (1024 / tn) * rows, tn };
}

/**
 * A 3x3 "same" convolution in NHWC as an implicit matrix product [pixels, taps·in] x [taps·in, out]
 * (Chetlur et al. 2014): no im2col buffer, both tiles in workgroup memory, 8x8 results a thread in registers.
 */
export function recordConvolution(context: GpuContext, r: ConvolutionRequest): Pass {
  const { side, inChannels, outChannels, taps, splits = 1 } = r;
  const rows = context.rowsPerThread;
  const { tm, tn } = tileFor(outChannels, rows);
  const pixels = r.batch * side * side;
  const in4 = inChannels / 4;
  const out4 = outChannels / 4;
  const tn4 = tn / 4;
  const tx = tn / 8;
  const ty = tm / rows;
  const loads = (tm * 4) / 128;
  const chunks = Math.ceil(inChannels / CHUNK);
  const chunksPerSplit = Math.ceil(chunks / splits);
  if (inChannels % CHUNK !== 0 || outChannels % 4 !== 0) {
    throw new Error(`${r.label}: ${inChannels} → ${outChannels} channels do not fit the kernel`);
  }
  const columnOk = out4 % tn4 === 0 ? 'true' : `n0 + column < ${out4}`;
  const weightLoads = (CHUNK * tn4) / 128;
  const half = tn4 / 2;
  const store = (i: number, c: number): string => `{
    let column = x + ${c * half};
    if (${columnOk}) {
      let at = (m0 + y + ${i * ty}) * ${out4} + n0 + column;
      var v = acc${i}_${c};
      ${r.bias ? 'v += bias[n0 + column];' : ''}
      ${r.relu ? 'v = max(v, vec4<f32>(0));' : ''}
      ${r.mask ? 'v = select(vec4<f32>(0), v, mask[at] > vec4<f32>(0));' : ''}
      result[at${splits > 1 ? ` + i32(wid.z) * ${pixels * out4}` : ''}] = v;
    }
  }`;
  const body = `
  let t = i32(lid); let x = t % ${tx}; let y = t / ${tx};
  let m0 = i32(wid.x) * ${tm}; let n0 = i32(wid.y) * ${tn4};
  let k = t % 4; let row = t / 4;
  ${times(loads, (i) => `let p${i} = m0 + row + ${i * 32}; let y${i} = (p${i} / ${side}) % ${side}; let x${i} = p${i} % ${side};`)}
  ${times(rows, (i) => `var acc${i}_0 = vec4<f32>(0); var acc${i}_1 = vec4<f32>(0);`)}
  for (var tap = 0; tap < ${taps}; tap++) {
    let dy = ${taps === 9 ? 'tap / 3 - 1' : '0'}; let dx = ${taps === 9 ? 'tap % 3 - 1' : '0'};
    ${times(loads, (i) => `let ok${i} = p${i} < ${pixels} && u32(y${i} + dy) < ${side}u && u32(x${i} + dx) < ${side}u; let o${i} = (p${i} + dy * ${side} + dx) * ${in4} + k;`)}
    for (var chunk = ${splits > 1 ? `i32(wid.z) * ${chunksPerSplit}` : '0'}; chunk < ${splits > 1 ? `min(${chunks}, (i32(wid.z) + 1) * ${chunksPerSplit})` : chunks}; chunk++) {
      workgroupBarrier();
      ${times(loads, (i) => `if (ok${i}) { tileA[(row + ${i * 32}) * ${STRIDE} + k] = input[o${i} + chunk * 4]; } else { tileA[(row + ${i * 32}) * ${STRIDE} + k] = vec4<f32>(0); }`)}
      ${times(weightLoads, (j) => `{ let at = t + ${j * 128}; let column = at % ${tn4}; if (${columnOk}) { tileB[at] = weights[((tap * ${inChannels}) + chunk * ${CHUNK} + at / ${tn4}) * ${out4} + n0 + column]; } }`)}
      workgroupBarrier();
      for (var q = 0; q < 4; q++) {
        ${times(rows, (i) => `let a${i} = tileA[(y + ${i * ty}) * ${STRIDE} + q];`)}
        ${times(
          4,
          (
            s,
          ) => `{ let b0 = tileB[(q * 4 + ${s}) * ${tn4} + x]; let b1 = tileB[(q * 4 + ${s}) * ${tn4} + x + ${half}];
          ${times(rows, (i) => `acc${i}_0 = fma(vec4<f32>(a${i}[${s}]), b0, acc${i}_0); acc${i}_1 = fma(vec4<f32>(a${i}[${s}]), b1, acc${i}_1);`)} }`,
        )}
      }
    }
  }
  ${times(rows, (i) => `if (m0 + y + ${i * ty} < ${pixels}) { ${store(i, 0)} ${store(i, 1)} }`)}`;
  return context.record({
    label: r.label,
    bindings: {
      input: reads4(r.input),
      weights: reads4(r.weights),
      result: writes4(r.output),
      ...(r.bias ? { bias: reads4(r.bias) } : {}),
      ...(r.mask ? { mask: reads4(r.mask) } : {}),
    },
    declarations: `var<workgroup> tileA: array<vec4<f32>, ${tm * STRIDE}>; var<workgroup> tileB: array<vec4<f32>, ${CHUNK * tn4}>;`,
    body,
    workgroupSize: 128,
    groups: [Math.ceil(pixels / tm), Math.ceil(outChannels / tn), splits],
  });
}

/** Turned and transposed filter for the input gradient: [taps, in, out] → [taps reversed, out, in]. */
export function recordTurnedFilter(
  context: GpuContext,
  r: Pick<ConvolutionShape, 'inChannels' | 'outChannels' | 'taps'> & {
    label: string;
    weights: GpuTensor;
    turned: GpuTensor;
  },
): Pass {
  const { inChannels, outChannels, taps } = r;
  return context.record({
    label: r.label,
    bindings: { weights: reads4(r.weights), turned: { ...writes4(r.turned), element: 'f32' } },
    threads: (taps * inChannels * outChannels) / 4,
    body: `
  let o = i32(i) % ${outChannels / 4}; let c = (i32(i) / ${outChannels / 4}) % ${inChannels}; let tap = i32(i) / ${(outChannels / 4) * inChannels};
  let v = weights[i]; let at = ((${taps - 1} - tap) * ${outChannels} + o * 4) * ${inChannels} + c;
  ${times(4, (j) => `turned[at + ${j * inChannels}] = v[${j}];`)}`,
  });
}
