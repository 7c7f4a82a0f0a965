import { type Checkpoint, equalBytes, type Finding, fromHex, toHex, verifyConsistency } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';

/** One point of the log that somebody vouches for, and the log's own proof between it and the checkpoint. */
export interface Reference {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** From the smaller size to the larger; absent where the log serves no proof. */
  readonly proof?: readonly Uint8Array[];
}

export interface LogView {
  readonly checkpoint: Checkpoint;
  readonly source: string;
  /** What this monitor saw last. */
  readonly previous?: Reference;
  /** The head in the registry, as each provider has it; size 0 for a log that was opened and never anchored. */
  readonly heads: readonly Reference[];
  readonly isStale?: boolean;
  readonly frozenAt?: number;
}

/** Is the log one history, as seen before and as anchored, and is it alive? */
export function judgeLog(view: LogView): Finding[] {
  const { checkpoint, previous, source } = view;
  const anchored = view.heads.filter(({ size }) => size > 0);
  const findings: Finding[] = [];
  if (previous !== undefined) findings.push(judgePrevious(checkpoint, previous, source));
  findings.push(...anchored.map((head) => judgeHead(checkpoint, head, source)));
  if (findings.length === 0)
    findings.push(makeFinding('watch-first-sight', { seen: `${checkpoint.size} records`, source }));
  else if (view.heads.length > 0 && anchored.length === 0)
    findings.push(makeFinding('watch-unanchored', { source: 'registry: headOf' }));
  return [...findings, ...judgeLife(view)];
}

function judgePrevious(checkpoint: Checkpoint, previous: Reference, source: string): Finding {
  const expected = `a continuation of ${previous.size} records, root ${previous.root}`;
  const seen = `${checkpoint.size} records, root ${toHex(checkpoint.root)}`;
  const relation = relate(checkpoint, previous);
  if (relation === 'unproven') return makeFinding('watch-proof-missing', { expected, seen, source });
  if (relation === 'forked') return makeFinding('watch-forked', { expected, seen, source });
  const code = checkpoint.size < previous.size ? 'watch-behind' : 'watch-consistent';
  return makeFinding(code, { expected, seen, source });
}

function judgeHead(checkpoint: Checkpoint, head: Reference, source: string): Finding {
  const expected = `one history with the anchored ${head.size} records, root ${head.root}`;
  const seen = `${checkpoint.size} records, root ${toHex(checkpoint.root)}`;
  if (checkpoint.size < head.size) return makeFinding('watch-rolled-back', { expected, seen, source });
  const relation = relate(checkpoint, head);
  if (relation === 'unproven') return makeFinding('watch-proof-missing', { expected, seen, source });
  return makeFinding(relation === 'forked' ? 'watch-anchor-forked' : 'watch-anchor-consistent', {
    expected,
    seen,
    source,
  });
}

function relate(checkpoint: Checkpoint, reference: Reference): 'consistent' | 'forked' | 'unproven' {
  const root = fromHex(reference.root);
  if (reference.size === checkpoint.size) return equalBytes(root, checkpoint.root) ? 'consistent' : 'forked';
  // A shorter log proves nothing about the part it does not show.
  if (reference.size > checkpoint.size) return 'consistent';
  if (reference.proof === undefined) return 'unproven';
  const claim = {
    size1: reference.size,
    root1: root,
    size2: checkpoint.size,
    root2: checkpoint.root,
    proof: reference.proof,
  };
  return verifyConsistency(claim) ? 'consistent' : 'forked';
}

function judgeLife({ isStale, frozenAt, source }: LogView): Finding[] {
  if (frozenAt !== undefined) {
    const seen = `frozen ${new Date(frozenAt * 1000).toISOString()}`;
    return [
      makeFinding('watch-frozen', { expected: 'a log that can grow', seen, source: 'registry: logOf' }),
    ];
  }
  if (isStale === undefined) return [];
  return [
    makeFinding(isStale ? 'watch-stale' : 'watch-live', { source: `registry: isStale, for ${source}` }),
  ];
}
