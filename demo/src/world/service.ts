import { join } from 'node:path';
import { parseConfig, type RunningApi, startApi } from '@testigo/inference-api';
import { parseVerifierKey, toHex } from '@testigo/trail';
import type { Registry } from './chain.ts';

export const LOG_ORIGIN = 'testigo.local/demo';
const MAX_SILENCE_SECONDS = 24 * 3600;

/** Starts the API on the model in `bundleDir`, its data under `dir`, and opens its log in the registry. */
export async function startService(
  registry: Registry,
  given: { readonly dir: string; readonly bundleDir: string; readonly port: number },
): Promise<RunningApi> {
  const { deployment, chain, actors } = registry;
  const api = await startApi(
    parseConfig({
      dataDir: join(given.dir, 'api'),
      server: { port: given.port },
      model: { bundleDir: given.bundleDir },
      registry: { rpcUrl: chain.url, address: deployment.address, chainId: deployment.chainId, pollMs: 1000 },
      log: { origin: LOG_ORIGIN },
      anchoring: { privateKey: actors.anchorer.privateKey, minIntervalMs: 500, alignWaitMs: 0, pollMs: 200 },
      policy: {
        singlePictures: {
          purpose: 'fraud-detection',
          legalBasis: 'consent',
          deployer: 'testigo-demo',
          notice: 'notice-shown-in-the-demo',
        },
      },
      logging: { level: 'error' },
    }),
  );
  try {
    const { publicKey } = parseVerifierKey(api.verifierKey);
    const contract = registry.as(actors.operator);
    const opened = await contract.openLog(
      LOG_ORIGIN,
      actors.anchorer.address,
      publicKey,
      MAX_SILENCE_SECONDS,
    );
    await opened.wait();
  } catch (error) {
    await api.close();
    throw error;
  }
  return api;
}

/** Keys that an auditor pins beside the registry's and the log's. */
export interface PinnedKeys {
  readonly custodians: readonly Uint8Array[];
  readonly auditors?: readonly Uint8Array[];
}

/** What an auditor pins before looking at any evidence. */
export const trustOf = (registry: Registry, api: RunningApi, keys: PinnedKeys): object => ({
  chainId: registry.deployment.chainId,
  registry: registry.deployment.address.toLowerCase(),
  codeHash: registry.deployment.codeHash,
  deployedAtBlock: registry.deployment.blockNumber,
  logs: [{ origin: LOG_ORIGIN, verifierKey: api.verifierKey }],
  custodians: keys.custodians.map(toHex),
  auditors: (keys.auditors ?? []).map(toHex),
});
