import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TargetForbiddenError, type TargetGuard } from './target-guard.ts';

export type SendOutcome =
  | { readonly isDelivered: true; readonly outcome: string }
  | {
      readonly isDelivered: false;
      /** `status-503`, `redirected`, `timeout`, `unreachable` or `target-forbidden`. */
      readonly outcome: string;
      /** 410: the receiver wants nothing more, ever. */
      readonly isGone?: boolean;
      /** What the receiver's Retry-After asked for. */
      readonly retryAfterMs?: number;
    };

export type WebhookRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type SendOptions = {
  readonly guard: TargetGuard;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

const failed = (outcome: string): SendOutcome => ({ isDelivered: false, outcome });

const readStatus = (status: number, retryAfter: string | undefined): SendOutcome => {
  if (status >= 200 && status < 300) return { isDelivered: true, outcome: `status-${status}` };
  // Never followed: the place it names was not the one that was registered and checked.
  if (status >= 300 && status < 400) return failed('redirected');
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0;
  return {
    isDelivered: false,
    outcome: `status-${status}`,
    ...(status === 410 ? { isGone: true } : {}),
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
};

const readFailure = (error: Error, timeout: AbortSignal): SendOutcome => {
  if (error instanceof TargetForbiddenError) return failed('target-forbidden');
  return failed(timeout.aborted ? 'timeout' : 'unreachable');
};

/** One attempt. Resolves whatever happens; the answer's body is neither read nor kept. */
export const sendWebhook = (message: WebhookRequest, options: SendOptions): Promise<SendOutcome> =>
  new Promise((resolve) => {
    const url = new URL(message.url);
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const fail = (error: Error): void => resolve(readFailure(error, timeout));
    try {
      options.guard.checkUrl(url);
    } catch (error) {
      return fail(error as Error);
    }
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(
      url,
      {
        method: 'POST',
        // No pool: a kept connection would outlive the check of its address.
        agent: false,
        lookup: options.guard.lookupFor(url),
        signal: AbortSignal.any([timeout, options.signal]),
        headers: {
          ...message.headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(message.body),
          'user-agent': 'testigo-webhooks/1',
        },
      },
      (response) => {
        response.on('error', fail);
        resolve(readStatus(response.statusCode ?? 0, response.headers['retry-after']));
        response.destroy();
      },
    );
    request.on('error', fail);
    request.end(message.body);
  });
