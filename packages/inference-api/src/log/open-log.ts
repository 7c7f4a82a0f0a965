import { EMPTY_ROOT, formatCheckpoint, newNoteVerifier, openNote } from '@testigo/trail';
import { ApiError } from '../errors.ts';
import { DurableLog, type LogConfig, signHead } from './durable-log.ts';
import type { SignedCheckpoint, TransparencyLog } from './log.ts';
import { resumeFrontier } from './published-tree.ts';
import type { StoredHead } from './store.ts';

const startFresh = async (config: LogConfig): Promise<StoredHead> => {
  const head = signHead(config, 0, EMPTY_ROOT);
  await config.store.commit({ firstLeaf: 0, records: [], completedTiles: [], modelCounts: [], head });
  return head;
};

/** The stored head must be this log's, under a key of this log: another log's folder must not be continued. */
export const checkHead = (
  config: Omit<LogConfig, 'store' | 'options'>,
  { size, root, note }: StoredHead,
): SignedCheckpoint => {
  const keys = [config.verifierKey, ...(config.retiredVerifierKeys ?? [])];
  const opened = openNote(
    note,
    keys.map((key) => newNoteVerifier(key)),
  );
  if (
    opened.verifiedBy.length === 0 ||
    opened.body !== formatCheckpoint({ origin: config.origin, size, root })
  ) {
    throw new ApiError('log-corrupt', `The stored checkpoint is not one that ${config.origin} signed.`);
  }
  const isCurrent = openNote(note, [newNoteVerifier(config.verifierKey)]).verifiedBy.length > 0;
  return isCurrent ? { size, root, note } : signHead(config, size, root);
};

/**
 * Opens the log in `store` and becomes its one writer. Takes ownership of the store: closes it also on failure.
 *
 * @throws ApiError `log-corrupt` if what is stored is not a log that this origin and key signed.
 */
export const openLog = async (config: LogConfig): Promise<TransparencyLog> => {
  try {
    const head = checkHead(config, (await config.store.readHead()) ?? (await startFresh(config)));
    return new DurableLog(config, head, await resumeFrontier(config.store, head));
  } catch (error) {
    await config.store.close();
    throw error;
  }
};
