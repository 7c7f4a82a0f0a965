import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT, FACE_SIZE, PIXEL_COUNT } from '../labels.ts';

/**
 * Open Inference Protocol v2 (https://github.com/kserve/open-inference-protocol, inference_rest.md), with Triton's
 * binary tensor data extension: after the JSON, whose length the header Inference-Header-Content-Length tells, the
 * tensors' raw little-endian bytes follow.
 */
export const INPUT_NAME = 'pixels';
export const OUTPUT_NAME = 'probabilities';
export const BINARY_HEADER = 'inference-header-content-length';

const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const requestSchema = z.object({
  id: z.string().max(128).optional(),
  parameters: parametersSchema.optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(1)).min(3).max(4),
        datatype: z.string(),
        parameters: parametersSchema.optional(),
        data: z.array(z.unknown()).optional(),
      }),
    )
    .length(1),
  outputs: z.array(z.object({ name: z.string(), parameters: parametersSchema.optional() })).optional(),
});

export type InferRequest = {
  readonly id?: string;
  readonly pixels: Uint8Array;
  readonly pictures: number;
  readonly wantsBinary: boolean;
};

const invalid = (seen: string): never => {
  throw new ModelError('request-invalid', { seen });
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return invalid('the body is not JSON');
  }
};

/** Gray levels from JSON: flat or nested as the shape is. */
const readLevels = (data: readonly unknown[]): Uint8Array => {
  const flat = (Array.isArray(data[0]) ? data.flat(3) : data) as readonly unknown[];
  const bytes = new Uint8Array(flat.length);
  for (let i = 0; i < flat.length; i++) {
    const value = flat[i];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 255) {
      return invalid(`pixel ${i + 1} is ${JSON.stringify(value)?.slice(0, 20)}, 0 to 255 expected`);
    }
    bytes[i] = value;
  }
  return bytes;
};

/** Reads a request body, JSON or binary. `maxPictures` bounds one request. @throws ModelError request-invalid */
export const parseInferRequest = (
  body: Uint8Array,
  headerLength: string | undefined,
  maxPictures: number,
): InferRequest => {
  const jsonLength = headerLength === undefined ? body.length : Number(headerLength);
  if (!Number.isInteger(jsonLength) || jsonLength < 0 || jsonLength > body.length) {
    invalid(`${BINARY_HEADER} is ${headerLength}, the body has ${body.length} bytes`);
  }
  const parsed = requestSchema.safeParse(parseJson(new TextDecoder().decode(body.subarray(0, jsonLength))));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return invalid(`${issue.path.join('.') || 'body'}: ${issue.message}`);
  }
  const { id, inputs, outputs, parameters } = parsed.data;
  const input = inputs[0]!;
  if (input.name !== INPUT_NAME) invalid(`input ${input.name}, ${INPUT_NAME} expected`);
  if (input.datatype !== 'UINT8') invalid(`datatype ${input.datatype}, UINT8 expected`);
  const pictures = input.shape[0]!;
  const rest = input.shape.slice(1).join('x');
  if (
    ![`${FACE_SIZE}x${FACE_SIZE}`, `${FACE_SIZE}x${FACE_SIZE}x1`, `1x${FACE_SIZE}x${FACE_SIZE}`].includes(
      rest,
    )
  ) {
    invalid(`shape ${input.shape.join('x')}, n x 48 x 48 expected`);
  }
  if (pictures > maxPictures) invalid(`${pictures} pictures in one request, ${maxPictures} at most`);
  const binarySize = input.parameters?.binary_data_size;
  const pixels = binarySize === undefined ? readLevels(input.data ?? []) : body.subarray(jsonLength);
  if (binarySize !== undefined && binarySize !== pixels.length) {
    invalid(`binary_data_size is ${binarySize}, ${pixels.length} bytes follow the JSON`);
  }
  if (pixels.length !== pictures * PIXEL_COUNT)
    invalid(`${pixels.length} pixels, ${pictures * PIXEL_COUNT} expected from the shape`);
  const unknown = outputs?.find((output) => output.name !== OUTPUT_NAME);
  if (unknown) invalid(`output ${unknown.name}, only ${OUTPUT_NAME} is there`);
  const wantsBinary =
    outputs?.[0]?.parameters?.binary_data === true || parameters?.binary_data_output === true;
  return { ...(id === undefined ? {} : { id }), pixels, pictures, wantsBinary };
};

export type InferResponse = { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array };

export const formatInferResponse = (
  { id, pictures, wantsBinary }: InferRequest,
  scores: Float32Array,
  model: { readonly name: string; readonly version: string },
): InferResponse => {
  const output = { name: OUTPUT_NAME, datatype: 'FP32', shape: [pictures, CLASS_COUNT] };
  const head = { model_name: model.name, model_version: model.version, ...(id === undefined ? {} : { id }) };
  if (!wantsBinary) {
    const body = JSON.stringify({ ...head, outputs: [{ ...output, data: Array.from(scores) }] });
    return { headers: { 'content-type': 'application/json' }, body: new TextEncoder().encode(body) };
  }
  const tensor = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength);
  const json = new TextEncoder().encode(
    JSON.stringify({ ...head, outputs: [{ ...output, parameters: { binary_data_size: tensor.length } }] }),
  );
  return {
    headers: { 'content-type': 'application/octet-stream', [BINARY_HEADER]: String(json.length) },
    body: Buffer.concat([json, tensor]),
  };
};

/** Model metadata, as /v2/models/NAME answers it. */
export const describeModel = (name: string, version: string) => ({
  name,
  versions: [version],
  platform: 'onnxruntime_onnx',
  inputs: [{ name: INPUT_NAME, datatype: 'UINT8', shape: [-1, FACE_SIZE, FACE_SIZE] }],
  outputs: [{ name: OUTPUT_NAME, datatype: 'FP32', shape: [-1, CLASS_COUNT] }],
});
