import { type Context as TraceContext, context as traceContext } from '@opentelemetry/api';
import type { InputProfile } from '@testigo/model';
import { ApiError } from '../errors.ts';
import { newFaceMemory } from '../faces/find-faces.ts';
import { toApiError, toProblem } from '../http/problem.ts';
import type { DetectionService, ReadPicture, RecordedReading } from '../reading/detection-service.ts';
import type { Quality } from '../reading/quality.ts';
import { createSmoother } from '../signals/smoothing.ts';
import { observeWindows, type WindowSignal } from '../signals/window.ts';

export type FrameStreamParts = {
  readonly service: DetectionService;
  readonly labels: readonly string[];
  readonly framesInFlight: number;
  readonly windowMs: number;
  /** What the model was trained on, for the drift of the input. */
  readonly inputProfile: InputProfile | undefined;
  readonly present: (recorded: RecordedReading) => Promise<Record<string, unknown>>;
  readonly now: () => number;
};

/** What carries a stream's answers: a WebSocket, or a data channel beside a video track. */
export type FrameChannel = {
  isOpen(): boolean;
  /** Of answers that the other side has not taken yet. */
  bufferedBytes(): number;
  send(text: string): void;
  /** With the codes of RFC 6455 section 7.4.1, whatever carries it. */
  end(code: number, reason: string): void;
  /** As many frames are in flight as may be, until `resume`. */
  pause(): void;
  resume(): void;
};

export type FrameStreamCaller = {
  readonly sessionId: string;
  readonly deployer: string | undefined;
  /** Whose share of streams this one is taken from. */
  readonly tenant: string;
  /** Whether the key or token that opened the stream still counts. */
  readonly isCurrent: () => Promise<boolean>;
  readonly traceId: string;
  /** Of the request that opened the stream: its frames belong under it. */
  readonly trace: TraceContext;
};

/** Unsent answers beyond this mean that nobody reads them. */
const UNREAD_BYTES = 1_048_576;

/** Asking with every frame would cost a look into the database each. */
const RECHECK_MS = 1_000;

/** After these no frame of the stream can be read any more. */
const ENDING: ReadonlySet<string> = new Set([
  'session-closed',
  'subject-erased',
  'session-unknown',
  'unauthenticated',
]);

/**
 * Reads the frames of one sender in order, one answer each; a frame is read while the one before is being recorded.
 * With N frames in flight the channel is paused: the sender's own buffer fills, and it can drop frames instead of
 * queueing them.
 */
export class FrameStream {
  readonly #channel: FrameChannel;
  readonly #parts: FrameStreamParts;
  readonly #caller: FrameStreamCaller;
  readonly #memory = newFaceMemory();
  readonly #smooth;
  readonly #windows;
  #reads: Promise<unknown> = Promise.resolve();
  #tail: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #frames = 0;
  #checkedAtMs: number;

  constructor(channel: FrameChannel, parts: FrameStreamParts, caller: FrameStreamCaller) {
    this.#channel = channel;
    this.#parts = parts;
    this.#caller = caller;
    this.#checkedAtMs = parts.now();
    this.#smooth = createSmoother(parts.labels);
    this.#windows = observeWindows(parts.labels, parts.windowMs, parts.inputProfile);
    this.#send({ type: 'ready', sessionId: caller.sessionId, framesInFlight: parts.framesInFlight });
  }

  /** Resolves when every accepted frame is answered. */
  drain(): Promise<void> {
    return this.#tail;
  }

  isFull(): boolean {
    return this.#inFlight >= this.#parts.framesInFlight;
  }

  /** Takes the next frame; `picture` is called when its turn to be read has come, and what it throws is answered. */
  accept(picture: () => Uint8Array | Promise<Uint8Array>): void {
    const frame = this.#frames++;
    const arrivedAtMs = this.#parts.now();
    this.#inFlight += 1;
    if (this.isFull()) this.#channel.pause();
    const read = this.#reads.then(() => this.#read(picture, arrivedAtMs));
    this.#reads = read.catch(() => undefined);
    this.#tail = this.#tail
      .then(() => this.#answer(frame, read, arrivedAtMs))
      .then(() => {
        this.#inFlight -= 1;
        if (!this.isFull()) this.#channel.resume();
      });
  }

  async #read(take: () => Uint8Array | Promise<Uint8Array>, arrivedAtMs: number): Promise<ReadPicture> {
    const picture = await take();
    await this.#checkCaller();
    const { sessionId, deployer, trace } = this.#caller;
    return traceContext.with(trace, () =>
      this.#parts.service.read({
        picture,
        sessionId,
        deployer,
        capturedAtMs: arrivedAtMs,
        memory: this.#memory,
      }),
    );
  }

  /** A key that was revoked, or a token that expired, ends the stream it opened. */
  async #checkCaller(): Promise<void> {
    const nowMs = this.#parts.now();
    if (nowMs - this.#checkedAtMs < RECHECK_MS) return;
    if (!(await this.#caller.isCurrent())) throw new ApiError('unauthenticated');
    this.#checkedAtMs = nowMs;
  }

  async #answer(frame: number, read: Promise<ReadPicture>, arrivedAtMs: number): Promise<void> {
    let quality: Quality | undefined;
    try {
      const picture = await read;
      quality = picture.quality;
      const recorded = await picture.record();
      const { scoresPpm } = recorded.reading;
      const smoothed = this.#smooth(scoresPpm, arrivedAtMs);
      this.#send({ type: 'reading', frame, ...(await this.#parts.present(recorded)), smoothed });
      this.#tell(this.#windows.addReading(scoresPpm, arrivedAtMs, quality));
    } catch (thrown) {
      this.#refuse(frame, toApiError(thrown), arrivedAtMs, quality);
    }
  }

  #refuse(frame: number, error: ApiError, arrivedAtMs: number, quality: Quality | undefined): void {
    this.#send({ type: 'refused', frame, problem: toProblem(error, this.#caller.traceId) });
    this.#tell(this.#windows.addRefusal(arrivedAtMs, quality));
    // RFC 6455 section 7.4.1, 1008: the terms under which the stream began hold no more.
    if (ENDING.has(error.code)) this.#channel.end(1008, error.code);
  }

  #tell(window: WindowSignal | undefined): void {
    if (window) this.#send({ type: 'window', ...window });
  }

  #send(message: Record<string, unknown>): void {
    if (!this.#channel.isOpen()) return;
    if (this.#channel.bufferedBytes() > UNREAD_BYTES) this.#channel.end(1013, 'answers are not read');
    else this.#channel.send(JSON.stringify(message));
  }
}
