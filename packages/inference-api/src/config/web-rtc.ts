import { z } from 'zod';
import { milliseconds } from './values.ts';

export const webRtcSchema = z.strictObject({
  /** Opens /v1/sessions/{id}/whip; needs the optional package @roamhq/wrtc. */
  enabled: z.boolean().default(false),
  /** Of the camera's frames so many a second are read, the rest passed over. */
  framesPerSecond: z.number().min(0.1).max(60).default(15),
  /** STUN servers, as stun:host:port; none are needed where senders reach this host directly. */
  stunUrls: z
    .array(z.string().regex(/^stuns?:[^\s]+$/))
    .max(8)
    .default([]),
  /** UDP ports for media, for a firewall to let through; any if absent. */
  ports: z
    .strictObject({ min: z.int().min(1).max(65_535), max: z.int().min(1).max(65_535) })
    .refine(({ min, max }) => min <= max, 'min is not above max')
    .optional(),
  /** How long a sender may take to connect. */
  connectMs: milliseconds.default(20_000),
});
