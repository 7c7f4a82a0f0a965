import { encodeAnchorBatch } from '@testigo/contracts';
import { toHex } from '@testigo/trail';
import type { ModelCount, TransparencyLog } from '../log/log.ts';
import type { Anchor, AnchorAlarm } from './anchor.ts';
import type { RegistryHead } from './chain-view.ts';
import type { AnchoringConfig } from './config.ts';
import { askAnyNode } from './json-rpc.ts';
import type { Call } from './sender.ts';
import { simulateCall } from './simulate.ts';

/** The calldata of `anchorBatch`, from the contract's head to this checkpoint of the log. */
const encodeAnchorCall = async (
  log: TransparencyLog,
  head: RegistryHead,
  target: { readonly size: number; readonly root: string },
  models: readonly ModelCount[],
): Promise<string> => {
  // RFC 9162 has no proof from an empty log: the contract accepts any first head.
  const { hashes } = await log.proveConsistency(head.size, target.size);
  return encodeAnchorBatch({
    logId: `0x${log.logId}`,
    size: target.size,
    root: `0x${target.root}`,
    models: models.map(({ modelVersion, count }) => ({ modelVersion: `0x${modelVersion}`, count })),
    consistencyProof: hashes.map((hash) => `0x${toHex(hash)}`),
  });
};

/** The call that anchors from `head`; undefined where the registry would refuse it. */
export const prepareAnchorCall = async (
  { log, registry, signer, nodes }: Pick<AnchoringConfig, 'log' | 'registry' | 'signer' | 'nodes'>,
  anchor: Anchor,
  head: RegistryHead,
  alarm: (alarm: AnchorAlarm) => void,
): Promise<Call | undefined> => {
  let models = await log.countModels(head.size, anchor.size);
  for (;;) {
    const data = await encodeAnchorCall(log, head, anchor, models);
    const call = { from: signer.address, to: registry, data };
    const simulation = await askAnyNode(nodes, (node) => simulateCall(node, call));
    if (simulation.kind === 'gas') return { data, gas: simulation.gas };
    const unknown = simulation.error === 'ModelUnknown' ? String(simulation.args[0]).slice(2) : undefined;
    if (unknown === undefined || !models.some(({ modelVersion }) => modelVersion === unknown)) {
      const detail = `The registry refuses the anchor of size ${anchor.size}: ${simulation.error}.`;
      alarm({ code: 'anchor-refused', detail });
      return undefined;
    }
    // The log must reach the chain whatever it holds; an unregistered model is for the auditor to find.
    alarm({ code: 'model-unregistered', detail: `Model ${unknown} has records but is not registered.` });
    models = models.filter(({ modelVersion }) => modelVersion !== unknown);
  }
};
