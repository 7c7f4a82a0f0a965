import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { nextRetryMs } from './retry.ts';
import { newWebhookSecret, signWebhook } from './signature.ts';
import { createTargetGuard, TargetForbiddenError } from './target-guard.ts';
import { encodeWebhookBody, isMeantFor } from './webhook-events.ts';

const now = () => Math.floor(Date.now() / 1000);
const body = encodeWebhookBody({ type: 'webhook.test', timeMs: 0, data: { webhookId: 'x' } });

describe('signatures', () => {
  const secret = newWebhookSecret();
  const message = { id: 'msg_1', timestampSeconds: now(), body };

  it("are what the standard's own library takes", () => {
    expect(
      new Webhook(secret).verify(body, signWebhook([secret], message) as Record<string, string>),
    ).toEqual({ type: 'webhook.test', timestamp: '1970-01-01T00:00:00.000Z', data: { webhookId: 'x' } });
  });

  it('verify under either secret while one is rotated', () => {
    const next = newWebhookSecret();
    const headers = signWebhook([next, secret], message) as Record<string, string>;
    for (const either of [secret, next])
      expect(() => new Webhook(either).verify(body, headers)).not.toThrow();
  });

  it('cover the id, the time and the body, and age', () => {
    const headers = signWebhook([secret], message) as Record<string, string>;
    const receiver = new Webhook(secret);
    const changed: [string, Record<string, string>][] = [
      [`${body} `, headers],
      [body, { ...headers, 'webhook-id': 'msg_2' }],
      [body, { ...headers, 'webhook-timestamp': String(now() + 1) }],
      [body, signWebhook([newWebhookSecret()], message) as Record<string, string>],
      [body, signWebhook([secret], { ...message, timestampSeconds: now() - 301 }) as Record<string, string>],
    ];
    for (const [text, sent] of changed)
      expect(() => receiver.verify(text, sent)).toThrow(WebhookVerificationError);
  });
});

describe('retries', () => {
  const times = { attempts: 4, firstRetryMs: 1_000, maxRetryMs: 10_000 };

  it('grow, stay under the longest delay, and end', () => {
    const delays = [1, 2, 3].map((failed) => nextRetryMs(times, failed, 1));
    expect(delays).toEqual([1_000, 4_000, 10_000]);
    expect(nextRetryMs(times, 2, 0)).toBe(2_000);
    expect(nextRetryMs(times, 4, 0)).toBeUndefined();
  });

  it('wait as long as the receiver asks, within bounds', () => {
    expect(nextRetryMs(times, 1, 0, 7_000)).toBe(7_000);
    expect(nextRetryMs(times, 1, 0, 999_999)).toBe(10_000);
  });
});

describe('the target guard', () => {
  const guard = createTargetGuard({ allowedNetworks: [] });
  const isRefused = (url: string): boolean => {
    try {
      guard.checkUrl(new URL(url));
      return false;
    } catch (error) {
      return error instanceof TargetForbiddenError;
    }
  };
  const lookUp = (answers: readonly string[], allowedNetworks: readonly string[] = [], protocol = 'https') =>
    new Promise<string>((resolve) => {
      const addresses = answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      const url = new URL(`${protocol}://hook.example.com/`);
      const { lookupFor } = createTargetGuard({ allowedNetworks, resolve: async () => addresses });
      lookupFor(url)('hook.example.com', { all: false }, (error, address) =>
        resolve(error ? error.name : String(address)),
      );
    });

  it('refuses literals of every network that is not public, however written', () => {
    for (const host of [
      '127.0.0.1',
      '0x7f.1',
      '2130706433',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.3.4',
      '192.168.0.1',
      '169.254.169.254',
      '100.64.0.1',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[fe80::1]',
      '[fd00::1]',
      '[64:ff9b::7f00:1]',
      '[::127.0.0.1]',
      '[4000::1]',
      '[2002:7f00:1::]',
    ])
      expect([host, isRefused(`https://${host}/`)]).toEqual([host, true]);
    expect(isRefused('https://93.184.216.34/')).toBe(false);
    expect(isRefused('https://hook.example.com/')).toBe(false);
  });

  it('refuses plain http, credentials and other schemes', () => {
    for (const url of [
      'http://hook.example.com/',
      'https://user:pass@hook.example.com/',
      'https://hook.example.com/#x',
      'ftp://x/',
    ])
      expect([url, isRefused(url)]).toEqual([url, true]);
  });

  it('checks what a name resolves to, every address of it, where the socket resolves it', async () => {
    expect(await lookUp(['93.184.216.34'])).toBe('93.184.216.34');
    expect(await lookUp(['127.0.0.1'])).toBe('TargetForbiddenError');
    expect(await lookUp(['93.184.216.34', '169.254.169.254'])).toBe('TargetForbiddenError');
    expect(await lookUp([])).toBe('Error');
  });

  it('lets an operator allow a network, there also without TLS, and nowhere else', async () => {
    expect(await lookUp(['10.1.2.3'], ['10.1.0.0/16'], 'http')).toBe('10.1.2.3');
    expect(await lookUp(['10.2.2.3'], ['10.1.0.0/16'], 'http')).toBe('TargetForbiddenError');
    expect(await lookUp(['93.184.216.34'], ['10.1.0.0/16'], 'http')).toBe('TargetForbiddenError');
    expect(await lookUp(['::1'], ['10.1.0.0/16', '::1/128'])).toBe('::1');
  });
});

describe('who is told', () => {
  const event = { type: 'session.closed', timeMs: 0, deployer: 'bank-a', data: {} } as const;

  it("keeps a deployer's sessions to its own endpoints", () => {
    expect(isMeantFor(event, { events: ['session.closed'] })).toBe(true);
    expect(isMeantFor(event, { events: ['session.closed'], deployer: 'bank-a' })).toBe(true);
    expect(isMeantFor(event, { events: ['session.closed'], deployer: 'bank-b' })).toBe(false);
    expect(isMeantFor(event, { events: ['session.erased'] })).toBe(false);
  });
});
