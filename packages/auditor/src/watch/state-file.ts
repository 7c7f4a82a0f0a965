import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { AuditError, describeWriting, messageOf } from '../errors.ts';
import type { Seen } from './look-at-log.ts';

const stateSchema = z.strictObject({
  version: z.literal(1),
  logs: z.record(
    z.string(),
    z.strictObject({ size: z.number().int().nonnegative(), root: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** @throws AuditError: a state that cannot be read must never be taken for "nothing seen yet" */
export async function readState(path: string): Promise<Record<string, Seen>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw new AuditError('file-unreadable', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  try {
    return stateSchema.parse(JSON.parse(text)).logs;
  } catch (cause) {
    throw new AuditError('file-unreadable', `${path} is not a state file of watch`, { cause });
  }
}

/**
 * Remembers one log. Written aside and renamed: a crash leaves the old state or the new one. The other logs are read
 * anew, and `before` must still be what is remembered of this one: two monitors with one file would make each other
 * forget, and a witness that forgot could sign a fork.
 * @throws AuditError `output-unwritable`
 */
export async function remember(
  path: string,
  origin: string,
  before: Seen | undefined,
  seen: Seen,
): Promise<void> {
  const logs = await readState(path);
  const now = logs[origin];
  if (now?.size !== before?.size || now?.root !== before?.root)
    throw new AuditError('output-unwritable', `${path} was changed meanwhile: another watch writes to it`);
  await writeState(path, { ...logs, [origin]: seen });
}

async function writeState(path: string, logs: Record<string, Seen>): Promise<void> {
  try {
    await writeFile(`${path}.new`, `${JSON.stringify({ version: 1, logs })}\n`, { flush: true });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new AuditError('output-unwritable', `cannot write ${path}: ${describeWriting(cause)}`, { cause });
  }
}
