import { setTimeout as sleep } from 'node:timers/promises';
import { describeFailure } from '../net/describe-failure.ts';
import { readJson } from '../net/read-body.ts';
import { splitCredentials } from '../net/split-credentials.ts';

const TIMEOUT_MS = 20_000;
const ATTEMPTS = 5;
/** Pages of events are the largest honest answers, and are asked for in smaller ones when refused. */
const MAX_BYTES = 256 * 1024 * 1024;
const FIRST_PAUSE_MS = 100;

/** The node answered, and the answer is an error. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly rpcCode: number;
  /** What a reverted call returned, 0x-prefixed hex: nodes put it in one of two places. */
  readonly data?: string;
  constructor(rpcCode: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.rpcCode = rpcCode;
    const inner = typeof data === 'object' && data !== null && 'data' in data ? data.data : data;
    if (typeof inner === 'string') this.data = inner;
  }
}

/** There was no answer worth the name. */
export class RpcUnreachable extends Error {
  override readonly name = 'RpcUnreachable';
}

/**
 * A plain JSON-RPC client. ethers' own provider retries forever and prints to the console when a node is down,
 * where an auditor needs a reason in bounded time.
 */
export class JsonRpc {
  /** Host only: path, query and user info of such URLs are where providers put their API keys. */
  readonly source: string;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #signal: AbortSignal;
  #id = 0;

  constructor(url: URL, signal: AbortSignal) {
    this.source = `${url.protocol}//${url.host}`;
    const { bare, headers } = splitCredentials(url);
    this.#url = bare.href;
    this.#headers = { 'content-type': 'application/json', ...headers };
    this.#signal = signal;
  }

  /** @throws RpcRefusal or RpcUnreachable */
  async call(method: string, params: readonly unknown[]): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#callOnce(method, params);
      } catch (error) {
        if (error instanceof RpcRefusal || attempt === ATTEMPTS || this.#signal.aborted) throw error;
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  async #callOnce(method: string, params: readonly unknown[]): Promise<unknown> {
    this.#id += 1;
    const body = JSON.stringify({ jsonrpc: '2.0', id: this.#id, method, params });
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]);
    let answer: unknown;
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body,
        signal,
        redirect: 'error',
      });
      if (response.status === 429 || response.status >= 500) throw new Error(`HTTP ${response.status}`);
      answer = await readJson(response, MAX_BYTES);
    } catch (error) {
      throw new RpcUnreachable(`${method}: ${describeFailure(error)}`, { cause: error });
    }
    return readAnswer(method, answer);
  }
}

function readAnswer(method: string, answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null)
    throw new RpcUnreachable(`${method}: the answer is not JSON-RPC`);
  if ('error' in answer && answer.error) {
    const { code, message, data } = answer.error as { code?: unknown; message?: unknown; data?: unknown };
    throw new RpcRefusal(Number(code), `${method}: ${String(message)}`, data);
  }
  if (!('result' in answer)) throw new RpcUnreachable(`${method}: the answer has no result`);
  return answer.result;
}
