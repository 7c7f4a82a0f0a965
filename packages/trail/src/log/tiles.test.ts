import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import {
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  entryBundlePath,
  parseTilePath,
  partialWidth,
  tilePath,
} from './tiles.ts';

const index = fc.maxSafeNat();
const width = fc.integer({ min: 1, max: 256 });

describe('C2SP tile paths', () => {
  test('are the ones of the specification', () => {
    expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067');
    expect(tilePath(0, 273, 112)).toBe('tile/0/273.p/112');
    expect(tilePath(2, 0, 1)).toBe('tile/2/000.p/1');
    expect(entryBundlePath(1_000)).toBe('tile/entries/x001/000');
    expect(entryBundlePath(0, 255)).toBe('tile/entries/000.p/255');
  });

  test('read back', () => {
    fc.assert(
      fc.property(index, width, fc.integer({ min: 0, max: 63 }), (i, w, level) => {
        expect(parseTilePath(tilePath(level, i, w))).toEqual({ kind: 'tile', level, index: i, width: w });
        expect(parseTilePath(entryBundlePath(i, w))).toEqual({ kind: 'entries', index: i, width: w });
      }),
    );
  });

  test.each([
    '',
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/x000/000',
    'tile/0/x000/x000/001',
    'tile/0/001/000',
    'tile/0/x001/x000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/entries/000/',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/0/../000',
    'tile/data/000',
    'tile/0/٠٠٠',
  ])('refuse %j', (path) => {
    expectCode('bad-tile', () => parseTilePath(path));
  });

  test('refuse numbers that are none', () => {
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expectCode('bad-tile', () => tilePath(0, bad));
      expectCode('bad-tile', () => entryBundlePath(0, bad));
      expectCode('bad-tile', () => tilePath(bad === 2 ** 53 ? 64 : bad, 0));
    }
  });

  test('partial widths are those of the specification', () => {
    expect([0, 1, 2, 3].map((level) => partialWidth(level, 70_000))).toEqual([112, 17, 1, 0]);
    expect([0, 1].map((level) => partialWidth(level, 256))).toEqual([0, 1]);
    expect(partialWidth(6, 2 ** 53 - 1)).toBe(31);
    expect(partialWidth(7, 2 ** 53 - 1)).toBe(0);
  });
});

describe('tile contents', () => {
  test('a tile is 1 to 256 hashes', () => {
    expect(decodeTile(new Uint8Array(64))).toHaveLength(2);
    for (const length of [0, 31, 33, 257 * 32])
      expectCode('bad-tile', () => decodeTile(new Uint8Array(length)));
  });

  test('entry bundles read back', () => {
    const records = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(records, (r) => {
        expect(decodeEntryBundle(encodeEntryBundle(r))).toEqual(r);
      }),
    );
    const largest = [new Uint8Array(65_535).fill(1), new Uint8Array(0), Uint8Array.of(2)];
    expect(decodeEntryBundle(encodeEntryBundle(largest))).toEqual(largest);
  });

  test('an entry bundle torn anywhere inside a record is refused', () => {
    const bytes = encodeEntryBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    for (let length = 0; length < bytes.length; length++) {
      if (length === 5) expect(decodeEntryBundle(bytes.subarray(0, length))).toHaveLength(1);
      else expectCode('bad-tile', () => decodeEntryBundle(bytes.subarray(0, length)));
    }
  });

  test('an entry bundle holds at most 256 records of at most 65,535 bytes', () => {
    expectCode('too-large', () => encodeEntryBundle([new Uint8Array(65_536)]));
    expectCode('bad-tile', () => decodeEntryBundle(new Uint8Array(2 * 257)));
  });
});
