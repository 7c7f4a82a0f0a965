import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { decodeHalves, encodeHalves } from '../float16.ts';
import type { NamedTensor } from './layers.ts';

/** tfjs's own weight manifest, so that `tf.loadLayersModel` reads the bundle too. */
const specSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.literal('float32'),
  quantization: z
    .union([
      z.object({ dtype: z.literal('float16'), original_dtype: z.literal('float32').optional() }),
      z.object({
        dtype: z.literal('uint8'),
        scale: z.number(),
        min: z.number(),
        original_dtype: z.literal('float32').optional(),
      }),
    ])
    .optional(),
});
export const weightsManifestSchema = z
  .array(z.object({ paths: z.array(z.string()), weights: z.array(specSchema) }))
  .length(1);
export type WeightSpec = z.infer<typeof specSchema>;

export type Precision = 'float32' | 'float16' | 'int8';

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Vectors (biases, batch normalisation) stay float32 whatever the precision: they are few and matter most. */
const encodeTensor = (
  { name, shape, data }: NamedTensor,
  precision: Precision,
): { spec: WeightSpec; bytes: Uint8Array } => {
  const spec = { name, shape: [...shape], dtype: 'float32' as const };
  if (precision === 'float32' || shape.length < 2) return { spec, bytes: bytesOf(data.slice()) };
  if (precision === 'float16') {
    return {
      spec: { ...spec, quantization: { dtype: 'float16', original_dtype: 'float32' } },
      bytes: encodeHalves(data),
    };
  }
  const { min, scale, levels } = quantise(data);
  return {
    spec: { ...spec, quantization: { dtype: 'uint8', scale, min, original_dtype: 'float32' } },
    bytes: levels,
  };
};

/** Affine 8 bits with 0 exactly on a level, as tfjs decodes it: value = level * scale + min. */
const quantise = (data: Float32Array): { min: number; scale: number; levels: Uint8Array } => {
  let low = 0;
  let high = 0;
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = (high - low) / 255 || 1;
  const min = Math.round(low / scale) * scale;
  const levels = Uint8Array.from(data, (value) =>
    Math.max(0, Math.min(255, Math.round((value - min) / scale))),
  );
  return { min, scale, levels };
};

export const encodeWeights = (tensors: readonly NamedTensor[], precision: Precision) => {
  const parts = tensors.map((tensor) => encodeTensor(tensor, precision));
  return { specs: parts.map((part) => part.spec), bytes: Buffer.concat(parts.map((part) => part.bytes)) };
};

export const decodeWeights = (
  specs: readonly WeightSpec[],
  bytes: Uint8Array,
  path = 'weights.bin',
): NamedTensor[] => {
  let at = 0;
  const tensors = specs.map((spec) => {
    const count = spec.shape.reduce((product, size) => product * size, 1);
    const width = spec.quantization?.dtype === 'uint8' ? 1 : spec.quantization ? 2 : 4;
    // A copy: a Buffer's slice shares memory, and a float view needs an offset of its own.
    const part = new Uint8Array(bytes.subarray(at, at + count * width));
    at += count * width;
    if (part.length !== count * width) {
      throw new ModelError('bundle-topology', {
        path,
        seen: `${bytes.length} bytes, cut inside tensor ${spec.name}`,
      });
    }
    const data = decodeTensor(spec, part);
    if (!data.every(Number.isFinite))
      throw new ModelError('not-finite', {
        path,
        seen: `tensor ${spec.name} holds values that are no numbers`,
      });
    return { name: spec.name, shape: spec.shape, data };
  });
  if (at !== bytes.length)
    throw new ModelError('bundle-topology', { path, seen: `${bytes.length - at} bytes too many` });
  return tensors;
};

const decodeTensor = ({ quantization }: WeightSpec, bytes: Uint8Array): Float32Array => {
  if (!quantization) return new Float32Array(bytes.buffer);
  if (quantization.dtype === 'float16') return decodeHalves(bytes);
  return Float32Array.from(bytes, (level) => level * quantization.scale + quantization.min);
};
