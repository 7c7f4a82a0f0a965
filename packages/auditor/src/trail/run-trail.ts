import {
  type Checkpoint,
  type Finding,
  logIdOf,
  openNote,
  parseCheckpoint,
  TILE_WIDTH,
  toHex,
} from '@testigo/trail';
import type { ChainAnswer, RegistryFacts } from '../chain/facts.ts';
import { RpcRefusal, RpcUnreachable } from '../chain/json-rpc.ts';
import { makeFinding } from '../findings/table.ts';
import { readCheckpointText } from '../log/export-record.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkChain } from '../verify/check-chain.ts';
import { checkCheckpoint } from '../verify/check-checkpoint.ts';
import { attempt, type Checked } from '../verify/checked.ts';
import type { ModelClaim } from '../verify/model-claim.ts';
import { milestonesOf, TrailAudit, type UpperTile } from './audit-trail.ts';
import { countRevoked, type JudgedUse } from './conclude-models.ts';
import { concludeTrail } from './conclude-trail.ts';
import { compareTile } from './scan-chunk.ts';
import { scanLog } from './scan-log.ts';
import { LogUnreachable, TileSource } from './tile-source.ts';

/** What the shell can look up on chain for this audit. */
export interface TrailChain {
  readAnswer(logId: string): Promise<ChainAnswer>;
  /** What each provider has for a claim about a model, in the order in which they answered. @throws RpcUnreachable or RpcRefusal */
  readClaim(
    claim: ModelClaim,
    finalBlock: number,
  ): Promise<readonly Pick<RegistryFacts, 'model' | 'dataset'>[]>;
}

export interface TrailOptions {
  /** URL of the log's read interface, `file:` included. */
  readonly base: string;
  readonly trust: Trust | undefined;
  readonly chain: TrailChain;
  readonly earlier: readonly { readonly text: string; readonly source: string }[];
  /** Stop at the last final anchor instead of the checkpoint. */
  readonly isAnchoredOnly: boolean;
  readonly workers?: number;
  readonly onProgress: (done: number, total: number) => void;
}

export interface TrailResult {
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
  readonly size: number;
  readonly beyond: number;
  readonly origin?: string;
  readonly facts?: RegistryFacts;
}

/** Audits a whole log: checkpoint, anchors, every tile, every record. */
export async function runTrail(options: TrailOptions): Promise<TrailResult> {
  const source = new TileSource(options.base);
  try {
    return await auditLog(options, source);
  } catch (error) {
    if (!(error instanceof LogUnreachable)) throw error;
    const unreachable = makeFinding('trail-unreachable', { seen: error.message, source: source.name });
    return { findings: [unreachable], counts: {}, size: 0, beyond: 0 };
  }
}

async function auditLog(options: TrailOptions, source: TileSource): Promise<TrailResult> {
  const origin = readOrigin(await readCheckpointText(source));
  const logId = origin === undefined ? undefined : toHex(logIdOf(origin));
  const answer =
    logId === undefined ? ({ status: 'not-given' } as const) : await options.chain.readAnswer(logId);
  // Read after the chain: an anchor made in between must not look like a log that shrank.
  const text = await readCheckpointText(source);
  const signed = checkCheckpoint(text, options.trust, `${source.name}checkpoint`);
  const checkpoint = signed.value;
  if (checkpoint === undefined) return { findings: signed.findings, counts: {}, size: 0, beyond: 0 };
  // The anchors were asked for by the first checkpoint's origin: those of another log would vouch for a fork of this.
  if (checkpoint.origin !== origin)
    throw new LogUnreachable(`its checkpoint was of log ${origin} and then of log ${checkpoint.origin}`);
  const chain = checkChain(answer, options.trust);
  const facts = chain.value;
  const size = options.isAnchoredOnly && facts ? lastFinalSize(facts, checkpoint.size) : checkpoint.size;
  const plan = planWalk(options, checkpoint, size, facts);
  const audit = new TrailAudit(plan.milestones, size);
  try {
    const lookUp = newLookUp(options, answer, facts);
    await walk(options, source, audit, size, checkpoint.size, lookUp);
    // Again, and last: what is revoked while the log is read counts as well.
    const models: JudgedUse[] = [];
    for (const use of facts === undefined ? [] : audit.ledger.models.uses)
      models.push({ ...use, chain: await lookUp(use.claim) });
    const ledger = audit.ledger.finish();
    const { comparedCheckpoints } = plan;
    const end = { audit, ledger, checkpoint, size, facts, models, comparedCheckpoints, source: source.name };
    return {
      findings: [...signed.findings, ...chain.findings, ...plan.findings, ...concludeTrail(end)],
      counts: {
        'records read': audit.recordsRead,
        anchors: facts?.anchors.length ?? 0,
        ...ledger.counts,
        ...countRevoked(models),
      },
      size,
      beyond: checkpoint.size - size,
      origin: checkpoint.origin,
      ...(facts && { facts }),
    };
  } finally {
    audit.ledger.close();
  }
}

