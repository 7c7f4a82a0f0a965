import wrtc from '@roamhq/wrtc';
import sharp from 'sharp';

/** Chrome's WebRTC engine as a sender; typed by what the package says of itself, in terms the DOM would have. */
// biome-ignore lint/suspicious/noExplicitAny: the DOM's types are not in a Node program
const { RTCPeerConnection, nonstandard } = wrtc as any;

export type Camera = {
  /** The SDP offer, all candidates in it. */
  readonly offer: string;
  /** What came over the data channel so far. */
  readonly messages: readonly Record<string, unknown>[];
  accept(answer: string): Promise<void>;
  close(): void;
};

const gathered = (peer: EventTarget & { iceGatheringState: string }): Promise<void> =>
  new Promise((resolve) => {
    const check = () => peer.iceGatheringState === 'complete' && resolve();
    peer.addEventListener('icegatheringstatechange', check);
    check();
  });

/** A headless camera that films one picture. */
export const startCamera = async (
  picture: Buffer,
  { framesPerSecond = 30, tracks = 1 }: { framesPerSecond?: number; tracks?: number } = {},
): Promise<Camera> => {
  const { data, info } = await sharp(picture).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const frame = { width, height, data: new Uint8ClampedArray((width * height * 3) / 2) };
  nonstandard.rgbaToI420({ width, height, data: new Uint8ClampedArray(data) }, frame);
  const source = new nonstandard.RTCVideoSource();
  const peer = new RTCPeerConnection();
  for (let i = 0; i < tracks; i++) peer.addTransceiver(source.createTrack(), { direction: 'sendonly' });
  const channel = peer.createDataChannel('testigo.frames.v1');
  const messages: Record<string, unknown>[] = [];
  channel.addEventListener('message', (event: { data: string }) => messages.push(JSON.parse(event.data)));
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  const timer = setInterval(() => source.onFrame(frame), 1000 / framesPerSecond);
  return {
    offer: peer.localDescription.sdp,
    messages,
    accept: (sdp) => peer.setRemoteDescription({ type: 'answer', sdp }),
    close: () => {
      clearInterval(timer);
      peer.close();
    },
  };
};
