import { ApiError } from '../errors.ts';
import type {
  DataChannel,
  PeerConfiguration,
  PeerConnection,
  VideoFrame,
  VideoSink,
  WebRtc,
} from './load-wrtc.ts';

export type PeerHandlers = {
  readonly onFrame: (frame: VideoFrame) => void;
  /** The data channel that the sender opened for the answers, if it did. */
  readonly onChannel: (channel: DataChannel) => void;
  /** Once, however it ended. */
  readonly onEnd: () => void;
};

export type PeerOptions = {
  readonly iceServers: PeerConfiguration['iceServers'];
  readonly portRange: { readonly min: number; readonly max: number } | undefined;
  /** A peer that is not connected by then is given up. */
  readonly connectMs: number;
};

export type Peer = {
  /** SDP with every candidate: there is no trickling. */
  readonly answer: string;
  close(): void;
};

const GATHER_MS = 5_000;

/** Candidates of a host are there at once; a STUN server that is silent must not hold up the answer. */
const gatherCandidates = (connection: PeerConnection): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS).unref();
    const check = (): void => {
      if (connection.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    };
    connection.addEventListener('icegatheringstatechange', check);
    check();
  });

/** Takes one video track and nothing else: what else is offered is answered as inactive. */
const chooseMedia = (connection: PeerConnection): void => {
  const video = connection
    .getTransceivers()
    .filter(({ receiver, direction }) => receiver.track.kind === 'video' && direction !== 'inactive');
  if (video.length !== 1)
    throw new ApiError('offer-unfit', `The offer has ${video.length} video tracks, not one.`);
  for (const transceiver of connection.getTransceivers())
    transceiver.direction = transceiver === video[0] ? 'recvonly' : 'inactive';
};

/**
 * Answers an offer (RFC 9725 section 4.2: all candidates in the answer, media one way).
 * @throws ApiError offer-unfit
 */
export const acceptOffer = async (
  webRtc: WebRtc,
  offer: string,
  handlers: PeerHandlers,
  options: PeerOptions,
): Promise<Peer> => {
  const { iceServers, portRange, connectMs } = options;
  const connection = new webRtc.RTCPeerConnection({
    iceServers,
    ...(portRange ? { portRange } : {}),
  });
  let sink: VideoSink | undefined;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(deadline);
    sink?.stop();
    connection.close();
    handlers.onEnd();
  };
  const deadline = setTimeout(() => {
    if (connection.connectionState !== 'connected') end();
  }, connectMs).unref();
  connection.addEventListener('connectionstatechange', () => {
    if (connection.connectionState === 'failed' || connection.connectionState === 'closed') end();
  });
  connection.addEventListener('datachannel', ({ channel }) => handlers.onChannel(channel));
  connection.addEventListener('track', ({ track }) => {
    if (track.kind !== 'video' || sink) return;
    sink = new webRtc.nonstandard.RTCVideoSink(track);
    sink.onframe = ({ frame }) => handlers.onFrame(frame);
  });
  try {
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    chooseMedia(connection);
    await connection.setLocalDescription(await connection.createAnswer());
    await gatherCandidates(connection);
    return { answer: connection.localDescription!.sdp, close: end };
  } catch (cause) {
    end();
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('offer-unfit', undefined, { cause });
  }
};
