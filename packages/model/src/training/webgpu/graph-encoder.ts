import { recordBatchSum, recordSum } from '../../kernels/wgsl/sums.ts';
import type { LayerSpec } from '../../network/spec.ts';
import type { GpuTensor } from './context.ts';
import { buildAttention } from './graph-attention.ts';
import { buildLinear } from './graph-convolution.ts';
import {
  type Backward,
  type Built,
  type LayerPlace,
  type PartPlace,
  partOf,
  type Value,
  wholeLayer,
} from './graph-layer.ts';
import { buildNorm } from './graph-norm.ts';

/** A learnt vector for each place, added: a map of pixels is the tokens as it stands. */
export function buildTokens(place: LayerPlace): Built {
  const { workspace, input, label, weights, gradients } = wholeLayer(place);
  if (input.rectified) throw new Error(`${label}: tokens of a ReLU have no gradient here`);
  const { context, request } = workspace;
  const [position] = weights as [GpuTensor];
  const [gradient] = gradients as [GpuTensor];
  const output = workspace.activation(input.flow, label);
  const forward = recordSum(context, { label, parts: [input.tensor, position], result: output });
  const backward: Backward = (outputGradient) => {
    const own = recordBatchSum(context, {
      ...{ label: `${label} gradient`, rows: outputGradient, batch: request.batch, result: gradient },
    });
    return { path: [], weights: [own], inputGradient: outputGradient };
  };
  return { output: { tensor: output, flow: input.flow, rectified: false }, forward: [forward], backward };
}

type EncoderSpec = Extract<LayerSpec, { readonly kind: 'encoder' }>;

/** x + attention(norm(x)), then x + perceptron(norm(x)) (Xiong et al. 2020: normalised before each part). */
export function buildEncoder({ heads, hidden }: EncoderSpec, place: LayerPlace): Built {
  const layer = wholeLayer(place);
  const part = (name: string, from: number, to: number, input: Value): PartPlace =>
    partOf(layer, { name, input, from, to });
  // in the order of `parametersOf`
  const first = buildResidual(part('norm', 0, 1, layer.input), (normed) =>
    buildAttention(heads, part('attention', 1, 5, normed)),
  );
  const second = buildResidual(part('norm2', 5, 6, first.output), (normed) =>
    buildPerceptron(hidden, part('perceptron', 6, 8, normed)),
  );
  return inTurn(first, second);
}

/** One after the other. */
function inTurn(first: Built, second: Built): Built {
  return {
    output: second.output,
    forward: [...first.forward, ...second.forward],
    backward: (outputGradient, needsInput) => {
      const later = second.backward(outputGradient, true);
      const earlier = first.backward(later.inputGradient, needsInput);
      return {
        path: [...later.path, ...earlier.path],
        weights: [...later.weights, ...earlier.weights],
        inputGradient: earlier.inputGradient,
      };
    },
  };
}

/** x + inner(norm(x)); the place is that of the normalisation. */
function buildResidual(place: PartPlace, buildInner: (normed: Value) => Built): Built {
  const { workspace, input, label } = place;
  const norm = buildNorm(place);
  const inner = buildInner(norm.output);
  const result = workspace.activation(input.flow, `${label} residual`);
  const parts = [input.tensor, inner.output.tensor] as const;
  const add = recordSum(workspace.context, { label: `${label} residual`, parts, result });
  return {
    output: { tensor: result, flow: input.flow, rectified: false },
    forward: [...norm.forward, ...inner.forward, add],
    backward: (outputGradient) => {
      const ofInner = inner.backward(outputGradient, true);
      const ofNorm = norm.backward(ofInner.inputGradient, outputGradient);
      return {
        path: [...ofInner.path, ...ofNorm.path],
        weights: [...ofInner.weights, ...ofNorm.weights],
        inputGradient: ofNorm.inputGradient,
      };
    },
  };
}

/** narrow(relu(widen(x))): two pairs of tensors. */
function buildPerceptron(hidden: number, place: PartPlace): Built {
  const { input } = place;
  const widen = partOf(place, { name: 'widen', input, from: 0, to: 1 });
  const wide = buildLinear(widen, { channels: hidden, relu: true });
  const narrow = partOf(place, { name: 'narrow', input: wide.output, from: 1, to: 2 });
  return inTurn(wide, buildLinear(narrow, { channels: input.flow.channels, relu: false }));
}
