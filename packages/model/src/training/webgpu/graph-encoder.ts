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

/** Pairs of tensors of an encoder, in the order of `parametersOf`. */
const PAIRS = { norm: [0, 1], attention: [1, 5], norm2: [5, 6], perceptron: [6, 8] } as const;

/** x + attention(norm(x)), then x + perceptron(norm(x)) (Xiong et al. 2020: normalised before each part). */
export function buildEncoder({ heads, hidden }: EncoderSpec, place: LayerPlace): Built {
  const layer = wholeLayer(place);
  const part = (name: keyof typeof PAIRS, input: Value): PartPlace => {
    const [from, to] = PAIRS[name];
    return {
      ...{ workspace: layer.workspace, input, label: `${layer.label} ${name}` },
      weights: layer.weights.slice(2 * from, 2 * to),
      gradients: layer.gradients.slice(2 * from, 2 * to),
    };
  };
  const first = buildResidual(part('norm', layer.input), (normed) =>
    buildAttention(heads, part('attention', normed)),
  );
  const second = buildResidual(part('norm2', first.output), (normed) =>
    buildPerceptron(hidden, part('perceptron', normed)),
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
  const { workspace, input, label, weights, gradients } = place;
  const { channels } = input.flow;
  const own = { workspace, label: `${label} widen`, input };
  const wide = buildLinear(
    { ...own, weights: weights.slice(0, 2), gradients: gradients.slice(0, 2) },
    { channels: hidden, relu: true },
  );
  const narrow = buildLinear(
    {
      ...{ ...own, label: `${label} narrow`, input: wide.output },
      ...{ weights: weights.slice(2), gradients: gradients.slice(2) },
    },
    { channels, relu: false },
  );
  return inTurn(wide, narrow);
}
