import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from './text.ts';

const bytes = fc.uint8Array({ maxLength: 80 });

describe('text forms of bytes', () => {
  test('hex, base64 and UTF-8 read back, and agree with Node', () => {
    fc.assert(
      fc.property(bytes, fc.string({ unit: 'grapheme' }), (b, text) => {
        expect(fromHex(toHex(b))).toEqual(b);
        expect(fromBase64(toBase64(b))).toEqual(b);
        expect(toHex(b)).toBe(Buffer.from(b).toString('hex'));
        expect(toBase64(b)).toBe(Buffer.from(b).toString('base64'));
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
    const large = new Uint8Array(200_000).fill(7);
    expect(fromBase64(toBase64(large))).toEqual(large);
  });

  test.each(['0', 'AB', '0x00', ' 00', '00\n', 'zz', '０0'])('refuses the hex %j', (hex) => {
    expectCode('bad-hex', () => fromHex(hex));
  });

  test('refuses hex of another length', () => {
    expectCode('bad-hex', () => fromHex('00', 2));
    expectCode('bad-hex', () => fromHex('00', 0));
  });

  test.each(['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA==\n', ' AAAA', '-_8=', 'AAAA====', '='])(
    'refuses the base64 %j',
    (text) => {
      expectCode('bad-base64', () => fromBase64(text));
    },
  );

  test('refuses a lone surrogate, which encoders would replace', () => {
    expectCode('not-encodable', () => utf8('a\ud800'));
    expect(() => fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toThrow(TypeError);
  });

  test('compares whole byte strings', () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => equalBytes(a, b) === (toHex(a) === toHex(b))));
  });
});
