import type { CanonicalValue } from '../../src/index.ts';
import {
  commitField,
  deriveSalt,
  encodeCanonical,
  encodeRecord,
  hashRecord,
  type RecordOf,
  type TrailRecord,
  toHex,
  utf8,
} from '../../src/index.ts';
import { RECORDS } from '../../test/records.ts';
import { flipBit, hexOf, pick, type VectorCase, type VectorFile } from './case.ts';

const hash = (seed: string): string => toHex(hashRecord(utf8(seed)));
const id = (seed: string): string => hash(seed).slice(0, 32);

const good = (name: string, record: TrailRecord): VectorCase => {
  const bytes = encodeRecord(record);
  return { name, valid: true, bytes: toHex(bytes), type: record.type, leafHash: toHex(hashRecord(bytes)) };
};

const bad = (name: string, value: object): VectorCase => ({
  name,
  valid: false,
  bytes: toHex(encodeCanonical(value as CanonicalValue)),
});

function detection(i: number): RecordOf<'DETECTION'> {
  const time = 1_790_000_000 + pick(`time ${i}`, 10_000_000);
  return {
    ...RECORDS.DETECTION,
    id: id(`id ${i}`),
    sessionId: id(`session ${i % 3}`),
    sequence: 1 + i,
    time,
    noticeShownAt: time - pick(`notice ${i}`, 600),
    datasetSize: pick(`size ${i}`, 1_000_000),
    modelVersion: hash(`model ${i % 5}`),
    commitments: {
      frame: hash(`frame ${i}`),
      label: hash(`label ${i}`),
      scores: hash(`scores ${i}`),
      capturedAt: hash(`at ${i}`),
    },
  };
}

const {
  DETECTION,
  REFUSAL,
  SESSION_OPEN,
  SESSION_CLOSE,
  LEGAL_HOLD,
  REVIEW,
  ERASURE,
  INCIDENT,
  AUDIT_VERDICT,
  MODEL_REGISTERED,
} = RECORDS;

const without = (record: object, field: string): object =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== field));

function goodRecords(): VectorCase[] {
  const { noticeShownAt: _n, consentGivenAt: _c, ...unnoticed } = SESSION_OPEN;
  const { sessionId: _s, sequence: _q, ...outside } = REFUSAL;
  const { hold: _h, ...hold } = LEGAL_HOLD;
  return [
    ...Object.values(RECORDS).map((record) => good(record.type, record)),
    ...Array.from({ length: 40 }, (_, i) => good(`DETECTION ${i}`, detection(i))),
    good('DETECTION, notice a second ahead', { ...DETECTION, noticeShownAt: DETECTION.time + 1 }),
    good('DETECTION at time 0', { ...DETECTION, time: 0, noticeShownAt: 0 }),
    good('DETECTION at the last second of 9999', { ...DETECTION, time: 253_402_300_799 }),
    good('REFUSAL outside a session', outside),
    good('REFUSAL with a role and a model', { ...REFUSAL, subjectRole: 'agent', modelVersion: hash('m') }),
    good('REFUSAL with commitments', {
      ...REFUSAL,
      commitments: { frame: hash('f'), capturedAt: hash('c') },
    }),
    good('SESSION_OPEN before the notice', unnoticed),
    good('SESSION_OPEN with 16 roles', {
      ...SESSION_OPEN,
      roles: Array.from({ length: 16 }, (_, i) => `role-${i}`),
    }),
    good('SESSION_CLOSE of an empty session', {
      ...SESSION_CLOSE,
      sequence: 1,
      counts: { detections: 0, refusals: 0, reviews: 0, overrides: 0 },
    }),
    good('LEGAL_HOLD placed', { ...hold, action: 'place' }),
    good('INCIDENT with no commitments', { ...INCIDENT, commitments: {} }),
    good('INCIDENT with a commitment named constructor', {
      ...INCIDENT,
      commitments: { constructor: hash('x') },
    }),
    ...(['record', 'dataset', 'model', 'log'] as const).map((scope) =>
      good(`AUDIT_VERDICT of a ${scope}`, { ...AUDIT_VERDICT, scope }),
    ),
    ...(['verified', 'failed', 'inconclusive'] as const).map((outcome) =>
      good(`AUDIT_VERDICT ${outcome}`, { ...AUDIT_VERDICT, outcome }),
    ),
  ];
}

