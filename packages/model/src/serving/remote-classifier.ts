import { z } from 'zod';
import { checkPixels } from '../bundle/engine.ts';
import { ModelError } from '../errors.ts';
import { CLASS_COUNT, FACE_SIZE } from '../labels.ts';
import { BINARY_HEADER, INPUT_NAME, OUTPUT_NAME } from './protocol.ts';

export type RemoteOptions = {
  /** Base address of any server that speaks the Open Inference Protocol v2: ours, Triton, KServe, OpenVINO. */
  readonly url: string;
  readonly model: string;
  readonly timeoutMs?: number;
};

const metadataSchema = z.object({ name: z.string(), versions: z.array(z.string()).optional() });
const headSchema = z.object({
  outputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.number()),
      parameters: z.object({ binary_data_size: z.int() }).optional(),
      data: z.array(z.number()).optional(),
    }),
  ),
});

/** A classifier somewhere else, called with binary tensors. */
export class RemoteClassifier {
  readonly #options: RemoteOptions;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** Versions the server has; ours names its model version there. */
  async versions(): Promise<string[]> {
    const response = await this.#fetch('', {});
    return metadataSchema.parse(await response.json()).versions ?? [];
  }

  /** Calibrated probabilities, n x 7. @throws ModelError pixels-size, remote-failed */
  async predict(pixels48: Uint8Array): Promise<Float32Array> {
    const count = checkPixels(pixels48);
    const shape = [count, FACE_SIZE, FACE_SIZE];
    const json = new TextEncoder().encode(
      JSON.stringify({
        inputs: [
          { name: INPUT_NAME, shape, datatype: 'UINT8', parameters: { binary_data_size: pixels48.length } },
        ],
        outputs: [{ name: OUTPUT_NAME, parameters: { binary_data: true } }],
      }),
    );
    const response = await this.#fetch('/infer', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', [BINARY_HEADER]: String(json.length) },
      body: Buffer.concat([json, pixels48]),
    });
    const body = new Uint8Array(await response.arrayBuffer());
    const headLength = Number(response.headers.get(BINARY_HEADER) ?? body.length);
    const { outputs } = headSchema.parse(JSON.parse(new TextDecoder().decode(body.subarray(0, headLength))));
    const output = outputs.find(({ name }) => name === OUTPUT_NAME);
    const scores = output?.data
      ? Float32Array.from(output.data)
      : new Float32Array(body.slice(headLength).buffer);
    if (scores.length !== count * CLASS_COUNT)
      throw new ModelError('remote-failed', { url: this.#options.url, seen: `${scores.length} numbers` });
    return scores;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, model, timeoutMs = 5000 } = this.#options;
    const place = `${url.replace(/\/$/, '')}/v2/models/${encodeURIComponent(model)}${path}`;
    const response = await fetch(place, { ...init, signal: AbortSignal.timeout(timeoutMs) }).catch(
      (cause: unknown) => {
        throw new ModelError(
          'remote-failed',
          { url: place, seen: cause instanceof Error ? cause.message : String(cause) },
          { cause },
        );
      },
    );
    if (!response.ok)
      throw new ModelError('remote-failed', {
        url: place,
        seen: `${response.status} ${(await response.text()).slice(0, 200)}`,
      });
    return response;
  }
}
