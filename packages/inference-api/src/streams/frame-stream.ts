import { type Context as TraceContext, context as traceContext } from '@opentelemetry/api';
import type { InputProfile } from '@testigo/model';
import type { WebSocket } from 'ws';
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

export type FrameStreamCaller = {
  readonly sessionId: string;
  readonly deployer: string | undefined;
  readonly traceId: string;
  /** Of the request that opened the stream: its frames belong under it. */
  readonly trace: TraceContext;
};

/** Unsent answers beyond this mean that nobody reads them. */
const UNREAD_BYTES = 1_048_576;

/**
 * Reads the frames of one socket in order, one answer each; a frame is read while the one before is being recorded.
 * With N frames in flight the socket is paused: the sender's own buffer fills, and it can drop frames instead of
 * queueing them.
 */
export class FrameStream {
  readonly #socket: WebSocket;
  readonly #parts: FrameStreamParts;
  readonly #caller: FrameStreamCaller;
  readonly #memory = newFaceMemory();
  readonly #smooth;
  readonly #windows;
  #reads: Promise<unknown> = Promise.resolve();
  #tail: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #frames = 0;

  constructor(socket: WebSocket, parts: FrameStreamParts, caller: FrameStreamCaller) {
    this.#socket = socket;
    this.#parts = parts;
    this.#caller = caller;
    this.#smooth = createSmoother(parts.labels);
    this.#windows = observeWindows(parts.labels, parts.windowMs, parts.inputProfile);
    socket.on('message', (data, isBinary) => this.#accept(data as Buffer, isBinary));
    this.#send({ type: 'ready', sessionId: caller.sessionId, framesInFlight: parts.framesInFlight });
  }

  /** Resolves when every accepted frame is answered. */
  drain(): Promise<void> {
    return this.#tail;
  }

  #accept(data: Buffer, isBinary: boolean): void {
    const frame = this.#frames++;
    const arrivedAtMs = this.#parts.now();
    this.#inFlight += 1;
    if (this.#inFlight >= this.#parts.framesInFlight) this.#socket.pause();
    const read = this.#reads.then(() => this.#read(data, isBinary, arrivedAtMs));
    this.#reads = read.catch(() => undefined);
    this.#tail = this.#tail
      .then(() => this.#answer(frame, read, arrivedAtMs))
      .then(() => {
        this.#inFlight -= 1;
        if (this.#inFlight < this.#parts.framesInFlight && this.#socket.isPaused) this.#socket.resume();
      });
  }

  async #read(picture: Buffer, isBinary: boolean, arrivedAtMs: number): Promise<ReadPicture> {
    if (!isBinary)
      throw new ApiError('unsupported-media-type', 'Frames are binary messages: one JPEG, PNG or WebP each.');
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
    const isOver =
      error.code === 'session-closed' || error.code === 'subject-erased' || error.code === 'session-unknown';
    // RFC 6455 section 7.4.1, 1008: the terms under which the stream began hold no more.
    if (isOver) this.#socket.close(1008, error.code);
  }

  #tell(window: WindowSignal | undefined): void {
    if (window) this.#send({ type: 'window', ...window });
  }

  #send(message: Record<string, unknown>): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > UNREAD_BYTES) this.#socket.close(1013, 'answers are not read');
    else this.#socket.send(JSON.stringify(message));
  }
}
