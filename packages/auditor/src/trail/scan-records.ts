import { parseRecord, type TrailRecord } from '@testigo/trail';
import { type ModelClaim, modelClaimOf } from '../verify/model-claim.ts';
import { writeId } from './id-table.ts';
import { saturate } from './ledger-event.ts';
import { hashLeafFast } from './tree-roots.ts';

/** Column layout of one record's facts, in 32-bit words. */
export const FACT_WORDS = 13;
export const FACT = { type: 0, sequence: 1, model: 2, hasSession: 3, id: 4, session: 8, time: 12 } as const;

/** Record types by number; 0 stands for bytes that are no record. */
export const TYPES = [
  'MALFORMED',
  'DETECTION',
  'REFUSAL',
  'SESSION_OPEN',
  'SESSION_CLOSE',
  'REVIEW',
  'OVERRIDE',
  'ERASURE',
  'LEGAL_HOLD',
  'MODEL_REGISTERED',
  'MODEL_REVOKED',
  'DATASET_APPROVED',
  'DATASET_REVOKED',
  'AUDIT_VERDICT',
  'INCIDENT',
  'KEY_ROTATION',
  'EXPORT',
] as const satisfies readonly (TrailRecord['type'] | 'MALFORMED')[];
const NUMBERS = new Map<string, number>(TYPES.map((type, number) => [type, number]));

/** What later checks need of a run of records: hashes, flat facts, and in full the few records that say more. */
export interface Scan {
  /** 32 bytes a record. */
  readonly leafHashes: Uint8Array;
  /** FACT_WORDS a record. */
  readonly facts: Uint32Array;
  /** What records say about their model, each different thing once; `facts` numbers them from 1. */
  readonly models: readonly ModelClaim[];
  readonly special: readonly { readonly position: number; readonly record: TrailRecord }[];
  readonly malformed: readonly { readonly position: number; readonly reason: string }[];
}

const SPECIAL = new Set<TrailRecord['type']>([
  'SESSION_CLOSE',
  'REVIEW',
  'OVERRIDE',
  'ERASURE',
  'LEGAL_HOLD',
]);

/** Hashes and reads a run of records. */
export function scanRecords(records: readonly Uint8Array[]): Scan {
  const leafHashes = new Uint8Array(records.length * 32);
  const facts = new Uint32Array(records.length * FACT_WORDS);
  const models: ModelClaim[] = [];
  const special: { position: number; record: TrailRecord }[] = [];
  const malformed: { position: number; reason: string }[] = [];
  records.forEach((bytes, position) => {
    leafHashes.set(hashLeafFast(bytes), position * 32);
    let record: TrailRecord;
    try {
      record = parseRecord(bytes);
    } catch (error) {
      malformed.push({ position, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    writeFacts(record, facts, position * FACT_WORDS, models);
    if (SPECIAL.has(record.type)) special.push({ position, record });
  });
  return { leafHashes, facts, models, special, malformed };
}

function writeFacts(record: TrailRecord, facts: Uint32Array, at: number, models: ModelClaim[]): void {
  facts[at + FACT.type] = NUMBERS.get(record.type) ?? 0;
  writeId(record.id, facts, at + FACT.id);
  if ('sessionId' in record && record.sessionId !== undefined) {
    facts[at + FACT.hasSession] = 1;
    writeId(record.sessionId, facts, at + FACT.session);
  }
  if ('sequence' in record && record.sequence !== undefined) {
    facts[at + FACT.sequence] = saturate(record.sequence);
  }
  facts[at + FACT.time] = saturate(record.time);
  const claim = modelClaimOf(record);
  if (claim === undefined) return;
  const known = models.findIndex((model) => isSameClaim(model, claim));
  facts[at + FACT.model] = (known < 0 ? models.push(claim) - 1 : known) + 1;
}

/** Preprocessing is left out: only a model's manifest says which one is right. */
const isSameClaim = (a: ModelClaim, b: ModelClaim): boolean =>
  a.modelVersion === b.modelVersion && a.datasetRoot === b.datasetRoot && a.datasetSize === b.datasetSize;
