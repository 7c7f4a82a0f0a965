import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { toHex } from '../encoding/text.ts';
import { formatCheckpoint, logIdOf, parseCheckpoint } from './checkpoint.ts';
import { EMPTY_ROOT, hashLeaf } from './hashing.ts';

const root = hashLeaf(new Uint8Array(0));
const rootText = 'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=';

describe('a checkpoint body', () => {
  test('is three lines', () => {
    expect(formatCheckpoint({ origin: 'example.com/log', size: 7, root })).toBe(
      `example.com/log\n7\n${rootText}\n`,
    );
  });

  test('reads back', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), hash, (size, r) => {
        const checkpoint = { origin: 'example.com/log', size, root: r };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
    const empty = { origin: 'example.com/log', size: 0, root: EMPTY_ROOT };
    expect(parseCheckpoint(formatCheckpoint(empty))).toEqual(empty);
  });

  test('may have extension lines, which are ignored, and any origin that the format allows', () => {
    expect(parseCheckpoint(`go.sum database tree\n7\n${rootText}\nextra\nlines\n`)).toEqual({
      origin: 'go.sum database tree',
      size: 7,
      root,
    });
  });

  test.each([
    '',
    '\n',
    `o\n7\n${rootText}`,
    `o\n7\n`,
    `\n7\n${rootText}\n`,
    `o\n07\n${rootText}\n`,
    `o\n+7\n${rootText}\n`,
    `o\n-7\n${rootText}\n`,
    `o\n7.0\n${rootText}\n`,
    `o\n0x7\n${rootText}\n`,
    `o\n 7\n${rootText}\n`,
    `o\n９\n${rootText}\n`,
    `o\n9007199254740992\n${rootText}\n`,
    `o\n7\n${rootText} \n`,
    `o\n7\n${rootText.slice(0, -1)}\n`,
    `o\n7\n${toHex(root)}\n`,
    `o\n7\nAAAA\n`,
    `o\n7\n${rootText}\n\n`,
    `o\n7\n${rootText}\n\nextra\n`,
    `o\n7\n${rootText}\nextra`,
    `o\r\n7\r\n${rootText}\r\n`,
    `o\n0\n${rootText}\n`,
  ])('refuses %j', (body) => {
    expectCode('bad-checkpoint', () => parseCheckpoint(body));
  });

  test.each(['', 'two words', 'a+b', 'line\nbreak', 'tab\t', '\u0085', '\u00a0'])(
    'is not written for the origin %j',
    (origin) => {
      expectCode('bad-checkpoint', () => formatCheckpoint({ origin, size: 7, root }));
    },
  );

  test('is not written for an impossible log', () => {
    expectCode('bad-checkpoint', () => formatCheckpoint({ origin: 'o', size: 0, root }));
    expectCode('bad-checkpoint', () => formatCheckpoint({ origin: 'o', size: 1.5, root }));
    expectCode('bad-checkpoint', () => formatCheckpoint({ origin: 'o', size: -1, root }));
    expectCode('bad-checkpoint', () => formatCheckpoint({ origin: 'o', size: 1, root: root.slice(1) }));
  });

  test('names its log in the registry by the hash of its origin', () => {
    expect(toHex(logIdOf('example.com/log'))).toBe(
      '4d3203c8f35cdf600e475f55fede6081a703d3d322f208865fca2ec4f0e030f8',
    );
  });
});
