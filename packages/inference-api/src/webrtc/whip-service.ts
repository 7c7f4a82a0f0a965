import { ApiError } from '../errors.ts';
import { type Release, refuseStream, type StreamSlots } from '../http/stream-slots.ts';
import type { Logger } from '../logging.ts';
import { newId } from '../records/drafts.ts';
import type { SessionService } from '../sessions/session-service.ts';
import {
  type FrameChannel,
  FrameStream,
  type FrameStreamCaller,
  type FrameStreamParts,
} from '../streams/frame-stream.ts';
import { type DataChannel, loadWebRtc, type VideoFrame, type WebRtc } from './load-wrtc.ts';
import { acceptOffer, type Peer, type PeerOptions } from './peer.ts';
import { toJpeg } from './video-frame.ts';

export type WhipParts = FrameStreamParts & {
  readonly sessions: SessionService;
  readonly isEnabled: boolean;
  readonly peer: PeerOptions;
  /** Of the camera's frames so many a second are read, the rest passed over. */
  readonly framesPerSecond: number;
  readonly imagePixels: number;
  readonly slots: StreamSlots;
  readonly logger: Logger;
};

/** WebRTC by WHIP (RFC 9725): a video track in, and the answers of a stream out over the sender's data channel. */
export type WhipService = {
  /** @throws ApiError webrtc-unavailable, offer-unfit, overloaded, session-unknown, session-closed */
  open(offer: string, caller: FrameStreamCaller): Promise<{ readonly id: string; readonly answer: string }>;
  /** @throws ApiError not-found */
  end(id: string, caller: Pick<FrameStreamCaller, 'sessionId' | 'deployer'>): Promise<void>;
  countOpen(): number;
  /** Answers what was accepted, then ends every peer. */
  close(): Promise<void>;
};

type Door = {
  readonly caller: FrameStreamCaller;
  readonly stream: FrameStream;
  readonly peer: Peer;
};

/** Lets a frame through whenever its turn has come; a camera that is late is not made up for. */
const createPace = (framesPerSecond: number): ((nowMs: number) => boolean) => {
  const periodMs = 1_000 / framesPerSecond;
  let nextMs = 0;
  return (nowMs) => {
    if (nowMs < nextMs) return false;
    nextMs = Math.max(nextMs + periodMs, nowMs);
    return true;
  };
};

/** Answers wait here until the sender's channel opens; without one they go nowhere, and the records remain. */
const createAnswerChannel = (end: () => void) => {
  let open: DataChannel | undefined;
  let early: string[] = [];
  const channel: FrameChannel = {
    isOpen: () => true,
    bufferedBytes: () => open?.bufferedAmount ?? 0,
    send: (text) => {
      if (open?.readyState === 'open') open.send(text);
      else if (!open) early = [...early, text].slice(-8);
    },
    end: () => end(),
    pause: () => {},
    resume: () => {},
  };
  const attach = (given: DataChannel): void => {
    if (open) return;
    const start = (): void => {
      open = given;
      for (const text of early) given.send(text);
      early = [];
    };
    if (given.readyState === 'open') start();
    else given.addEventListener('open', start);
  };
  return { channel, attach };
};

export const createWhipService = (parts: WhipParts): WhipService => {
  const doors = new Map<string, Door>();
  let isClosing = false;

  const openDoor = async (
    webRtc: WebRtc,
    offer: string,
    caller: FrameStreamCaller,
    release: Release,
  ): Promise<{ readonly id: string; readonly answer: string }> => {
    const id = newId();
    let peer: Peer | undefined;
    let isOver = false;
    const answers = createAnswerChannel(() => peer?.close());
    const stream = new FrameStream(answers.channel, parts, caller);
    const isDue = createPace(parts.framesPerSecond);
    const onFrame = (frame: VideoFrame): void => {
      if (isClosing || stream.isFull() || !isDue(performance.now())) return;
      if (frame.width * frame.height > parts.imagePixels) return;
      stream.accept(() => toJpeg(webRtc, frame));
    };
    const onEnd = (): void => {
      isOver = true;
      doors.delete(id);
      release();
      parts.logger.debug({ trace: { id: caller.traceId } }, 'peer ended');
    };
    peer = await acceptOffer(webRtc, offer, { onFrame, onEnd, onChannel: answers.attach }, parts.peer);
    if (isClosing) {
      peer.close();
      throw refuseStream();
    }
    // Nothing would end it any more.
    if (isOver) throw new ApiError('offer-unfit', 'The sender was given up before it was answered.');
    doors.set(id, { caller, stream, peer });
    return { id, answer: peer.answer };
  };

  return {
    open: async (offer, caller) => {
      if (!parts.isEnabled) throw new ApiError('webrtc-unavailable', 'webrtc.enabled is not set.');
      const session = await parts.sessions.find(caller.sessionId, caller.deployer);
      if (session.closedAtMs !== undefined) throw new ApiError('session-closed');
      if (isClosing) throw refuseStream();
      const release = parts.slots.take(caller.tenant);
      try {
        return await openDoor(await loadWebRtc(), offer, caller, release);
      } catch (error) {
        release();
        throw error;
      }
    },
    end: async (id, { sessionId, deployer }) => {
      const door = doors.get(id);
      const isTheirs = door && (deployer === undefined || door.caller.deployer === deployer);
      if (!isTheirs || door.caller.sessionId !== sessionId) throw new ApiError('not-found');
      door.peer.close();
      await door.stream.drain();
    },
    countOpen: () => doors.size,
    close: async () => {
      isClosing = true;
      await Promise.all([...doors.values()].map(({ stream }) => stream.drain()));
      for (const { peer } of [...doors.values()]) peer.close();
    },
  };
};
