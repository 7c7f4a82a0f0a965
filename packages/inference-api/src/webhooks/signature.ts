import { createHmac, randomBytes } from 'node:crypto';

// Standard Webhooks 1.0 (standardwebhooks.com), symmetric scheme: receivers verify with any of its libraries.

const SECRET_PREFIX = 'whsec_';
// The standard asks for 24 to 64 bytes; 32 is the strength of HMAC-SHA-256.
const SECRET_BYTES = 32;

/** A fresh signing secret in the standard's form: `whsec_` and base64. */
export const newWebhookSecret = (): string => SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');

export type SignedMessage = {
  /** The same on every attempt: receivers tell repeats by it. */
  readonly id: string;
  /** Of this attempt, so that a receiver can refuse an old one that was replayed. */
  readonly timestampSeconds: number;
  readonly body: string;
};

const signOnce = (secret: string, { id, timestampSeconds, body }: SignedMessage): string => {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
};

/** The three headers; one signature for each secret, so that a rotation breaks no receiver. */
export const signWebhook = (
  secrets: readonly string[],
  message: SignedMessage,
): Readonly<Record<string, string>> => ({
  'webhook-id': message.id,
  'webhook-timestamp': String(message.timestampSeconds),
  'webhook-signature': secrets.map((secret) => signOnce(secret, message)).join(' '),
});
