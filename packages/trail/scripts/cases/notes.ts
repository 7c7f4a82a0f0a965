import {
  computeRoot,
  fromHex,
  hashLeaf,
  keyPairOf,
  newLogSigner,
  sha256,
  signNote,
  toBase64,
  toHex,
  utf8,
  verifierKey,
} from '../../src/index.ts';
import { flipBit, type VectorCase, type VectorFile } from './case.ts';
import { checkpoints } from './checkpoints.ts';
import { signatures } from './signatures.ts';

const secret = (seed: string): Uint8Array => sha256(utf8(`secret ${seed}`));
const ROOT = toBase64(computeRoot([hashLeaf(utf8('leaf 0'))]));
const ORIGIN = 'log.example/calls';

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

export const noteVectors = (): VectorFile[] => [checkpoints(), notes(), verifierKeys(), signatures()];
