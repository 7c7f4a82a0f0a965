import { describe, expect, test } from 'vitest';
import { expectCode } from '../../test/expect-code.ts';
import { toBase64, toHex, utf8 } from '../encoding/text.ts';
import { keyPairOf } from './ed25519.ts';
import { newLogSigner, newNoteVerifier, openNote, parseVerifierKey, signNote, verifierKey } from './note.ts';

const secretKey = new Uint8Array(32).fill(7);
const { publicKey } = keyPairOf(secretKey);
const name = 'example.com/log';
const key = verifierKey(name, publicKey);
const signer = newLogSigner({ name, secretKey });
const other = newLogSigner({ name: 'example.com/other', secretKey: new Uint8Array(32).fill(8) });
const verifier = newNoteVerifier(key);
const body = `${name}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`;
const note = signNote(body, signer);

describe('a signed note', () => {
  test('opens with the key that signed it', () => {
    const { verifiedBy, signatures, ...opened } = openNote(note, [verifier]);
    expect(opened.body).toBe(body);
    expect(signatures).toHaveLength(1);
    expect(verifiedBy).toEqual([`${name}+${toHex(signer.keyHash)}`]);
  });

  // The example of https://c2sp.org/signed-note cannot be verified (its key is not published), only read.
  test('reads the example of the specification, with empty lines in its text', () => {
    const example =
      'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
    const opened = openNote(example, []);
    expect(opened.body.endsWith('\n\ned è subito sera.\n')).toBe(true);
    expect(opened.signatures[0]?.name).toBe('quasimodo.example/salvatore');
    expect(opened.verifiedBy).toEqual([]);
  });

  test('is unsigned, not malformed, for somebody who knows none of its keys', () => {
    expect(openNote(signNote(body, other), [verifier]).verifiedBy).toEqual([]);
    expect(openNote(signNote(body, other, signer), [verifier]).verifiedBy).toHaveLength(1);
    expect(openNote(note, []).verifiedBy).toEqual([]);
  });

  test('does not carry over to another log of the same key, or to the same name under another key', () => {
    const sameKey = newNoteVerifier(verifierKey('example.com/other', publicKey));
    expect(openNote(note, [sameKey]).verifiedBy).toEqual([]);
    const sameName = newNoteVerifier(verifierKey(name, keyPairOf(new Uint8Array(32).fill(9)).publicKey));
    expect(openNote(note, [sameName]).verifiedBy).toEqual([]);
  });

  test('is malformed once anything in it was changed', () => {
    const signature = note.slice(note.lastIndexOf(' ') + 1, -1);
    const flipped = `${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`;
    for (const changed of [
      note.replace('\n0\n', '\n1\n'),
      note.replace(signature, flipped),
      note.replace('example.com/log\n0', 'example.com/lag\n0'),
      `x${note}`,
    ])
      expectCode('bad-note', () => openNote(changed, [verifier]));
  });

  test.each([
    ['no signature', `${body}\n`],
    ['no blank line', body],
    ['no last newline', note.slice(0, -1)],
    ['a carriage return', note.replaceAll('\n', '\r\n')],
    ['a tab', note.replace('log', 'l\tog')],
    ['a hyphen for the dash', note.replace('—', '-')],
    ['two spaces', note.replace('— ', '—  ')],
    ['a trailing space', `${note.slice(0, -1)} \n`],
    ['a plus in the name', note.replace('— example', '— exa+mple')],
    ['a space that is not U+0020', note.replace('— example', '— exa\u2003mple')],
    ['a next-line character in the name', note.replace('— example', '— exa\u0085mple')],
    ['base64 without padding', note.replace(/=+\n$/, '\n')],
    ['base64 of 4 bytes', `${body}\n— ${name} AAAAAA==\n`],
    ['a replaced byte', note.replace('log', 'l\ufffdg')],
    ['a lone surrogate', note.replace('log', 'l\ud800g')],
    ['101 signatures', `${body}\n${note.slice(body.length + 1).repeat(101)}`],
    ['more than 256 KiB', signNote(body, signer).replace('\n0\n', `\n${'é'.repeat(131_072)}\n`)],
    ['an empty text', ''],
  ])('refuses %s', (_, text) => {
    expectCode('bad-note', () => openNote(text, []));
  });

  test('counts a signature given twice once', () => {
    const twice = `${note}${note.slice(body.length + 1)}`;
    expect(openNote(twice, [verifier]).verifiedBy).toHaveLength(1);
  });

  test('is not written where it could not be opened', () => {
    for (const text of [
      'no newline',
      '',
      'tab\t\n',
      'lone \ud800\n',
      'replaced \ufffd\n',
      `${'x'.repeat(262_143)}\n`,
    ])
      expectCode('bad-note', () => signNote(text, signer));
    expectCode('bad-note', () => signNote(body));
  });
});

describe('a verifier key', () => {
  test('reads back', () => {
    expect(parseVerifierKey(key)).toEqual({ name, keyHash: signer.keyHash, publicKey });
    // base64 may hold a plus sign
    const plus = Array.from({ length: 64 }, (_, i) => keyPairOf(new Uint8Array(32).fill(i)).publicKey)
      .map((k) => verifierKey(name, k))
      .find((k) => k.split('+').length > 3)!;
    expect(toBase64(parseVerifierKey(plus).publicKey)).not.toBe('');
  });

  test('is refused when malformed', () => {
    const [, hash = '', data = ''] = key.split('+');
    const typed = (type: number, length = 32): string =>
      toBase64(Uint8Array.of(type, ...publicKey.slice(0, length)));
    for (const bad of [
      '',
      name,
      `${name}+${hash}`,
      `${name}+${hash}+`,
      `${name}+${hash}+!`,
      `+${hash}+${data}`,
      `two words+${hash}+${data}`,
      `${name}+00000000+${data}`,
      `${name}+${hash.toUpperCase()}+${data}`,
      `${name}+${hash}+${typed(4)}`,
      `${name}+${hash}+${typed(1, 31)}`,
      `${key} `,
    ])
      expectCode('bad-key', () => parseVerifierKey(bad));
    expectCode('bad-key', () => verifierKey('a b', publicKey));
    expectCode('bad-key', () => verifierKey(name, publicKey.slice(1)));
    expectCode('bad-key', () => newLogSigner({ name, secretKey: utf8('short') }));
  });
});
