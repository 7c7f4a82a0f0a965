import { logIdOf, parseModelManifest, toHex } from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import { messageOf } from '../errors.ts';
import { makeFinding } from '../findings/table.ts';
import { findAnchorProofs } from '../log/anchor-proofs.ts';
import { exportRecord, type OpenLog, readCheckpointText } from '../log/export-record.ts';
import { computeRootAround } from '../log/known-root.ts';
import { readNodesFrom } from '../log/tile-proofs.ts';
import { buildTimeline } from '../report/build-timeline.ts';
import { baseOf, LogUnreachable, TileSource } from '../trail/tile-source.ts';
import { checkCheckpoint } from '../verify/check-checkpoint.ts';
import { attempt } from '../verify/checked.ts';
import type { RecordAccount } from '../verify/record-account.ts';
import { type ClaimInput, verifyRecords } from '../verify/verify-records.ts';
import { describeVerified, listUnchecked, listUnread } from './describe-scope.ts';
import { finishAudit } from './finish.ts';
import { type Located, type LogTarget, locate } from './locate-target.ts';
import { lookUpFacts } from './look-up.ts';
import { lookUpClaims } from './look-up-claims.ts';
import { auditBundle, type VerifyContext } from './verify-bundle.ts';

type Findings = Parameters<typeof finishAudit>[2]['findings'];

/** Verifies what a log holds of a record, a session or a range: from its tiles alone, without its operator. */
export async function auditInLog(context: VerifyContext, target: LogTarget, log: string): Promise<number> {
  const source = new TileSource(baseOf(log));
  try {
    context.progress.step('reading the log');
    const text = await readCheckpointText(source);
    const { trust } = context;
    const signed = checkCheckpoint(text, trust, `${source.name}checkpoint`);
    const { value: checkpoint } = signed;
    if (checkpoint === undefined) return await stop(context, target, signed.findings);
    const open: OpenLog = { source, text, checkpoint };
    const found = await locate(context, open, target);
    if (typeof found === 'number') return await auditOne(context, open, target, found);
    if (found.account.leaves.count > 0) return await auditMany(context, open, target, found);
    const missing = makeFinding('record-not-found', {
      expected: describeTarget(target),
      seen:
        target.kind === 'range'
          ? `${checkpoint.size} records, counted from 0`
          : `nothing in ${checkpoint.size} records`,
      source: source.name,
    });
    return await stop(context, target, [...signed.findings, missing]);
  } catch (error) {
    if (!(error instanceof LogUnreachable)) throw error;
    const seen = messageOf(error);
    return stop(context, target, [makeFinding('trail-unreachable', { seen, source: source.name })]);
  }
}

function stop({ io, options, progress }: VerifyContext, target: LogTarget, findings: Findings) {
  progress.end();
  const subject = describeTarget(target);
  return finishAudit(io, options, {
    command: 'verify',
    subject,
    findings,
    notChecked: [],
    verifiedMeans: '',
  });
}

function describeTarget(target: LogTarget): string {
  switch (target.kind) {
    case 'hash':
      return `record ${target.leafHash}`;
    case 'id':
      return `session or record ${target.id}`;
    case 'range':
      return `records ${target.first} to ${target.last}`;
  }
}

async function auditOne(
  context: VerifyContext,
  log: OpenLog,
  target: LogTarget,
  index: number,
): Promise<number> {
  const exported = await exportRecord(log, index);
  // What was asked for, not what came: a tile may name this hash where the record has another.
  const bundle = target.kind === 'hash' ? { ...exported, leafHash: target.leafHash } : exported;
  const options = target.kind === 'id' ? { ...context.options, record: target.id } : context.options;
  return auditBundle({ ...context, options }, bundle, describeTarget(target));
}

async function auditMany(
  context: VerifyContext,
  log: OpenLog,
  target: LogTarget,
  { account, leaves, session, findings: ambiguities }: Located,
): Promise<number> {
  const { io, options, trust, progress } = context;
  const { source, text, checkpoint } = log;
  const { size } = checkpoint;
  progress.step('proving the records');
  const root = await computeRootAround(leaves, size, readNodesFrom(source, size)).then(
    (value) => ({ value }),
    (error: unknown) => ({ reason: messageOf(error) }),
  );
  progress.step('reading the chain');
  const { last } = account.leaves;
  const logId = toHex(logIdOf(checkpoint.origin));
  const chain = await lookUpFacts(io, options, trust, { logId, covering: last });
  const claims = await lookUpClaims(context, account.claims());
  const findings = [
    ...ambiguities,
    ...verifyRecords({
      account,
      leaves,
      trust,
      checkpoint: checkCheckpoint(text, trust, `${source.name}checkpoint`),
      root,
      chain,
      proofs: await findAnchorProofs(source.name, size, last, chain),
      claims,
      source: `${source.name}, tiles`,
    }),
    ...(session === undefined || target.kind !== 'id' ? [] : session.conclude(target.id)),
  ];
  progress.end();
  return finishAudit(io, options, {
    command: 'verify',
    subject: `${describeTarget(target)} of log ${checkpoint.origin}`,
    findings,
    notChecked: [
      ...listUnchecked(options, findings),
      ...listUnread(account.counts()),
      'what the model read: nothing is disclosed',
      ...(session === undefined
        ? ['whether sessions are complete: testigo-audit trail, or verify SESSION']
        : []),
    ],
    verifiedMeans: describeVerified(`These ${account.leaves.count} records are`, findings),
    extras: { counts: account.counts(), timeline: drawMoments(account, chain, claims) },
  });
}

function drawMoments(account: RecordAccount, chain: ChainAnswer, claims: readonly ClaimInput[]) {
  const { first, last } = account;
  const answers = [chain, ...claims.map((claim) => claim.chain)];
  const manifests = claims.map(({ shown }) =>
    attempt(() => parseModelManifest(shown.modelFolder?.manifest ?? new Uint8Array(0))),
  );
  return buildTimeline({
    records: [
      ...(first === undefined ? [] : [{ record: first, what: `first record, ${first.type}` }]),
      ...(last === undefined ? [] : [{ record: last, what: `last record, ${last.type}` }]),
    ],
    manifests: manifests.flatMap((read) => ('value' in read ? [read.value] : [])),
    facts: answers.flatMap((answer) => (answer.status === 'read' ? [answer.facts] : [])),
  });
}
