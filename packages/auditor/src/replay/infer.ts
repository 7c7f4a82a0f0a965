import { z } from 'zod';
import { describeFailure } from '../net/describe-failure.ts';
import { readJson } from '../net/read-body.ts';

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 16 * 1024 * 1024;

// Open Inference Protocol v2, REST: only the parts that every server has (no binary tensors).
const metadataSchema = z.object({
  inputs: z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) })).min(1),
});
const answerSchema = z.object({
  model_version: z.string().optional(),
  outputs: z.array(z.object({ name: z.string(), data: z.array(z.number()) })).min(1),
});

export interface Inference {
  /** Scores in the model's label order, ppm. */
  readonly scoresPpm: readonly number[];
  readonly modelVersion?: string;
}

/** Where a model is served: KServe, Triton, OpenVINO Model Server, Testigo's own, … */
export interface Endpoint {
  readonly url: URL;
  readonly name: string;
}

/** Makes one reading again. @throws Error if the endpoint does not answer as the protocol asks */
export async function infer({ url, name }: Endpoint, pixels: Uint8Array): Promise<Inference> {
  const base = `${url.href.replace(/\/$/, '')}/v2/models/${encodeURIComponent(name)}`;
  const { inputs } = metadataSchema.parse(await ask(base));
  const [input] = inputs;
  if (input === undefined) throw new Error('the model has no input');
  const isByte = input.datatype === 'UINT8';
  const data = isByte ? Array.from(pixels) : Array.from(pixels, (value) => value / 255);
  const shape = input.shape.map((n) => (n < 0 ? 1 : n));
  const body = JSON.stringify({ inputs: [{ name: input.name, datatype: input.datatype, shape, data }] });
  const { outputs, model_version: modelVersion } = answerSchema.parse(await ask(`${base}/infer`, body));
  const scoresPpm = (outputs[0]?.data ?? []).map((score) => Math.round(score * 1_000_000));
  return { scoresPpm, ...(modelVersion !== undefined && { modelVersion }) };
}

async function ask(url: string, body?: string): Promise<unknown> {
  const init =
    body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await readJson(response, MAX_BYTES);
  } catch (cause) {
    throw new Error(`${url}: ${describeFailure(cause)}`, { cause });
  }
}
