import { messageOf } from '../errors.ts';
import type { AnchorFact, ChainAnswer, DatasetFact, ModelFact, RegistryFacts } from './facts.ts';
import { JsonRpc } from './json-rpc.ts';
import { bare, prefixed, RegistryReader } from './registry-reader.ts';

/** Which facts an audit needs; without a log, a model or a dataset those facts are left out. */
export interface FactsQuery {
  readonly registry: string;
  readonly fromBlock: number;
  readonly logId?: string;
  readonly modelVersion?: string;
  readonly datasetRoot?: string;
}

/** Reads the same facts from every given provider. Unreachable is an answer, not an exception. */
export async function readChain(
  urls: readonly URL[],
  query: FactsQuery,
  signal: AbortSignal,
): Promise<ChainAnswer> {
  const all: RegistryFacts[] = [];
  for (const url of urls) {
    const rpc = new JsonRpc(url, signal);
    try {
      all.push(await readFacts(new RegistryReader(rpc, query.registry), query));
    } catch (error) {
      return { status: 'unreachable', source: rpc.source, reason: messageOf(error) };
    }
  }
  const [facts, ...others] = all;
  return facts === undefined ? { status: 'not-given' } : { status: 'read', facts, others };
}

async function readFacts(reader: RegistryReader, query: FactsQuery): Promise<RegistryFacts> {
  const [chainId, codeHash, latestBlock, finalBlock] = await Promise.all([
    reader.readChainId(),
    reader.readCodeHash(),
    reader.readBlockNumber('latest'),
    reader.readBlockNumber('finalized'),
  ]);
  const base = { source: reader.rpc.source, chainId, latestBlock, finalBlock };
  if (codeHash === undefined) return { ...base, anchors: [] };
  const [head, anchors, model, dataset] = await Promise.all([
    query.logId === undefined ? undefined : readHead(reader, query.logId, latestBlock),
    query.logId === undefined
      ? []
      : readAnchors(reader, query.logId, { from: query.fromBlock, to: latestBlock }),
    query.modelVersion === undefined ? undefined : readModel(reader, query.modelVersion, finalBlock),
    query.datasetRoot === undefined ? undefined : readDataset(reader, query.datasetRoot, finalBlock),
  ]);
  return {
    ...base,
    codeHash,
    anchors,
    ...(head && { head }),
    ...(model && { model }),
    ...(dataset && { dataset }),
  };
}

export async function readHead(reader: RegistryReader, logId: string, block: number) {
  const head = await reader.call('headOf', logId, block);
  return head === undefined ? undefined : { size: Number(head[0]), root: bare(String(head[1])) };
}

/** Anchors of one log, oldest first. Times are read once a block. */
export async function readAnchors(
  reader: RegistryReader,
  logId: string,
  range: { from: number; to: number },
  onPage?: (done: number, total: number) => void,
): Promise<AnchorFact[]> {
  const anchors: AnchorFact[] = [];
  for await (const log of reader.readEvents('Anchored', [prefixed(logId)], range, onPage)) {
    const { logId: id, size, root } = log.args;
    const { blockNumber, blockHash, transaction } = log;
    anchors.push({
      logId: bare(id),
      size: Number(size),
      root: bare(root),
      blockNumber,
      blockHash,
      transaction,
    });
  }
  return anchors;
}

// Presence is read at the last final block and withdrawal at the latest one: in doubt, less counts as vouched for.
async function readModel(
  reader: RegistryReader,
  modelVersion: string,
  finalBlock: number,
): Promise<ModelFact | undefined> {
  if (finalBlock < 0) return undefined;
  const [settled] = (await reader.call('modelOf', modelVersion, finalBlock)) ?? [];
  if (settled === undefined || settled.registeredAt === 0n) return undefined;
  const [latest] = (await reader.call('modelOf', modelVersion, 'latest')) ?? [];
  const revokedAt = Number(latest?.revokedAt ?? settled.revokedAt);
  return {
    modelVersion,
    datasetRoot: bare(settled.datasetRoot),
    registeredAt: Number(settled.registeredAt),
    ...(revokedAt > 0 && { revokedAt }),
  };
}

async function readDataset(
  reader: RegistryReader,
  datasetRoot: string,
  finalBlock: number,
): Promise<DatasetFact | undefined> {
  if (finalBlock < 0) return undefined;
  const [settled] = (await reader.call('datasetOf', datasetRoot, finalBlock)) ?? [];
  if (settled === undefined || settled.approvedAt === 0n) return undefined;
  const [latest] = (await reader.call('datasetOf', datasetRoot, 'latest')) ?? [];
  const revokedAt = Number(latest?.revokedAt ?? settled.revokedAt);
  return {
    datasetRoot,
    size: Number(settled.size),
    manifestDigest: bare(settled.manifestDigest),
    custodian: String(settled.custodian).toLowerCase(),
    approvedAt: Number(settled.approvedAt),
    ...(revokedAt > 0 && { revokedAt }),
  };
}
