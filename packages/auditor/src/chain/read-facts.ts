import { messageOf } from '../errors.ts';
import type { AnchorFact, ChainAnswer, DatasetFact, ModelFact, RegistryFacts } from './facts.ts';
import { JsonRpc } from './json-rpc.ts';
import { toSeconds } from './read-logs.ts';
import { bare, prefixed, RegistryReader } from './registry-reader.ts';

/** Which facts an audit needs; without a log, a model or a dataset those facts are left out. */
export interface FactsQuery {
  readonly registry: string;
  readonly fromBlock: number;
  readonly logId?: string;
  readonly modelVersion?: string;
  readonly datasetRoot?: string;
  /** Index of a record: the time of the first anchor that covers it is read too. */
  readonly covering?: number;
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
    anchors: await timeAnchor(reader, anchors, query.covering),
    ...(head && { head }),
    ...(model && { model }),
    ...(dataset && { dataset }),
  };
}

async function timeAnchor(
  reader: RegistryReader,
  anchors: readonly AnchorFact[],
  index: number | undefined,
): Promise<readonly AnchorFact[]> {
  const covering = index === undefined ? undefined : anchors.find((anchor) => anchor.size > index);
  if (covering === undefined) return anchors;
  const blockTime = await reader.readBlockTime(covering.blockNumber);
  return anchors.map((anchor) => (anchor === covering ? { ...anchor, blockTime } : anchor));
}

/** What the registry says now about a claim: its model, and the dataset it names or else its model is registered on. */
export async function readClaimFacts(
  reader: RegistryReader,
  { modelVersion, datasetRoot }: { readonly modelVersion: string; readonly datasetRoot?: string },
  finalBlock: number,
): Promise<Pick<RegistryFacts, 'model' | 'dataset'>> {
  const reading = readModel(reader, modelVersion, finalBlock);
  const of = async (root: string | undefined) =>
    root === undefined ? undefined : readDataset(reader, root, finalBlock);
  const [model, dataset] = await Promise.all([reading, of(datasetRoot ?? (await reading)?.datasetRoot)]);
  return { ...(model && { model }), ...(dataset && { dataset }) };
}

export async function readHead(reader: RegistryReader, logId: string, block: number) {
  const head = await reader.call('headOf', logId, block);
  return head === undefined ? undefined : { size: Number(head[0]), root: bare(String(head[1])) };
}

/** Anchors of one log, oldest first; one that names several models has an event for each of them. */
export async function readAnchors(
  reader: RegistryReader,
  logId: string,
  range: { from: number; to: number },
  onPage?: (done: number, total: number) => void,
): Promise<AnchorFact[]> {
  const anchors: (AnchorFact & { readonly counts: Map<string, number> })[] = [];
  for await (const log of reader.readEvents('Anchored', [prefixed(logId)], range, onPage)) {
    const { blockNumber, blockHash, transaction } = log;
    const [size, root] = [Number(log.args.size), bare(log.args.root)];
    const last = anchors.at(-1);
    const isSame = last?.size === size && last.root === root;
    const counts = isSame ? last.counts : new Map<string, number>();
    if (log.args.count > 0n) {
      const model = bare(log.args.modelVersion);
      counts.set(model, (counts.get(model) ?? 0) + Number(log.args.count));
    }
    if (isSame) continue;
    anchors.push({ logId: bare(log.args.logId), size, root, blockNumber, blockHash, transaction, counts });
  }
  return anchors;
}

/** Presence counts once it is final, withdrawal at once: in doubt, less is vouched for. */
async function isPresentAt(
  reader: RegistryReader,
  view: 'modelOf' | 'datasetOf',
  key: string,
  block: number,
): Promise<boolean> {
  if (block < 0) return false;
  const [fact] = (await reader.call(view, key, block)) ?? [];
  return fact !== undefined && BigInt(fact[PRESENT_SINCE[view]]) !== 0n;
}

const PRESENT_SINCE = { modelOf: 'registeredAt', datasetOf: 'approvedAt' } as const;

async function readModel(
  reader: RegistryReader,
  modelVersion: string,
  finalBlock: number,
): Promise<ModelFact | undefined> {
  const [model] = (await reader.call('modelOf', modelVersion, 'latest')) ?? [];
  if (model === undefined || model.registeredAt === 0n) return undefined;
  return {
    modelVersion,
    datasetRoot: bare(model.datasetRoot),
    registeredAt: toSeconds(model.registeredAt),
    isFinal: await isPresentAt(reader, 'modelOf', modelVersion, finalBlock),
    ...(model.revokedAt !== 0n && { revokedAt: toSeconds(model.revokedAt) }),
  };
}

async function readDataset(
  reader: RegistryReader,
  datasetRoot: string,
  finalBlock: number,
): Promise<DatasetFact | undefined> {
  const [dataset] = (await reader.call('datasetOf', datasetRoot, 'latest')) ?? [];
  if (dataset === undefined || dataset.approvedAt === 0n) return undefined;
  return {
    datasetRoot,
    size: Number(dataset.size),
    manifestDigest: bare(dataset.manifestDigest),
    custodian: String(dataset.custodian).toLowerCase(),
    approvedAt: toSeconds(dataset.approvedAt),
    isFinal: await isPresentAt(reader, 'datasetOf', datasetRoot, finalBlock),
    ...(dataset.revokedAt !== 0n && { revokedAt: toSeconds(dataset.revokedAt) }),
  };
}
