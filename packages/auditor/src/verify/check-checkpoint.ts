import {
  type Checkpoint,
  type Finding,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  toHex,
} from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import { countWitnesses, findWitnesses } from '../log/cosignature.ts';
import { verifyFast } from '../signing/verify-fast.ts';
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
  const signed = keys.map((key) =>
    attempt(() => openNote(text, [newNoteVerifier(key, verifyFast)]).verifiedBy),
  );
  const signer = signed.flatMap((result) => ('value' in result ? result.value : []))[0];
  if (signer !== undefined) {
    const seen = `${statement}, signed by ${signer}`;
    const findings = [makeFinding('checkpoint-signed', { expected: keys.join(' or '), seen, source })];
    return { findings: [...findings, ...checkWitnesses(text, trust, source)], value: checkpoint };
  }
  const rejected = signed.find((result) => 'reason' in result);
  const code = rejected === undefined ? 'checkpoint-signature-missing' : 'checkpoint-signature-invalid';
  const seen = rejected !== undefined && 'reason' in rejected ? rejected.reason : statement;
  return {
    findings: [makeFinding(code, { expected: `a signature by ${keys.join(' or ')}`, seen, source })],
    value: checkpoint,
  };
}

/** A quorum of witnesses makes it impossible to show one log to the auditor and another to the rest of the world. */
function checkWitnesses(text: string, { witnesses, witnessQuorum }: Trust, source: string): Finding[] {
  if (witnessQuorum === 0) return [];
  const found = attempt(() => findWitnesses(text, witnesses));
  const names = 'value' in found ? found.value.map((key) => key.split('+')[0]) : [];
  const expected = `${witnessQuorum} of ${countWitnesses(witnesses)} pinned witnesses`;
  const seen = names.length === 0 ? 'none' : names.join(', ');
  const code = names.length >= witnessQuorum ? 'checkpoint-witnessed' : 'checkpoint-witnesses-missing';
  return [makeFinding(code, { expected, seen, source })];
}