function badRecords(): VectorCase[] {
  const json = new TextDecoder().decode(encodeRecord(DETECTION));
  const raw = (name: string, text: string): VectorCase => ({ name, valid: false, bytes: hexOf(text) });
  return [
    ...Object.values(RECORDS).flatMap((record) => [
      bad(`${record.type} with an unknown field`, { ...record, extra: 1 }),
      bad(`${record.type} without its time`, without(record, 'time')),
      bad(`${record.type} of version 2`, { ...record, version: 2 }),
    ]),
    ...Object.keys(DETECTION).map((field) => bad(`DETECTION without ${field}`, without(DETECTION, field))),
    ...Object.keys(SESSION_CLOSE).map((field) =>
      bad(`SESSION_CLOSE without ${field}`, without(SESSION_CLOSE, field)),
    ),
    bad('an unknown type', { ...DETECTION, type: 'READING' }),
    bad('a type in lower case', { ...DETECTION, type: 'detection' }),
    bad('no object', ['DETECTION']),
    bad('an upper-case digest', { ...DETECTION, modelVersion: 'AB'.repeat(32) }),
    bad('a short digest', { ...DETECTION, modelVersion: 'ab'.repeat(31) }),
    bad('a digest with a newline', { ...DETECTION, modelVersion: `${'ab'.repeat(32)}\n` }),
    bad('a prefixed digest', { ...DETECTION, modelVersion: `0x${'ab'.repeat(31)}` }),
    bad('an id of 64 digits', { ...DETECTION, id: 'ab'.repeat(32) }),
    bad('a negative time', { ...DETECTION, time: -1 }),
    bad('a time after 9999', { ...DETECTION, time: 253_402_300_800 }),
    bad('a time as a text', { ...DETECTION, time: '1790000000' }),
    bad('a time that is true', { ...DETECTION, time: true }),
    bad('a label in the clear', { ...DETECTION, label: 'angry' }),
    bad('a label in place of its commitment', {
      ...DETECTION,
      commitments: { ...DETECTION.commitments, label: 'angry' },
    }),
    bad('a missing commitment', { ...DETECTION, commitments: without(DETECTION.commitments, 'scores') }),
    bad('one commitment too many', {
      ...DETECTION,
      commitments: { ...DETECTION.commitments, name: hash('n') },
    }),
    bad('a token with a space', { ...DETECTION, purpose: 'fraud detection' }),
    bad('a token in capitals', { ...DETECTION, purpose: 'Fraud' }),
    bad('a token with an accent', { ...DETECTION, purpose: 'détection' }),
    bad('an empty token', { ...DETECTION, purpose: '' }),
    bad('a token of 65 characters', { ...DETECTION, purpose: 'x'.repeat(65) }),
    bad('a token that starts with a hyphen', { ...DETECTION, purpose: '-x' }),
    bad('a token with a newline', { ...DETECTION, purpose: 'fraud\n' }),
    bad('a detection before its notice', { ...DETECTION, noticeShownAt: DETECTION.time + 2 }),
    bad('a detection at sequence 0', { ...DETECTION, sequence: 0 }),
    bad('a refusal with a session but no sequence', without(REFUSAL, 'sequence')),
    bad('a refusal with a sequence but no session', without(REFUSAL, 'sessionId')),
    bad('a session that opens at sequence 1', { ...SESSION_OPEN, sequence: 1 }),
    bad('a session without roles', { ...SESSION_OPEN, roles: [] }),
    bad('a session with 17 roles', {
      ...SESSION_OPEN,
      roles: Array.from({ length: 17 }, (_, i) => `role-${i}`),
    }),
    bad('a session with a notice to come', { ...SESSION_OPEN, noticeShownAt: SESSION_OPEN.time + 2 }),
    bad('a session with a consent to come', { ...SESSION_OPEN, consentGivenAt: SESSION_OPEN.time + 2 }),
    bad('a close that leaves one record out', { ...SESSION_CLOSE, sequence: SESSION_CLOSE.sequence - 1 }),
    bad('a close before the opening', { ...SESSION_CLOSE, openedAt: SESSION_CLOSE.time + 1 }),
    bad('a reviewer by name', { ...REVIEW, reviewer: 'maria.garcia' }),
    bad('a release without its hold', without(LEGAL_HOLD, 'hold')),
    bad('a hold that names a hold', { ...LEGAL_HOLD, action: 'place' }),
    bad('a hold that is neither placed nor released', { ...LEGAL_HOLD, action: 'extend' }),
    bad('an erasure with a fraction as text', { ...ERASURE, records: '6' }),
    bad('a verdict with a fourth outcome', { ...AUDIT_VERDICT, outcome: 'skipped' }),
    bad('a registry that is no address', { ...MODEL_REGISTERED, registry: `0x${'AB'.repeat(20)}` }),
    bad('commitments as a list', { ...INCIDENT, commitments: [] }),
    bad('a commitment with an upper-case name', { ...INCIDENT, commitments: { Name: hash('x') } }),
    raw(
      'a record with __proto__ among its commitments',
      new TextDecoder()
        .decode(encodeRecord({ ...INCIDENT, commitments: { a: hash('a') } }))
        .replace('"a":', `"__proto__":"${hash('p')}","a":`),
    ),
    raw('a float in place of an integer', json.replace('"version":1', '"version":1.0')),
    raw('a key given twice', json.replace('"version":1', '"version":1,"version":1')),
    raw('a space', json.replace(',', ', ')),
    raw('a newline at the end', `${json}\n`),
    raw('another order of keys', `{"type":"DETECTION",${json.slice(1).replace(',"type":"DETECTION"', '')}`),
    raw('more than 65,535 bytes', `{"a":"${'x'.repeat(65_530)}"}`),
  ];
}

