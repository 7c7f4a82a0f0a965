import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import {
  computeRoot,
  EMPTY_ROOT,
  formatCheckpoint,
  fromHex,
  hashLeaf,
  keyPairOf,
  newLogSigner,
  sha256,
  signBytes,
  signNote,
  toBase64,
  toHex,
  utf8,
  verifierKey,
} from '../../src/index.ts';
import { flipBit, hexOf, pick, type VectorCase, type VectorFile } from './case.ts';

const secret = (seed: string): Uint8Array => sha256(utf8(`secret ${seed}`));
const ROOT = toBase64(computeRoot([hashLeaf(utf8('leaf 0'))]));
const ORIGIN = 'log.example/calls';

function checkpoints(): VectorFile {
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

function notes(): VectorFile {
  const key = (name: string, seed = name): string => verifierKey(name, keyPairOf(secret(seed)).publicKey);
  const signer = (name: string, seed = name) => newLogSigner({ name, secretKey: secret(seed) });
  const body = `${ORIGIN}\n7\n${ROOT}\n`;
  const note = signNote(body, signer(ORIGIN));
  const line = note.slice(body.length + 1);
  const [first, last] = [line.split(' ')[2]!.trim(), 'AAAA'];
  const good = (
    name: string,
    text: string,
    keys: readonly string[],
    verifiedBy: readonly string[],
  ): VectorCase => ({
    name,
    valid: true,
    text,
    verifierKeys: keys,
    verifiedBy,
  });
  const id = (name: string, seed = name): string => key(name, seed).split('+').slice(0, 2).join('+');
  const bad = (name: string, text: string): VectorCase => ({
    name,
    valid: false,
    text,
    verifierKeys: [key(ORIGIN)],
  });
  const bodies = Array.from(
    { length: 12 },
    (_, i) => `${ORIGIN}\n${i + 1}\n${toBase64(sha256(utf8(`${i}`)))}\n`,
  );
  return {
    name: 'notes',
    about:
      'docs/spec/checkpoint.md, "Signed note". Valid: well-formed, and no signature by a given key is wrong; verifiedBy lists who signed.',
    cases: [
      good('one signature', note, [key(ORIGIN)], [id(ORIGIN)]),
      ...bodies.map((b, i) =>
        good(`size ${i + 1}`, signNote(b, signer(ORIGIN)), [key(ORIGIN)], [id(ORIGIN)]),
      ),
      good('no key given', note, [], []),
      good('another key given', note, [key('witness.example')], []),
      good('the same name under another key', note, [key(ORIGIN, 'other')], []),
      good('the same key under another name', note, [key('log.example/other', ORIGIN)], []),
      good(
        'two signatures, one known',
        signNote(body, signer('w.example'), signer(ORIGIN)),
        [key(ORIGIN)],
        [id(ORIGIN)],
      ),
      good(
        'two signatures, both known',
        signNote(body, signer('w.example'), signer(ORIGIN)),
        [key(ORIGIN), key('w.example')],
        [id('w.example'), id(ORIGIN)],
      ),
      good('a signature given twice', `${note}${line}`, [key(ORIGIN)], [id(ORIGIN)]),
      good('a signature of unknown type', `${note}— ${ORIGIN} ${last}AAAA\n`, [key(ORIGIN)], [id(ORIGIN)]),
      good(
        '15 post-quantum signatures beside ours',
        `${note}${Array.from({ length: 15 }, (_, i) => `— w${i}.example ${toBase64(new Uint8Array(4_900).fill(i))}\n`).join('')}`,
        [key(ORIGIN)],
        [id(ORIGIN)],
      ),
      good('a text with empty lines', signNote('a\n\nb\n', signer(ORIGIN)), [key(ORIGIN)], [id(ORIGIN)]),
      good('a text that is a newline', signNote('\n', signer(ORIGIN)), [key(ORIGIN)], [id(ORIGIN)]),
      good('a text with an em dash', signNote('— a\n', signer(ORIGIN)), [key(ORIGIN)], [id(ORIGIN)]),
      good(
        'the example of C2SP signed-note',
        'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n',
        [key(ORIGIN)],
        [],
      ),
      bad('nothing', ''),
      bad('no signature', `${body}\n`),
      bad('no blank line', body),
      bad('no last newline', note.slice(0, -1)),
      bad('carriage returns', note.replaceAll('\n', '\r\n')),
      bad('a tab in the text', note.replace('log', 'l\tog')),
      bad('a zero byte', note.replace('log', 'l\u0000og')),
      bad('another size', note.replace('\n7\n', '\n8\n')),
      bad('another origin', note.replace('log.example/calls\n7', 'log.example/other\n7')),
      bad('another root', note.replace(ROOT, toBase64(sha256(utf8('other'))))),
      bad('a line added to the text', note.replace('\n\n', '\nextra\n\n')),
      bad(
        'a changed signature',
        note.replace(first, `${first.slice(0, 20)}${first[20] === 'A' ? 'B' : 'A'}${first.slice(21)}`),
      ),
      bad(
        'a signature with the known key hash and nothing right',
        `${body}\n— ${ORIGIN} ${toBase64(new Uint8Array([...fromHex(id(ORIGIN).split('+')[1]!), ...new Uint8Array(64)]))}\n`,
      ),
      bad(
        'a signature of 63 bytes',
        `${body}\n— ${ORIGIN} ${toBase64(new Uint8Array([...fromHex(id(ORIGIN).split('+')[1]!), ...new Uint8Array(63)]))}\n`,
      ),
      bad(
        'one right and one wrong signature by the key',
        `${note}— ${ORIGIN} ${toBase64(new Uint8Array([...fromHex(id(ORIGIN).split('+')[1]!), ...new Uint8Array(64)]))}\n`,
      ),
      bad('a hyphen for the em dash', note.replace('—', '-')),
      bad('an en dash', note.replace('—', '–')),
      bad('two spaces', note.replace('— ', '—  ')),
      bad('a space at the end', `${note.slice(0, -1)} \n`),
      bad('a plus in the name', note.replace('— log', '— lo+g')),
      bad('an em space in the name', note.replace('— log', '— lo\u2003g')),
      bad('no name', note.replace(`— ${ORIGIN} `, '—  ')),
      bad('no base64', `${body}\n— ${ORIGIN} \n`),
      bad('base64 without padding', note.replace(/=+\n$/, '\n')),
      bad('URL-safe base64', `${body}\n— ${ORIGIN} ____AAAA\n`),
      bad('a signature of 4 bytes', `${body}\n— ${ORIGIN} AAAAAA==\n`),
      bad('a replacement character', note.replace('log', 'l\ufffdg')),
      bad('text after the signatures', `${note}extra\n`),
      bad('101 signatures', `${body}\n${line.repeat(101)}`),
      bad('more than 262,144 bytes', note.replace('\n7\n', `\n${'é'.repeat(131_072)}\n`)),
    ],
  };
}

function verifierKeys(): VectorFile {
  const names = [ORIGIN, 'a', 'example.com/log42', 'bücher.example'];
  const good = names.flatMap((name) =>
    [1, 2, 3, 4, 5].map((n): VectorCase => {
      const { publicKey } = keyPairOf(secret(`${name} ${n}`));
      const key = verifierKey(name, publicKey);
      return {
        name: `${name} ${n}`,
        valid: true,
        key,
        keyName: name,
        keyHash: key.split('+')[1],
        publicKey: toHex(publicKey),
      };
    }),
  );
  const key = good[0]!.key as string;
  const publicKey = keyPairOf(secret(`${ORIGIN} 1`)).publicKey;
  const [, hash = '', data = ''] = key.split('+');
  const typed = (type: number, bytes: Uint8Array): string => toBase64(Uint8Array.of(type, ...bytes));
  const bad: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['only a name', ORIGIN],
    ['no key', `${ORIGIN}+${hash}`],
    ['an empty key', `${ORIGIN}+${hash}+`],
    ['no base64', `${ORIGIN}+${hash}+!!!!`],
    ['no name', `+${hash}+${data}`],
    ['a name with a space', `log example+${hash}+${data}`],
    ['another hash', `${ORIGIN}+${flipBit(hash, 3)}+${data}`],
    ['another name', `log.example/other+${hash}+${data}`],
    ['a hash in capitals', `${ORIGIN}+${hash.toUpperCase()}A+${data}`],
    ['a hash of 3 bytes', `${ORIGIN}+${hash.slice(2)}+${data}`],
    ['type 4', `${ORIGIN}+${hash}+${typed(4, publicKey)}`],
    ['a key of 31 bytes', `${ORIGIN}+${hash}+${typed(1, publicKey.slice(1))}`],
    ['a space at the end', `${key} `],
  ];
  return {
    name: 'verifier-keys',
    about: 'docs/spec/checkpoint.md, "Verifier key".',
    cases: [...good, ...bad.map(([name, text]) => ({ name, valid: false, key: text }))],
  };
}

