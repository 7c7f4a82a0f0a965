import { parentPort, workerData } from 'node:worker_threads';
import { ApiError } from '../errors.ts';
import { openFaceFinder } from '../faces/open-face-finder.ts';
import { loadEmotionNetwork } from './emotion-network.ts';
import { createEmotionReader } from './read-emotion.ts';
import { FINISH, type ReaderAnswer, type ReaderQuestion, type ReaderSetup } from './reader-messages.ts';
import { takeTurns } from './take-turns.ts';

const port = parentPort!;
const { faces, limits, model } = workerData as ReaderSetup;
const finder = await openFaceFinder(faces);
const network = await loadEmotionNetwork(model.onnx, model.threads);
const { labels, conformalQuantilePpm } = model;
const classifier = { labels, conformalQuantilePpm, predict: network.predict };
const reader = createEmotionReader({ finder, classifier, limits });

const answer = async ({ number, picture, memory }: ReaderQuestion): Promise<ReaderAnswer> => {
  try {
    return { number, reading: await reader.readEmotion(picture, memory), memory };
  } catch (error) {
    const code = error instanceof ApiError ? error.code : undefined;
    return { number, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
};

/*
 * One picture is decoded while the one before is computed on. More at once would gain nothing, and each decoded picture
 * that waits takes up to 50 MB (limits.imagePixels): what waits does so as the few bytes that were sent.
 */
const MOST_AT_ONCE = 2;

const turns = takeTurns(MOST_AT_ONCE, async (question: ReaderQuestion) =>
  port.postMessage(await answer(question)),
);

/** A thread that is terminated within ONNX Runtime takes the process along: it must end by itself. */
const finish = async (): Promise<void> => {
  await turns.idle();
  await Promise.all([finder.close(), network.close()]);
  port.close();
};

port.on('message', (message: ReaderQuestion | typeof FINISH) =>
  message === FINISH ? void finish() : turns.add(message),
);
port.postMessage({ number: 0, detector: finder.name } satisfies ReaderAnswer);
