import { ApiError } from '../errors.ts';

/*
 * The part of WebRTC (W3C Recommendation, 2023) that is used here, and @roamhq/wrtc's own way to decoded frames. The
 * package describes itself in terms of the DOM's types, which a Node program does not have.
 */

export type MediaTrack = { readonly kind: string };
export type Transceiver = { readonly receiver: { readonly track: MediaTrack }; direction: string };

export type DataChannel = {
  readonly readyState: string;
  readonly bufferedAmount: number;
  send(text: string): void;
  addEventListener(name: 'open', listener: () => void): void;
};

export type SessionDescription = { readonly type: 'offer' | 'answer'; readonly sdp: string };

export type PeerConnection = {
  readonly connectionState: string;
  readonly iceGatheringState: string;
  readonly localDescription: SessionDescription | null;
  setRemoteDescription(description: SessionDescription): Promise<void>;
  setLocalDescription(description: SessionDescription): Promise<void>;
  createAnswer(): Promise<SessionDescription>;
  getTransceivers(): readonly Transceiver[];
  addEventListener(name: 'icegatheringstatechange' | 'connectionstatechange', listener: () => void): void;
  addEventListener(name: 'track', listener: (event: { readonly track: MediaTrack }) => void): void;
  addEventListener(name: 'datachannel', listener: (event: { readonly channel: DataChannel }) => void): void;
  close(): void;
};

/** Planar YUV 4:2:0, eight bits. */
export type VideoFrame = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
  /** Degrees that it has to be turned by clockwise to stand upright. */
  readonly rotation?: 0 | 90 | 180 | 270;
};

type RgbaFrame = { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray };

export type VideoSink = {
  onframe: ((event: { readonly frame: VideoFrame }) => void) | null;
  stop(): void;
};

export type PeerConfiguration = {
  readonly iceServers: readonly { readonly urls: string }[];
  readonly portRange?: { readonly min: number; readonly max: number };
};

export type WebRtc = {
  readonly RTCPeerConnection: new (configuration: PeerConfiguration) => PeerConnection;
  readonly nonstandard: {
    readonly RTCVideoSink: new (track: MediaTrack) => VideoSink;
    /** Fills the second frame from the first. */
    i420ToRgba(from: VideoFrame, to: RgbaFrame): void;
  };
};

/**
 * The WebRTC engine, 26 MB of native code, loaded when the first offer comes.
 * @throws ApiError webrtc-unavailable where the optional package is not installed for this platform
 */
export const loadWebRtc = async (): Promise<WebRtc> => {
  try {
    return ((await import('@roamhq/wrtc')) as unknown as { readonly default: WebRtc }).default;
  } catch (cause) {
    throw new ApiError('webrtc-unavailable', 'The package @roamhq/wrtc is not installed here.', { cause });
  }
};
