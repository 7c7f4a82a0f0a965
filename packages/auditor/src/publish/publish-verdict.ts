import { setTimeout as sleep } from 'node:timers/promises';
import { connectRegistry, OUTCOMES, revertOf, SUBJECTS, type TestigoRegistry } from '@testigo/contracts';
import type { Finding } from '@testigo/trail';
import { isError, type Wallet } from 'ethers';
import { RpcRefusal } from '../chain/json-rpc.ts';
import { bare, prefixed, type RegistryReader } from '../chain/registry-reader.ts';
import { AuditError, messageOf } from '../errors.ts';
import { makeFinding } from '../findings/table.ts';
import { formatTime } from '../report/format-time.ts';
import type { SignedVerdict } from './signed-verdict.ts';

/** The chain's word for a verdict: poisoned data failed its audit. */
const OUTCOME_OF = {
  poisoned: OUTCOMES.failed,
  clean: OUTCOMES.verified,
  inconclusive: OUTCOMES.inconclusive,
} as const satisfies Record<SignedVerdict['conclusion'], number>;

const POLL_MS = 250;
const PATIENCE_MS = 180_000;

export interface PublishRequest {
  readonly reader: RegistryReader;
  readonly wallet: Wallet;
  readonly verdict: SignedVerdict;
  readonly datasetRoot: string;
  readonly fromBlock: number;
  /** Absent: the dataset is left as it is. */
  readonly revocationReason?: string;
  readonly onStep: (text: string) => void;
}

interface Step {
  readonly name: string;
  readonly isDone: () => Promise<boolean>;
  readonly simulate: () => Promise<unknown>;
  readonly send: () => Promise<{ readonly hash: string }>;
}

/**
 * Puts a verdict on chain and, where asked, revokes the dataset it condemns. What stands there already is not sent
 * again, and nothing is sent unless every step would succeed.
 * @throws AuditError `publish-refused`, RpcRefusal or RpcUnreachable
 */
export async function publishVerdict(request: PublishRequest): Promise<Finding[]> {
  const { wallet, onStep } = request;
  const registry = connectRegistry(request.reader.address, wallet);
  const steps = stepsOf(request, registry);
  const missing: Step[] = [];
  for (const step of steps) if (!(await step.isDone())) missing.push(step);
  if (missing.length > 0 && (await hasPending(wallet)))
    return [reportUnmined(request, 'an earlier transaction')];
  onStep('simulating');
  for (const step of missing) await refuseReverts(step.name, wallet.address, step.simulate);
  for (const step of missing) {
    onStep(step.name);
    const { hash } = await refuseReverts(step.name, wallet.address, step.send);
    if (!(await isMined(request, hash))) return [reportUnmined(request, `transaction ${hash}`)];
  }
  return conclude(request);
}

function stepsOf(request: PublishRequest, registry: TestigoRegistry): Step[] {
  const { verdict, datasetRoot, revocationReason: reason } = request;
  const root = prefixed(datasetRoot);
  const outcome = OUTCOME_OF[verdict.conclusion];
  const digest = prefixed(verdict.digest);
  const publish: Step = {
    name: 'publishing the verdict',
    isDone: async () => (await findPublished(request)) !== undefined,
    simulate: () => registry.publishVerdict.staticCall(root, SUBJECTS.dataset, outcome, digest),
    send: () => registry.publishVerdict(root, SUBJECTS.dataset, outcome, digest),
  };
  if (reason === undefined) return [publish];
  const revoke: Step = {
    name: 'revoking the dataset',
    isDone: async () => (await readRevokedAt(request, 'latest')) !== undefined,
    simulate: () => registry.revokeDataset.staticCall(root, reason),
    send: () => registry.revokeDataset(root, reason),
  };
  return [publish, revoke];
}

/**
 * The event for this verdict, oldest first where there are several: this account's own, or for a revocation anybody's.
 * Whoever may revoke need not be an auditor, and the registry took the verdict from none but an auditor.
 */
async function findPublished(request: PublishRequest) {
  const { reader, wallet, verdict, datasetRoot, fromBlock, revocationReason } = request;
  const word = (hex: string) => `0x${bare(hex).padStart(64, '0')}`;
  const by = revocationReason === undefined ? [word(wallet.address)] : [];
  const topics = [word(datasetRoot), word(OUTCOME_OF[verdict.conclusion].toString(16)), ...by];
  const range = { from: fromBlock, to: await reader.readBlockNumber('latest') };
  for await (const log of reader.readEvents('VerdictPublished', topics, range)) {
    const isSame =
      bare(log.args.reportDigest) === verdict.digest && Number(log.args.kind) === SUBJECTS.dataset;
    if (isSame) return log;
  }
  return undefined;
}