function commitments(): VectorFile {
  const values = ['', 'angry', 'neutral', '1790000000123', '[100000,850000,50000]', 'é', 'a\u0000b'];
  const cases = ['frame', 'label', 'scores', 'capturedAt'].flatMap((field) =>
    values.map((value): VectorCase => {
      const [subjectKey, recordId] = [hash(`key ${field}`), id(`record ${value}`)];
      const salt = deriveSalt(Uint8Array.from(Buffer.from(subjectKey, 'hex')), recordId, field);
      const commitment = toHex(commitField({ salt, name: field, value }));
      return {
        name: `${field} ${JSON.stringify(value)}`,
        valid: true,
        subjectKey,
        recordId,
        field,
        salt: toHex(salt),
        value: hexOf(value),
        commitment,
      };
    }),
  );
  const [first, second] = [cases[8]!, cases[9]!] as [
    VectorCase & Record<string, string>,
    VectorCase & Record<string, string>,
  ];
  const change = (name: string, fields: object): VectorCase => ({ ...first, ...fields, name, valid: false });
  return {
    name: 'commitments',
    about:
      'docs/spec/commitments.md. Valid: the salt is that of the subject key, and salt, field and value open the commitment.',
    cases: [
      ...cases,
      change('another value', { value: second.value }),
      change('another field', { field: 'scores' }),
      change('another record', { recordId: id('other') }),
      change('another subject key', { subjectKey: hash('other') }),
      change('a flipped bit in the salt', { salt: flipBit(first.salt!, 9) }),
      change('a flipped bit in the commitment', { commitment: flipBit(first.commitment!, 255) }),
      change('the value with a newline', { value: `${first.value}0a` }),
      change('a salt of 31 bytes', { salt: first.salt!.slice(2) }),
      change('a field with a capital', { field: 'Label' }),
      change('a field that is empty', { field: '' }),
      change('a record id in capitals', { recordId: 'AB'.repeat(16) }),
      change('an unsalted hash', { commitment: hash('angry') }),
    ],
  };
}

export const recordVectors = (): VectorFile[] => [
  {
    name: 'records',
    about: 'docs/spec/record.md: canonical bytes, schema and rules of every record type.',
    cases: [...goodRecords(), ...badRecords()],
  },
  commitments(),
];
