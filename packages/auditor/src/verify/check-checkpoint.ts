import { type Checkpoint, newNoteVerifier, openNote, parseCheckpoint, toHex } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';
import { attempt, type Checked } from './checked.ts';

const SOURCE = 'bundle: checkpoint';

/** Did the pinned key of the log sign this size and this root? C2SP tlog-checkpoint over signed-note. */
export function checkCheckpoint(
  text: string,
  trust: Trust | undefined,
  source = SOURCE,
): Checked<Checkpoint> {
  const read = attempt(() => parseCheckpoint(openNote(text, []).body));
  if ('reason' in read) {
    return { findings: [makeFinding('checkpoint-malformed', { seen: read.reason, source })] };
  }
  const checkpoint = read.value;
  const statement = `${checkpoint.origin}, ${checkpoint.size} records, root ${toHex(checkpoint.root)}`;
  if (trust === undefined) {
    const findings = [makeFinding('trust-missing', { expected: 'a pinned key', seen: statement, source })];
    return { findings, value: checkpoint };
  }
  const pinned = trust.logs.filter((log) => log.origin === checkpoint.origin);
  if (pinned.length === 0) {
    const expected = trust.logs.map((log) => log.origin).join(' or ');
    const findings = [makeFinding('checkpoint-log-unpinned', { expected, seen: checkpoint.origin, source })];
    return { findings, value: checkpoint };
  }
  const keys = pinned.map((log) => log.verifierKey);
  const signed = keys.map((key) => attempt(() => openNote(text, [newNoteVerifier(key)]).verifiedBy));
  const signer = signed.flatMap((result) => ('value' in result ? result.value : []))[0];
  if (signer !== undefined) {
    const findings = [
      makeFinding('checkpoint-signed', {
        expected: keys.join(' or '),
        seen: `${statement}, signed by ${signer}`,
        source,
      }),
    ];
    return { findings, value: checkpoint };
  }
  const rejected = signed.find((result) => 'reason' in result);
  const code = rejected === undefined ? 'checkpoint-signature-missing' : 'checkpoint-signature-invalid';
  const seen = rejected !== undefined && 'reason' in rejected ? rejected.reason : statement;
  return {
    findings: [makeFinding(code, { expected: `a signature by ${keys.join(' or ')}`, seen, source })],
    value: checkpoint,
  };
}
