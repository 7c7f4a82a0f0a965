import type { ApiConfig } from '../config.ts';
import type { ApiErrorCode } from '../errors.ts';
import type { FaceMemory } from '../faces/find-faces.ts';
import type { NoReading, Reading } from './read-emotion.ts';

/** What a reading thread is started with. */
export type ReaderSetup = {
  readonly faces: ApiConfig['faces'];
  readonly limits: Pick<ApiConfig['limits'], 'imagePixels' | 'decodeTimeoutMs'>;
  readonly model: {
    /** The verified bundle's graph. */
    readonly onnx: Uint8Array;
    readonly threads: number;
    readonly labels: readonly string[];
    readonly conformalQuantilePpm: number | undefined;
  };
};

/** Asks a thread to finish what it reads and end. */
export const FINISH = 'finish';

export type ReaderQuestion = {
  readonly number: number;
  readonly picture: Uint8Array;
  readonly memory?: FaceMemory | undefined;
};

/** Number 0 says that the thread is ready; it names the detector. */
export type ReaderAnswer =
  | { readonly number: 0; readonly detector: string }
  | {
      readonly number: number;
      readonly reading: Reading | NoReading;
      readonly memory?: FaceMemory | undefined;
    }
  | {
      readonly number: number;
      readonly error: { readonly code: ApiErrorCode | undefined; readonly message: string };
    };