async function readRevokedAt({ reader, datasetRoot }: PublishRequest, block: number | 'latest') {
  if (block === -1) return undefined;
  const [dataset] = (await reader.call('datasetOf', datasetRoot, block)) ?? [];
  const revokedAt = Number(dataset?.revokedAt ?? 0n);
  return revokedAt === 0 ? undefined : revokedAt;
}

async function hasPending(wallet: Wallet): Promise<boolean> {
  const [mined, sent] = [await wallet.getNonce('latest'), await wallet.getNonce('pending')];
  return sent > mined;
}

/** False when no block took the transaction in time. @throws AuditError `publish-refused` if it reverted there */
async function isMined({ wallet, reader }: PublishRequest, hash: string): Promise<boolean> {
  for (let waited = 0; waited <= PATIENCE_MS; waited += POLL_MS) {
    const receipt = (await reader.rpc.call('eth_getTransactionReceipt', [hash])) as {
      status?: string;
    } | null;
    if (receipt !== null) {
      if (Number(receipt.status) === 1) return true;
      throw new AuditError(
        'publish-refused',
        `transaction ${hash} was mined and reverted for ${wallet.address}`,
      );
    }
    await sleep(POLL_MS);
  }
  return false;
}

async function refuseReverts<T>(step: string, account: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const reason = describeRefusal(cause, account);
    if (reason === undefined) throw cause;
    throw new AuditError('publish-refused', `${step} is refused: ${reason}`, { cause });
  }
}

function describeRefusal(error: unknown, account: string): string | undefined {
  const revert = revertOf(error);
  if (revert?.name === 'AccessControlUnauthorizedAccount')
    return `${account} lacks the auditor role (AUDITOR_ROLE), which the registry's administrator grants`;
  if (revert?.name === 'NotAllowed')
    return `${account} is neither the custodian of the dataset nor a guardian (GUARDIAN_ROLE)`;
  if (revert !== undefined) return `${revert.name}(${Object.values(revert.args).map(String).join(', ')})`;
  if (isError(error, 'INSUFFICIENT_FUNDS')) return `${account} cannot pay for the transaction`;
  if (isError(error, 'CALL_EXCEPTION') || error instanceof RpcRefusal) return messageOf(error);
  return undefined;
}

function reportUnmined({ reader, wallet }: PublishRequest, seen: string): Finding {
  return makeFinding('verdict-not-mined', {
    expected: `no open transaction of ${wallet.address}`,
    seen,
    source: reader.rpc.source,
  });
}

/** What the chain shows now, read anew: not what was sent counts, but what stands there. */
async function conclude(request: PublishRequest): Promise<Finding[]> {
  const { reader, verdict, datasetRoot, wallet } = request;
  const source = `${reader.rpc.source}, registry: VerdictPublished`;
  const final = await reader.readBlockNumber('finalized');
  const log = await findPublished(request);
  const by = request.revocationReason === undefined ? ` by ${wallet.address}` : '';
  const expected = `${verdict.conclusion}: verdict ${verdict.digest} on dataset ${datasetRoot}${by}`;
  if (log === undefined)
    return [makeFinding('verdict-not-mined', { expected, seen: 'no such event', source })];
  const seen = `block ${log.blockNumber}, ${log.transaction}; final is block ${final}`;
  const published = log.blockNumber <= final ? 'verdict-published' : 'verdict-not-final';
  return [
    makeFinding(published, { expected, seen, source }),
    ...(request.revocationReason === undefined ? [] : [await concludeRevocation(request, final)]),
  ];
}

async function concludeRevocation(request: PublishRequest, final: number): Promise<Finding> {
  const expected = `dataset ${request.datasetRoot} revoked`;
  const source = `${request.reader.rpc.source}, registry: datasetOf`;
  const latest = await readRevokedAt(request, 'latest');
  if (latest === undefined)
    return makeFinding('verdict-not-mined', { expected, seen: 'not revoked', source });
  const isFinal = (await readRevokedAt(request, final)) !== undefined;
  const seen = `revoked ${formatTime(latest)}`;
  return makeFinding(isFinal ? 'verdict-dataset-revoked' : 'verdict-not-final', { expected, seen, source });
}
