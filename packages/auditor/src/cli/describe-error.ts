import { TRAIL_ERRORS, TrailError } from '@testigo/trail';
import { RpcRefusal, RpcUnreachable } from '../chain/json-rpc.ts';
import { AUDIT_ERRORS, AuditError, messageOf } from '../errors.ts';
import { FINDINGS } from '../findings/table.ts';
import { cleanText } from '../report/clean-text.ts';
import { LogUnreachable } from '../trail/tile-source.ts';

/** What broke a command off, for a person: what and where, what to do, and the code under which it is documented. */
export function describeError(error: unknown): string {
  const known = lookUp(error);
  // A node's or a log's own words can stand in a message.
  const message = cleanText(messageOf(error));
  const stop = /[.!?)]$/.test(message) ? '' : '.';
  if (known !== undefined) return `${message}${stop} ${known.help} [${known.code}]`;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return `${message}${stop} This is a fault of the program: please report it with these lines.\n${stack}`;
}

function lookUp(error: unknown): { readonly code: string; readonly help: string } | undefined {
  if (error instanceof AuditError) return { code: error.code, help: AUDIT_ERRORS[error.code].help };
  if (error instanceof TrailError) return { code: error.code, help: TRAIL_ERRORS[error.code].help };
  if (error instanceof LogUnreachable)
    return { code: 'trail-unreachable', help: FINDINGS['trail-unreachable'].next ?? '' };
  if (error instanceof RpcUnreachable || error instanceof RpcRefusal)
    return { code: 'chain-unreachable', help: FINDINGS['chain-unreachable'].next ?? '' };
  return undefined;
}
