import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calibrationOf } from '../bundle/calibrated.ts';
import { toOnnx } from '../bundle/onnx/to-onnx.ts';
import type { BundleContents } from '../bundle/read-bundle.ts';
import { MODEL_ERRORS, ModelError } from '../errors.ts';
import { Batcher } from './batcher.ts';
import { EnginePool } from './engine-pool.ts';
import { createMetrics, type ServingMetrics } from './metrics.ts';
import { BINARY_HEADER, describeModel, formatInferResponse, parseInferRequest } from './protocol.ts';

export type ServeOptions = {
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly maxBatch: number;
  readonly maxDelayMs: number;
  readonly maxQueue: number;
  /** How long open requests may take to finish after `stop`. */
  readonly drainTimeoutMs: number;
};

export const DEFAULT_SERVE_OPTIONS: ServeOptions = {
  port: 8080,
  host: '127.0.0.1',
  workers: 1,
  maxBatch: 64,
  maxDelayMs: 2,
  maxQueue: 512,
  drainTimeoutMs: 10_000,
};

export type RunningServer = { readonly url: string; stop(): Promise<void> };

type Service = {
  readonly name: string;
  readonly version: string;
  readonly batcher: Batcher;
  readonly metrics: ServingMetrics;
  readonly options: ServeOptions;
};

const sendJson = (
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};

const readBody = async (request: IncomingMessage, limit: number): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new ModelError('request-invalid', { seen: `a body over ${limit} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const statusOf = (error: unknown): number => {
  if (!(error instanceof ModelError)) return 500;
  const { httpStatus } = MODEL_ERRORS[error.code] as { httpStatus?: number };
  return httpStatus ?? 500;
};

const infer = async (service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { batcher, metrics, options } = service;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new ModelError('request-invalid', {
      seen: `Content-Encoding ${encoding}: bodies are taken as they are`,
    });
  // JSON spends up to 4 bytes a pixel and nesting on top.
  const body = await readBody(request, options.maxBatch * 2304 * 6 + 65_536);
  const endTimer = metrics.seconds.startTimer();
  try {
    const parsed = parseInferRequest(
      body,
      request.headers[BINARY_HEADER] as string | undefined,
      options.maxBatch,
    );
    const scores = await batcher.submit(parsed.pixels);
    const answer = formatInferResponse(parsed, scores, service);
    metrics.requests.inc({ status: '200' });
    metrics.pictures.inc(parsed.pictures);
    endTimer({ status: '200' });
    response.writeHead(200, answer.headers).end(answer.body);
  } catch (error) {
    const status = String(statusOf(error));
    metrics.requests.inc({ status });
    endTimer({ status });
    throw error;
  }
};

const fail = (response: ServerResponse, error: unknown): void => {
  const status = statusOf(error);
  const message = error instanceof ModelError ? error.message : 'internal error';
  const code = error instanceof ModelError ? error.code : 'internal';
  if (response.headersSent) response.destroy();
  else sendJson(response, status, { error: message, code }, status === 503 ? { 'retry-after': '1' } : {});
};

const route = async (service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { name, version, batcher, metrics } = service;
  const [path = '/'] = (request.url ?? '/').split('?');
  const isReady = !batcher.isDraining;
  if (path === '/v2/health/live') return sendJson(response, 200, { live: true });
  if (path === '/v2/health/ready') return sendJson(response, isReady ? 200 : 503, { ready: isReady });
  if (path === '/v2')
    return sendJson(response, 200, { name: 'testigo-model', version, extensions: ['binary_tensor_data'] });
  if (path === '/metrics') {
    response
      .writeHead(200, { 'content-type': metrics.registry.contentType })
      .end(await metrics.registry.metrics());
    return;
  }
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/ready|\/infer)?$/.exec(path);
  if (!match) return sendJson(response, 404, { error: `nothing at ${path}`, code: 'not-found' });
  if (match[1] !== name || (match[2] !== undefined && match[2] !== version)) {
    throw new ModelError('model-unknown', {
      seen: match[2] ? `${match[1]} ${match[2]}` : match[1]!,
      expected: `${name} ${version}`,
    });
  }
  if (match[3] === '/ready') return sendJson(response, isReady ? 200 : 503, { name, ready: isReady });
  if (match[3] !== '/infer') return sendJson(response, 200, describeModel(name, version));
  if (request.method !== 'POST')
    return sendJson(response, 405, { error: 'POST it', code: 'method' }, { allow: 'POST' });
  return infer(service, request, response);
};

/** Between two looks for connections whose answer is out. */
const SWEEP_MS = 20;

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const option = isTaken || cause.code === 'EACCES' ? 'port' : 'host';
      const seen = isTaken ? `${port} is taken by another program` : cause.message;
      reject(new ModelError('option-invalid', { option, seen }, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });

/** Serves a verified bundle over the Open Inference Protocol v2 until stopped. */
export const startServer = async (
  contents: BundleContents,
  given: Partial<ServeOptions> = {},
): Promise<RunningServer> => {
  const options = { ...DEFAULT_SERVE_OPTIONS, ...given };
  const { manifest, modelVersion: version, network, input } = contents;
  const onnx = toOnnx(network, { input, calibration: calibrationOf(manifest), name: manifest.name });
  const pool = await EnginePool.start(onnx, {
    workers: options.workers,
    threads: 1,
    batchSize: options.maxBatch,
  });
  let metrics: ServingMetrics | undefined;
  const batcher = new Batcher((pixels) => pool.run(pixels), {
    ...options,
    concurrency: options.workers,
    onBatch: (pictures, _, waitedMs) => {
      metrics?.batchPictures.observe(pictures);
      metrics?.queueSeconds.observe(waitedMs / 1000);
    },
  });
  metrics = createMetrics(() => batcher.queued, { name: manifest.name, version });
  const service: Service = { name: manifest.name, version, batcher, metrics, options };
  const server = createServer((request, response) => {
    if (batcher.isDraining) response.setHeader('connection', 'close');
    route(service, request, response).catch((error: unknown) => fail(response, error));
  });
  const port = await listen(server, options.port, options.host).catch(async (error: unknown) => {
    await pool.close();
    throw error;
  });
  const stop = async (): Promise<void> => {
    const timer = setTimeout(() => server.closeAllConnections(), options.drainTimeoutMs);
    // It listens until then: who asks is told 503 and can go elsewhere.
    await batcher.drain();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    await closed;
    clearInterval(sweep);
    clearTimeout(timer);
    await pool.close();
  };
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, stop };
};
