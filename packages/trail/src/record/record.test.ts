import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { RECORDS } from '../../test/records.ts';
import { encodeCanonical } from '../encoding/canonical.ts';
import { fromUtf8, utf8 } from '../encoding/text.ts';
import { hashLeaf } from '../log/hashing.ts';
import { encodeRecord, hashRecord, parseRecord } from './record.ts';
import type { TrailRecord } from './schema.ts';

const all: readonly TrailRecord[] = Object.values(RECORDS);
const change = (record: TrailRecord, fields: object): TrailRecord =>
  ({ ...record, ...fields }) as TrailRecord;
const { DETECTION, REFUSAL, SESSION_OPEN, SESSION_CLOSE, LEGAL_HOLD, REVIEW } = RECORDS;

describe.each(all)('a $type record', (record) => {
  test('reads back', () => {
    const bytes = encodeRecord(record);
    expect(parseRecord(bytes)).toEqual(record);
    expect(encodeRecord(parseRecord(bytes))).toEqual(bytes);
    expect(hashRecord(bytes)).toEqual(hashLeaf(bytes));
  });

  test('refuses an unknown field, and a missing one', () => {
    expectCode('bad-record', () => encodeRecord(change(record, { extra: 1 })));
    const optional = new Set([
      'noticeShownAt',
      'consentGivenAt',
      'commitments',
      ...(record.type === 'REFUSAL' ? ['modelVersion', 'subjectRole'] : []),
    ]);
    if (record.type === 'DETECTION') optional.clear();
    for (const field of Object.keys(record).filter((f) => !optional.has(f))) {
      const { [field]: _, ...rest } = record as unknown as Record<string, unknown>;
      expectCode('bad-record', () => encodeRecord(rest as unknown as TrailRecord));
    }
  });

  test('refuses a float, a string for a number, a null, another version and an unknown type', () => {
    expectCode('bad-record', () => encodeRecord(change(record, { time: 1.5 })));
    expectCode('bad-record', () => encodeRecord(change(record, { time: '1' })));
    expectCode('bad-record', () => encodeRecord(change(record, { time: null })));
    expectCode('bad-record', () => encodeRecord(change(record, { time: -1 })));
    expectCode('bad-record', () => encodeRecord(change(record, { version: 2 })));
    expectCode('bad-record', () => encodeRecord(change(record, { type: 'constructor' })));
    expectCode('bad-record', () => encodeRecord(change(record, { id: 'AB'.repeat(16) })));
  });

  test('refuses its bytes in any other form', () => {
    const json = fromUtf8(encodeRecord(record));
    expectCode('not-canonical', () => parseRecord(utf8(` ${json}`)));
    expectCode('not-canonical', () => parseRecord(utf8(`${json}\n`)));
    expectCode('not-canonical', () => parseRecord(utf8(json.replace('"version":1', '"version":1.0'))));
    expectCode('not-canonical', () =>
      parseRecord(utf8(json.replace('"version":1', '"version":1,"version":1'))),
    );
  });
});

describe('rules between fields', () => {
  test('a detection follows its notice and its session', () => {
    expectCode('bad-record', () => encodeRecord(change(DETECTION, { noticeShownAt: DETECTION.time + 2 })));
    expectCode('bad-record', () => encodeRecord(change(DETECTION, { sequence: 0 })));
    encodeRecord(change(DETECTION, { noticeShownAt: DETECTION.time + 1 })); // a second of clock skew
  });

  test('a refusal has both session and sequence or neither', () => {
    const { sessionId, sequence, ...outside } = REFUSAL;
    encodeRecord(outside);
    expectCode('bad-record', () => encodeRecord({ ...outside, sessionId: sessionId! }));
    expectCode('bad-record', () => encodeRecord({ ...outside, sequence: sequence! }));
  });

  test('a session opens at sequence 0 with notice and consent in the past', () => {
    expectCode('bad-record', () => encodeRecord(change(SESSION_OPEN, { sequence: 1 })));
    for (const field of ['noticeShownAt', 'consentGivenAt'])
      expectCode('bad-record', () => encodeRecord(change(SESSION_OPEN, { [field]: SESSION_OPEN.time + 2 })));
    expectCode('bad-record', () => encodeRecord(change(SESSION_OPEN, { roles: [] })));
  });

  test('a session that closes accounts for every sequence number', () => {
    expectCode('bad-record', () => encodeRecord(change(SESSION_CLOSE, { sequence: 7 })));
    expectCode('bad-record', () =>
      encodeRecord(change(SESSION_CLOSE, { counts: { ...SESSION_CLOSE.counts, refusals: 0 } })),
    );
    expectCode('bad-record', () => encodeRecord(change(SESSION_CLOSE, { openedAt: SESSION_CLOSE.time + 1 })));
  });

  test('a release names its hold, and a hold none', () => {
    const { hold, ...place } = { ...LEGAL_HOLD, action: 'place' as const };
    encodeRecord(place);
    expectCode('bad-record', () => encodeRecord({ ...place, hold: hold! }));
    expectCode('bad-record', () => encodeRecord({ ...place, action: 'release' }));
  });

  test('no field takes a name, a sentence or plain personal data', () => {
    for (const reviewer of ['maria.garcia', 'maria', 'Maria', 'a'.repeat(64)])
      expectCode('bad-record', () => encodeRecord(change(REVIEW, { reviewer })));
    for (const text of ['Maria García', 'no match', 'UPPER', '', '-x', 'x'.repeat(65)])
      expectCode('bad-record', () => encodeRecord(change(REVIEW, { decision: text })));
    expectCode('bad-record', () => encodeRecord(change(DETECTION, { label: 'angry' })));
    expectCode('bad-record', () =>
      encodeRecord(change(DETECTION, { commitments: { ...DETECTION.commitments, label: 'angry' } })),
    );
  });
});

describe('hostile records', () => {
  test('cannot carry a field that schema libraries drop', () => {
    const bytes = utf8(fromUtf8(encodeRecord(RECORDS.INCIDENT)).replace('"code"', '"__proto__":1,"code"'));
    expectCode('not-canonical', () => parseRecord(bytes));
    const hidden = encodeRecord({ ...RECORDS.INCIDENT, commitments: { a: 'ab'.repeat(32) } });
    const smuggled = fromUtf8(hidden).replace('"a":', `"__proto__":"${'cd'.repeat(32)}","a":`);
    expectCode('not-canonical', () => parseRecord(utf8(smuggled)));
  });

  test('are at most 65,535 bytes', () => {
    expectCode('too-large', () => parseRecord(new Uint8Array(65_536).fill(0x20)));
    const commitments = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`f${i}`, 'ab'.repeat(32)]),
    );
    expectCode('too-large', () => encodeRecord({ ...RECORDS.INCIDENT, commitments }));
  });

  test('that are no objects are refused', () => {
    for (const value of [1, 'x', true, [], ['DETECTION']])
      expectCode('bad-record', () => parseRecord(encodeCanonical(value)));
  });
});
