import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ApiError } from '../errors.ts';
import type { FaceMemory } from '../faces/find-faces.ts';
import type { EmotionReader, NoReading, Reading } from './read-emotion.ts';
import { FINISH, type ReaderAnswer, type ReaderQuestion, type ReaderSetup } from './reader-messages.ts';

export type ReaderPoolOptions = {
  readonly threads: number;
  /** Told when a thread ended by itself; another takes its place. */
  readonly onLost: (error: Error) => void;
};

type Waiting = {
  readonly resolve: (answer: ReaderAnswer) => void;
  readonly reject: (error: Error) => void;
};

type Member = { readonly worker: Worker; readonly waiting: Map<number, Waiting>; readonly detector: string };

// Beside this file, built or not.
const threadFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './reader-thread.js', import.meta.url);

/** Starts one thread. `onEnd` is told once, whether it ended before it was ready or after. */
const startMember = (setup: ReaderSetup, onEnd: (error: Error) => void): Promise<Member> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(threadFile(), { workerData: setup });
    const waiting = new Map<number, Waiting>();
    let failure: Error | undefined;
    worker.on('message', (answer: ReaderAnswer) => {
      if ('detector' in answer) return resolve({ worker, waiting, detector: answer.detector });
      waiting.get(answer.number)?.resolve(answer);
      waiting.delete(answer.number);
    });
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', (code) => {
      const error = failure ?? new Error(`a reading thread ended with ${code}`);
      reject(error);
      for (const { reject: fail } of waiting.values()) fail(error);
      onEnd(error);
    });
  });

/**
 * Emotion readers on threads of their own. ONNX Runtime computes on the thread that calls it: on the service's own it
 * would hold up every other call, and one core would do all the work.
 */
export class ReaderPool implements EmotionReader {
  readonly #setup: ReaderSetup;
  readonly #onLost: (error: Error) => void;
  readonly #members = new Set<Member>();
  #detector = '';
  #lastNumber = 0;
  #isClosed = false;

  static async start(setup: ReaderSetup, { threads, onLost }: ReaderPoolOptions): Promise<ReaderPool> {
    const pool = new ReaderPool(setup, onLost);
    try {
      await Promise.all(Array.from({ length: threads }, () => pool.#addMember()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  private constructor(setup: ReaderSetup, onLost: (error: Error) => void) {
    this.#setup = setup;
    this.#onLost = onLost;
  }

  /** Name and version of the face detector, for records. */
  get detector(): string {
    return this.#detector;
  }

  async readEmotion(picture: Uint8Array, memory?: FaceMemory): Promise<Reading | NoReading> {
    // A copy of its own to give away: frames arrive as views into buffers that others share.
    const bytes = new Uint8Array(picture);
    const answer = await this.#ask({ number: ++this.#lastNumber, picture: bytes, memory });
    if ('error' in answer) {
      const { code, message } = answer.error;
      throw code === undefined ? new Error(message) : new ApiError(code, message);
    }
    if (!('reading' in answer)) throw new Error('a reading thread answered something else');
    if (memory && answer.memory) Object.assign(memory, answer.memory);
    return answer.reading;
  }

  /** Finishes what is being read. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const ends = [...this.#members].map(({ worker }) => once(worker, 'exit'));
    for (const { worker } of this.#members) worker.postMessage(FINISH);
    await Promise.all(ends);
  }

  #ask(question: ReaderQuestion): Promise<ReaderAnswer> {
    let best: Member | undefined;
    for (const member of this.#members) if (!best || member.waiting.size < best.waiting.size) best = member;
    if (!best || this.#isClosed)
      return Promise.reject(new ApiError('overloaded', undefined, { headers: { 'Retry-After': '1' } }));
    const { worker, waiting } = best;
    return new Promise((resolve, reject) => {
      waiting.set(question.number, { resolve, reject });
      worker.postMessage(question, [question.picture.buffer as ArrayBuffer]);
    });
  }

  async #addMember(): Promise<void> {
    let member: Member | undefined;
    member = await startMember(this.#setup, (error) => {
      if (!member) return;
      this.#members.delete(member);
      if (this.#isClosed) return;
      this.#onLost(error);
      // One that cannot start again is told of too; the others go on.
      this.#addMember().catch(this.#onLost);
    });
    this.#members.add(member);
    // Closed while this one was starting.
    if (this.#isClosed) member.worker.postMessage(FINISH);
    this.#detector = member.detector;
  }
}
