import {
  type Checkpoint,
  type EvidenceBundle,
  type Finding,
  fromHex,
  logIdOf,
  toHex,
  verifyConsistency,
} from '@testigo/trail';
import type { AnchorFact, RegistryFacts } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';

type AnchorClaim = NonNullable<EvidenceBundle['anchor']>;

/** A proof between the checkpoint and one anchored size: from the bundle, or made from the log's own tiles. */
export interface AnchorProof {
  readonly size: number;
  readonly hashes: readonly string[];
  readonly source: string;
}

export interface AnchorQuestion {
  readonly leafIndex: number;
  readonly checkpoint: Checkpoint;
  readonly claim: AnchorClaim | undefined;
  /** Proofs beside the one in the claim. */
  readonly proofs: readonly AnchorProof[];
}

/** What the bundle claims about its anchor must agree with the pins before it is used for anything. */
export function checkAnchorClaim(
  claim: AnchorClaim,
  checkpoint: Checkpoint,
  trust: Trust,
): Finding | undefined {
  const source = 'bundle: anchor';
  const place = `chain ${claim.chainId}, registry ${claim.registry}`;
  const pinned = `chain ${trust.chainId}, registry 0x${trust.registry}`;
  if (place !== pinned)
    return makeFinding('anchor-registry-unpinned', { expected: pinned, seen: place, source });
  const logId = toHex(logIdOf(checkpoint.origin));
  if (claim.logId !== logId) {
    return makeFinding('anchor-claim-mismatch', {
      expected: `log ${logId}`,
      seen: `log ${claim.logId}`,
      source,
    });
  }
  return undefined;
}

/** Is the checkpoint part of the one history that the registry accepted? */
export function checkAnchor(question: AnchorQuestion, facts: RegistryFacts): Finding {
  const { checkpoint, claim, leafIndex } = question;
  const contradiction = findContradiction(facts, checkpoint);
  if (contradiction !== undefined) return contradiction;
  if (claim !== undefined) {
    const refuted = refuteClaim(claim, facts);
    if (refuted !== undefined) return refuted;
  }
  const covering = facts.anchors.filter((anchor) => anchor.size > leafIndex);
  if (covering.length === 0) {
    const last = facts.anchors.at(-1);
    return makeFinding('anchor-missing', {
      expected: `an anchor of at least ${leafIndex + 1} records`,
      seen: last === undefined ? 'no anchor of this log' : `the last anchor has ${last.size} records`,
      source: facts.source,
    });
  }
  return provenAnchor(question, covering, facts);
}

// The registry keeps one head a log and lets it grow only along a consistency proof that it checks itself.
function findContradiction(facts: RegistryFacts, checkpoint: Checkpoint): Finding | undefined {
  const root = toHex(checkpoint.root);
  const anchored = facts.anchors.find((anchor) => anchor.size === checkpoint.size);
  if (anchored !== undefined && anchored.root !== root) {
    const source = `${facts.source}, block ${anchored.blockNumber}`;
    return makeFinding('anchor-log-forked', {
      expected: `root ${anchored.root} at size ${anchored.size}`,
      seen: `root ${root}`,
      source,
    });
  }
  return checkHead(facts);
}

/** Is the head the last anchor? A provider that keeps anchors back contradicts itself. */
export function checkHead({ anchors, head, source }: RegistryFacts): Finding | undefined {
  const last = anchors.at(-1);
  if (last === undefined || (head?.size === last.size && head.root === last.root)) return undefined;
  return makeFinding('anchor-head-mismatch', {
    expected: `head ${last.root} of ${last.size} records`,
    seen: head === undefined ? 'no head' : `head ${head.root} of ${head.size} records`,
    source,
  });
}

function refuteClaim(claim: AnchorClaim, facts: RegistryFacts): Finding | undefined {
  const sameSize = facts.anchors.find((anchor) => anchor.size === claim.size);
  const expected = `root ${claim.root} of ${claim.size} records in block ${claim.blockNumber}, ${claim.transaction}`;
  const source = `${facts.source}, against bundle: anchor`;
  if (sameSize === undefined) {
    // A node that has not caught up shows nothing either way.
    if (facts.latestBlock < claim.blockNumber)
      return makeFinding('anchor-missing', {
        expected,
        seen: `the node is at block ${facts.latestBlock}`,
        source,
      });
    return makeFinding('anchor-claim-mismatch', {
      expected,
      seen: `no anchor of ${claim.size} records`,
      source,
    });
  }
  const isSame =
    sameSize.root === claim.root &&
    sameSize.blockNumber === claim.blockNumber &&
    sameSize.transaction === claim.transaction;
  const seen = `root ${sameSize.root} of ${sameSize.size} records in block ${sameSize.blockNumber}, ${sameSize.transaction}`;
  return isSame ? undefined : makeFinding('anchor-claim-mismatch', { expected, seen, source });
}

function provenAnchor(
  question: AnchorQuestion,
  covering: readonly AnchorFact[],
  facts: RegistryFacts,
): Finding {
  const { checkpoint, claim } = question;
  const proofs: AnchorProof[] = [
    ...(claim === undefined
      ? []
      : [{ size: claim.size, hashes: claim.consistencyProof, source: 'bundle: anchor.consistencyProof' }]),
    ...question.proofs,
  ];
  const candidates = covering.flatMap((anchor) => {
    const given = proofs.filter((proof) => proof.size === anchor.size);
    if (given.length > 0) return given.map((proof) => ({ anchor, proof }));
    return anchor.size === checkpoint.size
      ? [{ anchor, proof: { size: anchor.size, hashes: [], source: 'equal size' } }]
      : [];
  });
  if (candidates.length === 0) {
    const sizes = covering.map((anchor) => anchor.size);
    return makeFinding('anchor-consistency-missing', {
      expected: `a proof between ${checkpoint.size} records and ${sizes.slice(0, 3).join(' or ')}`,
      seen: 'none',
      source: 'bundle: anchor',
    });
  }
  const broken = candidates.find(({ anchor, proof }) => !isConsistent(checkpoint, anchor, proof.hashes));
  if (broken !== undefined) {
    return makeFinding('anchor-consistency-invalid', {
      expected: `one history of ${checkpoint.size} and ${broken.anchor.size} records`,
      seen: `the proof leads to other roots than ${toHex(checkpoint.root)} and ${broken.anchor.root}`,
      source: broken.proof.source,
    });
  }
  const { anchor } = candidates[0]!;
  const expected = `log ${anchor.logId} anchored with at least ${question.leafIndex + 1} records in a final block`;
  const seen = `root ${anchor.root} of ${anchor.size} records in block ${anchor.blockNumber}, ${anchor.transaction}`;
  if (anchor.blockNumber > facts.finalBlock) {
    return makeFinding('anchor-not-final', {
      expected,
      seen: `${seen}; final is block ${facts.finalBlock}`,
      source: facts.source,
    });
  }
  return makeFinding('anchor-final', { expected, seen, source: facts.source });
}

function isConsistent(checkpoint: Checkpoint, anchor: AnchorFact, hashes: readonly string[]): boolean {
  const pair = [checkpoint, { size: anchor.size, root: fromHex(anchor.root) }].sort(
    (a, b) => a.size - b.size,
  );
  const [older, newer] = pair as [Checkpoint, Checkpoint];
  const proof = hashes.map((hash) => fromHex(hash));
  return verifyConsistency({
    size1: older.size,
    root1: older.root,
    size2: newer.size,
    root2: newer.root,
    proof,
  });
}
