import { createHash } from 'node:crypto';
import type { EncodedRecord } from '../../src/log/log.ts';
import { makeRecord } from '../../src/log/testing.ts';

/** The n-th record of a campaign: sent again after a crash, it must be the very same bytes. */
export const recordNumber = (n: number): EncodedRecord =>
  makeRecord(createHash('sha256').update(`record ${n}`).digest('hex').slice(0, 32), 'a'.repeat(64), n + 1);
