import { parentPort, workerData } from 'node:worker_threads';
import { ApiError } from '../errors.ts';
import { type SqliteStoreOptions, SqliteWriter } from './sqlite-writer.ts';
import { type Answer, type Question, unpackCommit } from './writer-messages.ts';

const port = parentPort!;
const { folder, options } = workerData as { readonly folder: string; readonly options: SqliteStoreOptions };

const describe = (error: unknown): NonNullable<Answer['error']> => ({
  code: error instanceof ApiError ? error.code : undefined,
  message: error instanceof Error ? error.message : String(error),
});

const answer = (writer: SqliteWriter, question: Question): unknown => {
  if (question.kind === 'findLeaves') return writer.findLeaves(question.ids);
  if (question.kind === 'commit') return writer.commit(unpackCommit(question.commit));
  return writer.close();
};

try {
  const writer = new SqliteWriter(folder, options);
  port.on('message', (question: Question) => {
    try {
      port.postMessage({ number: question.number, value: answer(writer, question) } satisfies Answer);
    } catch (error) {
      port.postMessage({ number: question.number, error: describe(error) } satisfies Answer);
    }
    if (question.kind === 'close') port.close();
  });
  port.postMessage({ number: 0 } satisfies Answer);
} catch (error) {
  port.postMessage({ number: 0, error: describe(error) } satisfies Answer);
  port.close();
}
