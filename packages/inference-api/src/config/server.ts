import { z } from 'zod';
import { milliseconds } from './values.ts';

export const serverSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** 0 takes any free port. */
  port: z.int().min(0).max(65_535).default(8080),
  /** Serves HTTPS by itself; without it a proxy in front does. */
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
  /** Browser origins that may call, for instance https://desk.example.com. */
  corsOrigins: z.array(z.url({ protocol: /^https?$/ })).default([]),
  /** Hops of reverse proxies whose X-Forwarded-For counts. */
  trustProxy: z.int().min(0).max(8).default(0),
  /** How long a shutdown waits for answers under way. */
  drainMs: milliseconds.default(10_000),
});
