import {
  computeRoot,
  EMPTY_ROOT,
  formatCheckpoint,
  hashLeaf,
  sha256,
  toBase64,
  toHex,
  utf8,
} from '../../src/index.ts';
import type { VectorCase, VectorFile } from './case.ts';

const ROOT = toBase64(computeRoot([hashLeaf(utf8('leaf 0'))]));
const ORIGIN = 'log.example/calls';

export function checkpoints(): VectorFile {
  const good = (origin: string, size: number, root: Uint8Array): VectorCase => ({
    name: `${origin}, ${size}`,
    valid: true,
    body: formatCheckpoint({ origin, size, root }),
    origin,
    size,
    root: toHex(root),
  });
  const sizes = [1, 9, 10, 255, 256, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
  const extended = { valid: true, size: 7, root: toHex(computeRoot([hashLeaf(utf8('leaf 0'))])) };
  const bodies: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['one newline', '\n'],
    ['no last newline', `o\n7\n${ROOT}`],
    ['no root', 'o\n7\n'],
    ['no origin', `\n7\n${ROOT}\n`],
    ['a leading zero', `o\n07\n${ROOT}\n`],
    ['two zeros', `o\n00\n${toBase64(EMPTY_ROOT)}\n`],
    ['a plus sign', `o\n+7\n${ROOT}\n`],
    ['a negative size', `o\n-7\n${ROOT}\n`],
    ['a fraction', `o\n7.0\n${ROOT}\n`],
    ['hexadecimal', `o\n0x7\n${ROOT}\n`],
    ['an exponent', `o\n1e3\n${ROOT}\n`],
    ['a space before the size', `o\n 7\n${ROOT}\n`],
    ['a space after the size', `o\n7 \n${ROOT}\n`],
    ['full-width digits', `o\n７\n${ROOT}\n`],
    ['an underscore', `o\n1_000\n${ROOT}\n`],
    ['2^53', `o\n9007199254740992\n${ROOT}\n`],
    ['a root in hex', `o\n7\n${'ab'.repeat(32)}\n`],
    ['a root without padding', `o\n7\n${ROOT.slice(0, -1)}\n`],
    ['a root with stray bits', `o\n7\n${'A'.repeat(42)}B=\n`],
    ['a root of 31 bytes', `o\n7\n${toBase64(new Uint8Array(31))}\n`],
    ['a root of 33 bytes', `o\n7\n${toBase64(new Uint8Array(33))}\n`],
    ['a space after the root', `o\n7\n${ROOT} \n`],
    ['a URL-safe root', `o\n7\n${toBase64(new Uint8Array(32).fill(255)).replaceAll('/', '_')}\n`],
    ['an empty line at the end', `o\n7\n${ROOT}\n\n`],
    ['an empty extension line', `o\n7\n${ROOT}\n\nextra\n`],
    ['an extension line without its newline', `o\n7\n${ROOT}\nextra`],
    ['carriage returns', `o\r\n7\r\n${ROOT}\r\n`],
    ['an empty log with a root', `o\n0\n${ROOT}\n`],
  ];
  return {
    name: 'checkpoints',
    about: 'docs/spec/checkpoint.md: bodies, without signatures.',
    cases: [
      good(ORIGIN, 0, EMPTY_ROOT),
      ...sizes.map((size) => good(ORIGIN, size, sha256(utf8(`root ${size}`)))),
      ...['a', 'example.com/log42', 'log.example:8443/x?y', 'bücher.example/log', '日本.example'].map(
        (origin) => good(origin, 7, sha256(utf8(origin))),
      ),
      { ...extended, name: 'an extension line', body: `${ORIGIN}\n7\n${ROOT}\nextra\n`, origin: ORIGIN },
      {
        ...extended,
        name: 'two extension lines',
        body: `${ORIGIN}\n7\n${ROOT}\nextra\nmore of it\n`,
        origin: ORIGIN,
      },
      {
        ...extended,
        name: 'an origin with spaces',
        body: `go.sum database tree\n7\n${ROOT}\n`,
        origin: 'go.sum database tree',
      },
      ...bodies.map(([name, body]) => ({ name, valid: false, body })),
    ],
  };
}
