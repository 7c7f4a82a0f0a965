import { join } from 'node:path';
import { keyPairOf, verifierKey } from '@testigo/trail';
import type { ApiConfig } from './config.ts';
import type { TransparencyLog } from './log/log.ts';
import { newNativeLogSigner } from './log/note-signer.ts';
import { openLog } from './log/open-log.ts';
import { SqliteStore } from './log/sqlite-store.ts';
import { readOrCreateKey } from './vault/key-file.ts';

/** The log in the data folder, under the configured key or one that is made there once. */
export const openServiceLog = async (
  config: Pick<ApiConfig, 'dataDir' | 'log'>,
): Promise<TransparencyLog> => {
  const { origin, signingKey, batchDelayMs } = config.log;
  const secretKey = readOrCreateKey(signingKey, join(config.dataDir, 'log.key'));
  return openLog({
    store: await SqliteStore.open(join(config.dataDir, 'log')),
    origin,
    options: { batchDelayMs },
    signer: newNativeLogSigner({ name: origin, secretKey }),
    verifierKey: verifierKey(origin, keyPairOf(secretKey).publicKey),
  });
};
