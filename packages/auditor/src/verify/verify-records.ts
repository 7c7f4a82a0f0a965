import { type Checkpoint, type Finding, type Hash, toHex } from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import type { KnownLeaves } from '../log/known-root.ts';
import type { Trust } from '../trust/trust-file.ts';
import { type AnchorProof, checkAnchor } from './check-anchor.ts';
import { checkChain } from './check-chain.ts';
import { checkProvenance, type Provenance } from './check-provenance.ts';
import type { Checked } from './checked.ts';
import type { ModelClaim } from './model-claim.ts';
import { MAX_CLAIMS, type RecordAccount } from './record-account.ts';

export interface ClaimInput {
  readonly claim: ModelClaim;
  readonly shown: Provenance;
  readonly chain: ChainAnswer;
}

/** Several records of one log, read beforehand; at least one. */
export interface RecordsInput {
  readonly account: RecordAccount;
  /** The leaves that the root was computed from: those of the records, or of the whole log. */
  readonly leaves: KnownLeaves;
  readonly trust: Trust | undefined;
  readonly checkpoint: Checked<Checkpoint>;
  /** Root of the log around these records; why there is none, where the log does not serve the nodes for it. */
  readonly root: { readonly value: Hash } | { readonly reason: string };
  /** Facts about the log; those about models are asked for claim by claim. */
  readonly chain: ChainAnswer;
  readonly proofs: readonly AnchorProof[];
  readonly claims: readonly ClaimInput[];
  readonly source: string;
}

/** Walks the same way as for one record, once for all of them: records → root → checkpoint → anchor → models → data. */
export function verifyRecords(input: RecordsInput): Finding[] {
  const { account, trust, checkpoint, claims, source } = input;
  const chain = checkChain(input.chain, trust);
  const findings = [
    ...account.conclude(),
    checkRoot(input, source),
    ...checkpoint.findings,
    ...(chain.value === undefined || checkpoint.value === undefined
      ? chain.findings
      : [
          checkAnchor(
            {
              leafIndex: account.leaves.last,
              checkpoint: checkpoint.value,
              claim: undefined,
              proofs: input.proofs,
            },
            chain.value,
          ),
        ]),
    ...claims.flatMap((one) => {
      const facts = checkChain(one.chain, trust);
      const own = chain.value === undefined ? [] : facts.findings;
      return [...own, ...checkProvenance(one.claim, one.shown, trust, facts.value)];
    }),
    ...checkClaimsLeftOut(account, source),
  ];
  // Two records of one model say the same of it; once is enough.
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

function checkClaimsLeftOut({ claimsLeftOut }: RecordAccount, source: string): Finding[] {
  if (claimsLeftOut === 0) return [];
  const expected = `at most ${MAX_CLAIMS} different claims about models`;
  const seen = `${claimsLeftOut} records with further ones`;
  return [makeFinding('model-claims-too-many', { expected, seen, source })];
}

function checkRoot({ root, checkpoint, leaves }: RecordsInput, source: string): Finding {
  if (checkpoint.value === undefined) return makeFinding('inclusion-unchecked', { source });
  const { size } = checkpoint.value;
  const wanted = toHex(checkpoint.value.root);
  const expected = `root ${wanted} of ${size} records`;
  if ('reason' in root) return makeFinding('inclusion-unproven', { expected, seen: root.reason, source });
  const { count, first, last } = leaves;
  const records = `${count} records, index ${first} to ${last}`;
  const isSame = toHex(root.value) === wanted;
  return makeFinding(isSame ? 'inclusion-proven' : 'inclusion-proof-invalid', {
    expected,
    seen: `${records} lead to ${isSame ? 'the root' : `root ${toHex(root.value)}`}`,
    source,
  });
}