const L = ed25519.Point.Fn.ORDER;
const littleEndian = (n: bigint): string =>
  toHex(Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 0xffn)));
const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);

/** Signatures of a key that has a part of small order: valid only where the equation is multiplied by the cofactor. */
function mixedOrder(): VectorCase {
  const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const a = 123_456_789n;
  const publicKey = ed25519.Point.BASE.multiply(a).add(torsion).toBytes();
  const r = 987_654_321n;
  const R = ed25519.Point.BASE.multiply(r).toBytes();
  const message = utf8('mixed order');
  const k = sha512Mod(R, publicKey, message);
  const S = (r + k * a) % L;
  return {
    name: 'a key of mixed order, verified with the cofactor',
    valid: true,
    publicKey: toHex(publicKey),
    message: toHex(message),
    signature: toHex(R) + littleEndian(S),
  };
}

function sha512Mod(...parts: readonly Uint8Array[]): bigint {
  const hash = sha512.create();
  for (const part of parts) hash.update(part);
  return numberOf(hash.digest()) % L;
}

function signatures(): VectorFile {
  const good = Array.from({ length: 30 }, (_, i): VectorCase => {
    const secretKey = secret(`signature ${i}`);
    const message = Uint8Array.from({ length: pick(`length ${i}`, 200) * (i % 2) }, (_x, j) =>
      pick(`${i} ${j}`, 256),
    );
    return {
      name: `key ${i}, ${message.length} bytes`,
      valid: true,
      publicKey: toHex(keyPairOf(secretKey).publicKey),
      message: toHex(message),
      signature: toHex(signBytes(message, secretKey)),
    };
  });
  const rfc8032: VectorCase = {
    name: 'RFC 8032 section 7.1, test 2',
    valid: true,
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  };
  const base = good[1]! as VectorCase & { publicKey: string; message: string; signature: string };
  const R = base.signature.slice(0, 64);
  const s = numberOf(fromHex(base.signature.slice(64)));
  const change = (name: string, fields: object): VectorCase => ({ ...base, ...fields, name, valid: false });
  const neutral = `01${'00'.repeat(31)}`;
  const zero = '00'.repeat(32);
  return {
    name: 'signatures',
    about:
      'Ed25519 as docs/spec/checkpoint.md demands it: RFC 8032 section 5.1.7 with the cofactor, canonical encodings, no key of small order.',
    cases: [
      rfc8032,
      ...good,
      mixedOrder(),
      change('another message', { message: `${base.message}00` }),
      change('another key', { publicKey: good[2]!.publicKey }),
      ...[0, 100, 255, 256, 300, 500].map((bit) =>
        change(`bit ${bit} flipped`, { signature: flipBit(base.signature, bit) }),
      ),
      change('S + L', { signature: R + littleEndian(s + L) }),
      change('S = L', { signature: R + littleEndian(L) }),
      change('S = 0', { signature: R + zero }),
      change('the halves swapped', { signature: base.signature.slice(64) + R }),
      change('all zero', { signature: zero + zero }),
      change('63 bytes', { signature: base.signature.slice(2) }),
      change('65 bytes', { signature: `${base.signature}00` }),
      change('no signature', { signature: '' }),
      change('a key of 31 bytes', { publicKey: base.publicKey.slice(2) }),
      change('the neutral element as the key', { publicKey: neutral, signature: neutral + zero }),
      change('the neutral element, encoded as p + 1', {
        publicKey: `ee${'ff'.repeat(30)}7f`,
        signature: neutral + zero,
      }),
      change('the neutral element with a negative zero', {
        publicKey: `01${'00'.repeat(30)}80`,
        signature: neutral + zero,
      }),
      change('a key of order 2', { publicKey: `ec${'ff'.repeat(30)}7f`, signature: neutral + zero }),
      change('a key of order 4', { publicKey: zero, signature: neutral + zero }),
      change('a key of order 8', {
        publicKey: '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        signature: neutral + zero,
      }),
      change('R encoded as p + 1', { signature: `ee${'ff'.repeat(30)}7f${base.signature.slice(64)}` }),
      change('a key that is no point', { publicKey: `02${'00'.repeat(31)}` }),
      change('R that is no point', { signature: `02${'00'.repeat(31)}${base.signature.slice(64)}` }),
      change('a text as the key', { publicKey: hexOf('x'.repeat(32)) }),
    ],
  };
}

export const noteVectors = (): VectorFile[] => [checkpoints(), notes(), verifierKeys(), signatures()];
