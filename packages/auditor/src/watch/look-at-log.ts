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
  registry: RegistryReader | undefined,
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
  const known = await readRegistry(registry, toHex(logIdOf(checkpoint.origin)));
  const previous = seen(checkpoint.origin);
  const view = {
    checkpoint,
    source: source.name,
    ...(previous && { previous: await proveTo(source, checkpoint, previous) }),
    ...(known.head && { head: await proveTo(source, checkpoint, known.head) }),
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
  readonly head?: Seen;
  readonly isStale?: boolean;
  readonly frozenAt?: number;
}

async function readRegistry(registry: RegistryReader | undefined, logId: string): Promise<KnownLog> {
  if (registry === undefined)
    return { findings: [makeFinding('chain-not-given', { source: 'command line: --chain' })] };
  try {
    const { readLogState } = await import('../chain/read-log-state.ts');
    const state = await readLogState(registry, logId);
    return { findings: [], ...state };
  } catch (error) {
    return {
      findings: [makeFinding('chain-unreachable', { seen: messageOf(error), source: registry.rpc.source })],
    };
  }
}
