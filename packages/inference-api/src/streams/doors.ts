import type { Authenticate } from '../auth/authenticate.ts';
import type { ApiConfig } from '../config.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { createStreamSlots } from '../http/stream-slots.ts';
import type { Logger } from '../logging.ts';
import type { SessionService } from '../sessions/session-service.ts';
import { createWhipService, type WhipService } from '../webrtc/whip-service.ts';
import type { FrameStreamParts } from './frame-stream.ts';
import { type StreamServer, serveStreams } from './stream-server.ts';

type DoorParts = Omit<FrameStreamParts, 'framesInFlight' | 'windowMs'> & {
  readonly rate: RateLimit;
  readonly config: ApiConfig;
  readonly authenticate: Authenticate;
  readonly sessions: SessionService;
  readonly logger: Logger;
};

const STREAM_PING_MS = 30_000;

/** The ways in for frames: WebSockets and, where it is enabled, WebRTC. They are counted and closed together. */
export const openDoors = (
  parts: DoorParts,
): { readonly streams: StreamServer; readonly whip: WhipService } => {
  const { limits, policy, webrtc } = parts.config;
  const slots = createStreamSlots(limits);
  const frames = { ...parts, slots, framesInFlight: limits.framesInFlight, windowMs: policy.windowMs };
  const whip = createWhipService({
    ...frames,
    isEnabled: webrtc.enabled,
    framesPerSecond: webrtc.framesPerSecond,
    imagePixels: limits.imagePixels,
    peer: {
      iceServers: webrtc.stunUrls.map((urls) => ({ urls })),
      portRange: webrtc.ports,
      connectMs: webrtc.connectMs,
    },
  });
  const sockets = serveStreams({
    ...frames,
    frameBytes: limits.bodyBytes,
    trustedHops: parts.config.server.trustProxy,
    pingMs: STREAM_PING_MS,
  });
  const streams = {
    upgrade: sockets.upgrade,
    open: () => sockets.open() + whip.countOpen(),
    close: async () => {
      await Promise.all([sockets.close(), whip.close()]);
    },
  };
  return { streams, whip };
};
