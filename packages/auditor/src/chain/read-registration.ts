import { JsonRpc } from './json-rpc.ts';
import { bare, prefixed, RegistryReader } from './registry-reader.ts';

export interface Registration {
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly source: string;
}

/** Where a model version was registered, in a final block and as every given provider says; undefined otherwise. */
export async function readRegistration(
  urls: readonly URL[],
  pins: { readonly registry: string; readonly deployedAtBlock: number },
  modelVersion: string,
  signal: AbortSignal,
): Promise<Registration | undefined> {
  const found: Registration[] = [];
  for (const url of urls) {
    const reader = new RegistryReader(new JsonRpc(url, signal), pins.registry);
    const range = { from: pins.deployedAtBlock, to: await reader.readBlockNumber('finalized') };
    const events = reader.readEvents('ModelRegistered', [prefixed(modelVersion)], range);
    const first = await events.next();
    if (first.done === true) return undefined;
    const { blockNumber, blockHash } = first.value;
    found.push({ blockNumber, blockHash: bare(blockHash), source: reader.rpc.source });
  }
  const [one] = found;
  return found.every(({ blockHash }) => blockHash === one?.blockHash) ? one : undefined;
}
