import { Wallet } from 'ethers';
import { isOnChain } from './anchoring/anchor.ts';
import { AnchoringEngine } from './anchoring/engine.ts';
import { connectJsonRpc } from './anchoring/json-rpc.ts';
import type { Outbox } from './anchoring/outbox.ts';
import type { ApiConfig } from './config.ts';
import type { TransparencyLog } from './log/log.ts';
import type { Logger } from './logging.ts';
import type { AnchoringView } from './records/anchoring-view.ts';

const GWEI = 1_000_000_000n;

/** The engine for this log, not started yet; undefined where no key to anchor with is configured. */
export const createAnchoring = (
  config: Pick<ApiConfig, 'anchoring' | 'registry'>,
  log: TransparencyLog,
  outbox: Outbox,
  logger: Logger,
): AnchoringEngine | undefined => {
  const { privateKey, recorderKey, rpcUrls, maxFeeGwei, depths, ...times } = config.anchoring;
  if (privateKey === undefined) return undefined;
  const urls = rpcUrls ?? [config.registry.rpcUrl];
  return new AnchoringEngine({
    log,
    outbox,
    nodes: urls.map((url) => connectJsonRpc(url)),
    registry: config.registry.address,
    chainId: config.registry.chainId,
    signer: new Wallet(privateKey),
    ...(recorderKey === undefined ? {} : { recorder: new Wallet(recorderKey) }),
    maxFeePerGas: BigInt(maxFeeGwei) * GWEI,
    depths,
    times,
    onAlarm: ({ code, detail }) => logger.warn({ error: { code, message: detail } }, 'anchoring alarm'),
  });
};

/** The outbox as records see it. */
export const viewAnchoring = (
  outbox: Pick<Outbox, 'findCovering'>,
  { anchoring, registry }: Pick<ApiConfig, 'anchoring' | 'registry'>,
): AnchoringView => ({
  statusOf: async (leafIndex) => {
    const anchor = await outbox.findCovering(leafIndex);
    if (
      !anchor ||
      !isOnChain(anchor) ||
      anchor.transactionHash === undefined ||
      anchor.blockNumber === undefined
    ) {
      return { state: anchoring.privateKey === undefined ? 'unanchored' : 'pending' };
    }
    return {
      state: anchor.state as 'mined' | 'safe' | 'finalized',
      anchor: {
        chainId: registry.chainId,
        registry: registry.address.toLowerCase(),
        logId: anchor.logId,
        size: anchor.size,
        root: anchor.root,
        transaction: anchor.transactionHash,
        blockNumber: anchor.blockNumber,
      },
    };
  },
});
