import { type Checkpoint, type Finding, logIdOf, proveConsistencyFrom, toHex } from '@testigo/trail';
import type { RegistryReader } from '../chain/registry-reader.ts';
import { messageOf } from '../errors.ts';
import { makeFinding } from '../findings/table.ts';
import { readCheckpointText } from '../log/export-record.ts';
import { readNodesFrom } from '../log/tile-proofs.ts';
import type { TileSource } from '../trail/tile-source.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkCheckpoint } from '../verify/check-checkpoint.ts';
import { judgeLog, type Reference } from './judge-log.ts';

/** What a monitor remembers of a log: the last checkpoint it found consistent. */
export interface Seen {
  readonly size: number;
  readonly root: string;
}

export interface Look {
  readonly findings: readonly Finding[];
  readonly checkpoint?: Checkpoint;
  /** The signed note as served. */
  readonly text?: string;
}

/** One look at a log: its checkpoint, held to what was seen before and to the chain. */
export async function lookAtLog(
  source: TileSource,
  trust: Trust | undefined,
  registries: readonly RegistryReader[],
  seen: (origin: string) => Seen | undefined,
): Promise<Look> {
  let text: string;
  try {
    text = await readCheckpointText(source);
  } catch (error) {
    return { findings: [makeFinding('trail-unreachable', { seen: messageOf(error), source: source.name })] };
  }
  const signed = checkCheckpoint(text, trust, `${source.name}checkpoint`);
  const checkpoint = signed.value;
  if (checkpoint === undefined || signed.findings.some((finding) => finding.outcome === 'failed'))
    return { findings: signed.findings };
  const known = await readRegistries(registries, toHex(logIdOf(checkpoint.origin)));
  const previous = seen(checkpoint.origin);
  const view = {
    checkpoint,
    source: source.name,
    ...(previous && { previous: await proveTo(source, checkpoint, previous) }),
    heads: await Promise.all(known.heads.map((head) => proveTo(source, checkpoint, head))),
    ...(known.isStale !== undefined && { isStale: known.isStale }),
    ...(known.frozenAt !== undefined && { frozenAt: known.frozenAt }),
  };
  return { findings: [...signed.findings, ...known.findings, ...judgeLog(view)], checkpoint, text };
}

async function proveTo(source: TileSource, checkpoint: Checkpoint, reference: Seen): Promise<Reference> {
  if (reference.size >= checkpoint.size || reference.size === 0) return reference;
  try {
    return {
      ...reference,
      proof: await proveConsistencyFrom(
        readNodesFrom(source, checkpoint.size),
        reference.size,
        checkpoint.size,
      ),
    };
  } catch {
    return reference;
  }
}

interface KnownLog {
  readonly findings: readonly Finding[];
  /** The different heads that the providers have: one that lags shows an earlier one, of the same history. */
  readonly heads: readonly Seen[];
  readonly isStale?: boolean;
  readonly frozenAt?: number;
}

/** What the providers say of the log taken together: an alarm of one of them is an alarm. */
async function readRegistries(registries: readonly RegistryReader[], logId: string): Promise<KnownLog> {
  if (registries.length === 0)
    return { findings: [makeFinding('chain-not-given', { source: 'command line: --chain' })], heads: [] };
  const known = await Promise.all(registries.map((registry) => readRegistry(registry, logId)));
  const heads = known.flatMap((one) => one.heads);
  const stale = known.flatMap(({ isStale }) => (isStale === undefined ? [] : [isStale]));
  const frozenAt = known.find((one) => one.frozenAt !== undefined)?.frozenAt;
  return {
    findings: known.flatMap(({ findings }) => findings),
    heads: [...new Map(heads.map((head) => [`${head.size} ${head.root}`, head])).values()],
    ...(stale.length > 0 && { isStale: stale.includes(true) }),
    ...(frozenAt !== undefined && { frozenAt }),
  };
}

async function readRegistry(registry: RegistryReader, logId: string): Promise<KnownLog> {
  const { source } = registry.rpc;
  try {
    const { readLogState } = await import('../chain/read-log-state.ts');
    const { head, ...state } = await readLogState(registry, logId);
    if (head !== undefined) return { findings: [], heads: [head], ...state };
    const unknown = makeFinding('watch-log-unknown', { expected: `log ${logId}`, source });
    return { findings: [unknown], heads: [] };
  } catch (error) {
    return { findings: [makeFinding('chain-unreachable', { seen: messageOf(error), source })], heads: [] };
  }
}
