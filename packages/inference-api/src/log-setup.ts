import { join } from 'node:path';
import { keyPairOf, verifierKey } from '@testigo/trail';
import type { ApiConfig } from './config.ts';
import type { TransparencyLog } from './log/log.ts';
import { newNativeLogSigner } from './log/note-signer.ts';
import { openLog } from './log/open-log.ts';
import { SqliteStore } from './log/sqlite-store.ts';
import { readOrCreateKey } from './vault/key-file.ts';

/** The log's name and its key, the configured one or one that is made in the data folder once. */
export const identifyLog = ({ dataDir, log: { origin, signingKey } }: Pick<ApiConfig, 'dataDir' | 'log'>) => {
  const secretKey = readOrCreateKey(signingKey, join(dataDir, 'log.key'));
  return {
    origin,
    signer: newNativeLogSigner({ name: origin, secretKey }),
    verifierKey: verifierKey(origin, keyPairOf(secretKey).publicKey),
  };
};

/** The log in the data folder. */
export const openServiceLog = async (
  config: Pick<ApiConfig, 'dataDir' | 'log'>,
): Promise<TransparencyLog> => {
  const store = await SqliteStore.open(join(config.dataDir, 'log'));
  return openLog({ ...identifyLog(config), store, options: { batchDelayMs: config.log.batchDelayMs } });
};
