import { parseRecord } from '@testigo/trail';
import { AuditError } from '../errors.ts';
import { makeFinding } from '../findings/table.ts';
import type { OpenLog } from '../log/export-record.ts';
import { findLeaf, newMention, readRange } from '../log/find-records.ts';
import { KnownLeaves } from '../log/known-root.ts';
import { hashLeafFast } from '../trail/tree-roots.ts';
import { SessionAccount } from '../verify/check-session.ts';
import { attempt } from '../verify/checked.ts';
import { RecordAccount } from '../verify/record-account.ts';
import type { Target } from '../verify/target.ts';
import type { VerifyContext } from './verify-bundle.ts';

export type LogTarget = Exclude<Target, { kind: 'bundle' }>;

/** Several records of a log, read from it; none where it holds nothing of the kind. */
export interface Located {
  readonly account: RecordAccount;
  /** Every leaf that was hashed on the way: what the signed root is computed from. */
  readonly leaves: KnownLeaves;
  /** Where the target is a session. */
  readonly session?: SessionAccount;
  /** Where the id means more than one thing. */
  readonly findings: readonly ReturnType<typeof makeFinding>[];
}

/** The index of the one record that is meant, or the account of several. @throws LogUnreachable */
export async function locate(
  context: VerifyContext,
  log: OpenLog,
  target: LogTarget,
): Promise<number | Located> {
  if (target.kind === 'id') return locateId(context, log, target.id);
  const account = new RecordAccount();
  const located: Located = { account, leaves: account.leaves, findings: [] };
  const { source, checkpoint } = log;
  if (target.kind === 'hash') return (await findLeaf(source, checkpoint.size, target.leafHash)) ?? located;
  const { first, last } = target;
  if (first > last) throw new AuditError('usage', `the range ${first}..${last} ends before it begins`);
  if (last >= checkpoint.size) return located;
  for await (const record of readRange(source, checkpoint.size, first, last)) {
    account.add(record);
    context.progress.advance('records', record.index - first + 1, last - first + 1);
  }
  return located;
}

/**
 * The operator chooses the ids: one can be that of a record and of a session, or of two records, and only the whole log
 * shows it. Every leaf is hashed on the way, so that the log cannot keep one record of the session back.
 */
async function locateId(
  { progress }: VerifyContext,
  { source, checkpoint: { size } }: OpenLog,
  id: string,
): Promise<number | Located> {
  const account = new RecordAccount();
  const session = new SessionAccount();
  const leaves = new KnownLeaves();
  const named: number[] = [];
  const isMentioned = newMention(id);
  for await (const record of readRange(source, size, 0, size - 1)) {
    leaves.add(record.index, hashLeafFast(record.bytes));
    progress.advance('records', record.index + 1, size);
    if (!isMentioned(record.bytes)) continue;
    const read = attempt(() => parseRecord(record.bytes));
    const isNamed = 'value' in read && read.value.id === id;
    const isOfSession = 'reason' in read || ('sessionId' in read.value && read.value.sessionId === id);
    if (!isNamed && !isOfSession) continue;
    account.add(record);
    if (isNamed) named.push(record.index);
    if (isOfSession) session.add(record);
  }
  const [first] = named;
  if (first !== undefined && account.leaves.count === 1) return first;
  const findings = describeNames(named, session.count, source.name);
  return { account, leaves, findings, ...(session.count > 0 && { session }) };
}

function describeNames(named: readonly number[], ofSession: number, source: string): Located['findings'] {
  if (named.length === 0) return [];
  const places = `index ${named.slice(0, 10).join(', ')}`;
  return [
    ...(named.length > 1
      ? [makeFinding('trail-record-duplicate', { seen: `${named.length} records, ${places}`, source })]
      : []),
    ...(ofSession > 0
      ? [makeFinding('record-ambiguous', { seen: `${places}, and ${ofSession} of a session`, source })]
      : []),
  ];
}
