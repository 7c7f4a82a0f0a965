import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from './canonical.ts';
import { fromUtf8, utf8 } from './text.ts';

const key = fc
  .string({
    minLength: 1,
    maxLength: 12,
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  })
  .filter((k) => k !== '__proto__');
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((s) => s.normalize('NFC'));
const { value } = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean(),
    fc.maxSafeInteger(),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));

describe('canonical encoding', () => {
  test('is RFC 8785 on every value it takes', () => {
    fc.assert(fc.property(value, (v) => fromUtf8(encodeCanonical(v)) === canonicalize(v)));
  });

  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(value, (v) => {
        const bytes = encodeCanonical(v);
        expect(encodeCanonical(decodeCanonical(bytes))).toEqual(bytes);
      }),
    );
  });

  test('accepts a mutated byte only if it is the canonical form of another value', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 0, max: 255 }), (v, at, byte) => {
        const bytes = encodeCanonical(v).slice();
        bytes[at % bytes.length] = byte;
        let other: CanonicalValue;
        try {
          other = decodeCanonical(bytes);
        } catch {
          return;
        }
        expect(encodeCanonical(other)).toEqual(bytes);
      }),
    );
  });

  test.each([
    ['a float', '{"a":0.5}'],
    ['a float that is whole', '{"a":1.0}'],
    ['an exponent', '{"a":1e2}'],
    ['minus zero', '{"a":-0}'],
    ['2^53', '9007199254740992'],
    ['a leading zero', '{"a":01}'],
    ['null', '{"a":null}'],
    ['duplicate keys', '{"a":1,"a":2}'],
    ['duplicate keys, equal values', '{"a":1,"a":1}'],
    ['unsorted keys', '{"b":1,"a":2}'],
    ['a space', '{"a": 1}'],
    ['a newline at the end', '{"a":1}\n'],
    ['an escaped solidus', '"\\/"'],
    ['an escaped letter', '"\\u0061"'],
    ['an upper-case escape', '"\\u001F"'],
    ['a byte order mark', '\ufeff{}'],
    ['a non-ASCII key', '{"é":1}'],
    ['an empty key', '{"":1}'],
    ['a key of 65 characters', `{"${'k'.repeat(65)}":1}`],
    ['__proto__', '{"__proto__":1}'],
    ['a string that is not NFC', '"e\u0301"'],
    ['an escaped lone surrogate', '"\\ud800"'],
    ['17 levels', `${'['.repeat(18)}${']'.repeat(18)}`],
    ['two values', '1 2'],
    ['nothing', ''],
    ['a comment', '/**/1'],
    ['NaN', 'NaN'],
  ])('refuses %s', (_, json) => {
    expectCode('not-canonical', () => decodeCanonical(utf8(json)));
  });

  test('refuses bytes that are not UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      expectCode('not-canonical', () => decodeCanonical(Uint8Array.from(bytes)));
  });

  test.each([
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    // biome-ignore lint/suspicious/noSparseArray: holes are the point
    ['a hole', [1, , 2]],
    ['a date', new Date(0)],
    ['bytes', new Uint8Array(2)],
    ['a map', new Map([['a', 1]])],
    ['a big integer', 1n],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a function', () => 1],
    ['a lone surrogate', '\udc00'],
  ])('does not encode %s', (_, v) => {
    expectCode('not-encodable', () => encodeCanonical(v as unknown as CanonicalValue));
  });
});