/** Everywhere that the walk has to meet a root that somebody else knows. */
function planWalk(
  options: TrailOptions,
  checkpoint: Checkpoint,
  size: number,
  facts: RegistryFacts | undefined,
) {
  const earlier = options.earlier.map(({ text, source }) => ({
    source,
    ...checkCheckpoint(text, options.trust, source),
  }));
  const unsigned = earlier.flatMap(({ findings }) =>
    findings.filter((finding) => finding.outcome !== 'verified'),
  );
  const known = earlier.flatMap(({ value, source }) =>
    value === undefined ? [] : [{ checkpoint: value, source }],
  );
  const unmet = known.flatMap((one) => describeUnmet(one, checkpoint, size));
  const milestones = milestonesOf(
    checkpoint,
    facts?.anchors ?? [],
    known.filter((one) => one.checkpoint.origin === checkpoint.origin),
  ).filter((milestone) => milestone.size <= size);
  return {
    milestones,
    findings: [...unsigned, ...unmet],
    comparedCheckpoints: unmet.length > 0 ? 0 : known.length,
  };
}

/** Why the walk cannot hold the log to an earlier checkpoint; nothing where it can. */
function describeUnmet(
  { checkpoint: { origin, size }, source }: { readonly checkpoint: Checkpoint; readonly source: string },
  served: Checkpoint,
  end: number,
): Finding[] {
  if (origin !== served.origin) {
    const [expected, seen] = [`log ${served.origin}`, `log ${origin}`];
    return [makeFinding('trail-checkpoint-other-log', { expected, seen, source })];
  }
  if (size <= end) return [];
  const code = size > served.size ? 'trail-checkpoint-ahead' : 'trail-checkpoint-beyond';
  return [makeFinding(code, { expected: `${size} records`, seen: `${end} records`, source })];
}

async function walk(
  options: TrailOptions,
  source: TileSource,
  audit: TrailAudit,
  size: number,
  servedSize: number,
  lookUp: LookUp,
): Promise<void> {
  for await (const chunk of scanLog(options.base, size, servedSize, options.workers)) {
    // Before its records are counted, so that those made since a revocation can be.
    for (const use of audit.ledger.models.admit(chunk.scan.models)) {
      const { model, dataset } = (await lookUp(use.claim)).value ?? {};
      use.revokedAt.model = model?.revokedAt ?? Infinity;
      use.revokedAt.dataset = dataset?.revokedAt ?? Infinity;
    }
    audit.addChunk(chunk);
    options.onProgress(audit.recordsRead, size);
    if (!audit.isComplete) return;
    await compareUpperTiles(source, audit, audit.takeFullTiles(), servedSize);
  }
  await compareUpperTiles(source, audit, audit.partialTiles, servedSize);
}

function readOrigin(text: string): string | undefined {
  const read = attempt(() => parseCheckpoint(openNote(text, []).body).origin);
  return 'value' in read ? read.value : undefined;
}

function lastFinalSize(facts: RegistryFacts, checkpointSize: number): number {
  const sizes = facts.anchors
    .filter((anchor) => anchor.blockNumber <= facts.finalBlock)
    .map((anchor) => anchor.size);
  return Math.min(sizes.at(-1) ?? 0, checkpointSize);
}

/** Tiles above level 0: every perfect subtree of 256, 65,536, … records that the audit passed. */
async function compareUpperTiles(
  source: TileSource,
  audit: TrailAudit,
  tiles: readonly UpperTile[],
  servedSize: number,
): Promise<void> {
  for (const { level, index, hashes } of tiles) {
    const nodesServed = Math.floor(servedSize / TILE_WIDTH ** level);
    const served = Math.min(TILE_WIDTH, nodesServed - index * TILE_WIDTH);
    const problem = await compareTile(source, level, index, Buffer.concat(hashes), served);
    if (problem !== undefined) audit.reportProblem(problem);
  }
}

type LookUp = (claim: ModelClaim) => Promise<Checked<RegistryFacts>>;

/**
 * What every provider says about a claim, judged as one answer: the same as `verify` asks about a record. Once the chain
 * does not answer it is not asked again; what the records showed by themselves stands.
 */
function newLookUp({ chain, trust }: TrailOptions, answer: ChainAnswer, known?: RegistryFacts): LookUp {
  let broken: Checked<RegistryFacts> | undefined;
  return async (claim) => {
    if (broken !== undefined) return broken;
    // What is wrong with the chain as such is found already.
    if (answer.status !== 'read' || known === undefined) return { findings: [] };
    try {
      const said = await chain.readClaim(claim, known.finalBlock);
      // The anchors were compared once, with the answer itself.
      const [facts, ...others] = [answer.facts, ...answer.others].map((base, i) => ({
        ...base,
        anchors: [],
        ...said[i],
      }));
      return checkChain({ status: 'read', facts: facts!, others }, trust);
    } catch (error) {
      if (!(error instanceof RpcUnreachable || error instanceof RpcRefusal)) throw error;
      broken = { findings: [makeFinding('chain-unreachable', { seen: error.message, source: 'chain' })] };
      return broken;
    }
  };
}
