import { createHash, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { toHex, utf8 } from '../encoding/text.ts';
import { commitField, deriveSalt, verifyDisclosure } from './commitment.ts';

const key = new Uint8Array(32).fill(1);
const recordId = 'ab'.repeat(16);
const bytes = fc.uint8Array({ maxLength: 60 });
const salt32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,31}$/);

describe('commitments', () => {
  test('are SHA-256(0x02 || salt || name || 0x00 || value), salted by HKDF', () => {
    fc.assert(
      fc.property(salt32, name, bytes, (salt, field, value) => {
        const expected = createHash('sha256').update(
          Buffer.concat([Uint8Array.of(2), salt, utf8(field), Uint8Array.of(0), value]),
        );
        expect(toHex(commitField({ salt, name: field, value }))).toBe(expected.digest('hex'));
        const hkdf = hkdfSync('sha256', salt, recordId, `testigo/salt/v1/${field}`, 32);
        expect(deriveSalt(salt, recordId, field)).toEqual(new Uint8Array(hkdf));
      }),
    );
  });

  test('open with their own salt, name and value only', () => {
    fc.assert(
      fc.property(salt32, salt32, name, name, bytes, bytes, (s1, s2, n1, n2, v1, v2) => {
        const opening = { salt: s1, name: n1, value: v1 };
        const commitment = commitField(opening);
        expect(verifyDisclosure({ commitment, ...opening })).toBe(true);
        if (toHex(s1) !== toHex(s2))
          expect(verifyDisclosure({ commitment, ...opening, salt: s2 })).toBe(false);
        if (n1 !== n2) expect(verifyDisclosure({ commitment, ...opening, name: n2 })).toBe(false);
        if (toHex(v1) !== toHex(v2))
          expect(verifyDisclosure({ commitment, ...opening, value: v2 })).toBe(false);
      }),
    );
  });

  test('take text as its UTF-8 bytes', () => {
    const opening = { salt: key, name: 'label' };
    expect(commitField({ ...opening, value: 'é' })).toEqual(commitField({ ...opening, value: utf8('é') }));
  });

  test('of the same value differ between records and between fields', () => {
    const salts = [
      deriveSalt(key, recordId, 'label'),
      deriveSalt(key, recordId, 'scores'),
      deriveSalt(key, 'cd'.repeat(16), 'label'),
      deriveSalt(new Uint8Array(32), recordId, 'label'),
    ].map(toHex);
    expect(new Set(salts).size).toBe(4);
  });

  test('cannot shift a byte from the name to the value', () => {
    const a = commitField({ salt: key, name: 'ab', value: Uint8Array.of(0x63) });
    expect(a).not.toEqual(commitField({ salt: key, name: 'abc', value: new Uint8Array(0) }));
    expect(a).not.toEqual(commitField({ salt: key, name: 'a', value: utf8('b\0c') }));
  });

  test('refuse malformed input, and never open for it', () => {
    expectCode('bad-key', () => deriveSalt(key.slice(1), recordId, 'label'));
    expectCode('bad-hex', () => deriveSalt(key, 'ab', 'label'));
    expectCode('not-encodable', () => deriveSalt(key, recordId, 'Label'));
    expectCode('bad-key', () => commitField({ salt: key.slice(1), name: 'a', value: '' }));
    for (const bad of ['', 'A', 'a b', 'é', 'a'.repeat(33), 'a\0'])
      expectCode('not-encodable', () => commitField({ salt: key, name: bad, value: '' }));
    expectCode('not-encodable', () => commitField({ salt: key, name: 'a', value: '\ud800' }));
    const commitment = commitField({ salt: key, name: 'a', value: '\ufffd' });
    expect(verifyDisclosure({ commitment, salt: key, name: 'a', value: '\ud800' })).toBe(false);
    expect(verifyDisclosure({ commitment, salt: key.slice(1), name: 'a', value: '\ufffd' })).toBe(false);
    expect(verifyDisclosure({ commitment, salt: key, name: '', value: '\ufffd' })).toBe(false);
    expect(verifyDisclosure({ commitment: commitment.slice(1), salt: key, name: 'a', value: '\ufffd' })).toBe(
      false,
    );
  });
});
