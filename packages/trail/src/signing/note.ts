// C2SP signed-note (https://c2sp.org/signed-note) with Ed25519 keys (type 0x01). Signatures of other types, such as
// a witness's, are carried along and ignored.
import { fromBase64, fromHex, isWellFormed, toBase64, toHex, utf8 } from '../encoding/text.ts';
import { TrailError } from '../errors.ts';
import { sha256 } from '../log/hashing.ts';
import { isKeyName } from '../log/key-name.ts';
import { keyPairOf, type SignatureVerifier, signBytes, verifySignature } from './ed25519.ts';

const ED25519 = 0x01;
const SIGNATURE_LINE = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+=*)$/;
// signed-note: at least 16 signatures must fit, and a post-quantum one has nearly 5 kB, 7 kB in base64.
const MAX_NOTE_BYTES = 262_144;
const MAX_SIGNATURES = 100;

export interface NoteSigner {
  readonly name: string;
  /** First 4 bytes of SHA-256(name || "\n" || type || public key). */
  readonly keyHash: Uint8Array;
  sign(body: Uint8Array): Uint8Array;
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyHash: Uint8Array;
  verify(body: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

export interface OpenedNote {
  /** The signed text, with its last newline. */
  readonly body: string;
  readonly signatures: readonly NoteSignature[];
  /** Verifier keys' names and hashes that signed it, as `name+hash`; empty if none of the given ones did. */
  readonly verifiedBy: readonly string[];
}

function checkName(name: string): void {
  if (!isKeyName(name))
    throw new TrailError(
      'bad-key',
      `A key name has no spaces, control characters or plus sign: ${JSON.stringify(name)}.`,
    );
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
};

const keyHashOf = (name: string, typedKey: Uint8Array): Uint8Array =>
  sha256(concat(utf8(`${name}\n`), typedKey)).slice(0, 4);

/** `name+hash+base64(0x01 || key)`. @throws TrailError `bad-key` */
export function verifierKey(name: string, publicKey: Uint8Array): string {
  checkName(name);
  if (publicKey.length !== 32) throw new TrailError('bad-key', 'An Ed25519 public key has 32 bytes.');
  const typed = concat(Uint8Array.of(ED25519), publicKey);
  return `${name}+${toHex(keyHashOf(name, typed))}+${toBase64(typed)}`;
}

/** The parts of a verifier key. @throws TrailError `bad-key` unless hash and key agree */
export function parseVerifierKey(text: string): {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly publicKey: Uint8Array;
} {
  const [name = '', hash = '', ...rest] = text.split('+');
  checkName(name);
  let typed: Uint8Array;
  let keyHash: Uint8Array;
  try {
    typed = fromBase64(rest.join('+'));
    keyHash = fromHex(hash, 4);
  } catch (cause) {
    throw new TrailError('bad-key', 'A verifier key is name+hash+base64.', { cause });
  }
  if (typed.length !== 33 || typed[0] !== ED25519)
    throw new TrailError('bad-key', 'The verifier key is not an Ed25519 key of type 0x01.');
  if (toHex(keyHashOf(name, typed)) !== hash)
    throw new TrailError('bad-key', `The key hash ${hash} does not belong to the key.`);
  return { name, keyHash, publicKey: typed.slice(1) };
}

/** @throws TrailError `bad-key` */
export function newNoteVerifier(key: string, verify: SignatureVerifier = verifySignature): NoteVerifier {
  const { name, keyHash, publicKey } = parseVerifierKey(key);
  return { name, keyHash, verify: (body, signature) => verify(signature, body, publicKey) };
}

/** Signs notes as `name`, the log's origin. @throws TrailError `bad-key` */
export function newLogSigner({
  name,
  secretKey,
}: {
  readonly name: string;
  readonly secretKey: Uint8Array;
}): NoteSigner {
  const { publicKey } = keyPairOf(secretKey);
  const { keyHash } = parseVerifierKey(verifierKey(name, publicKey));
  return { name, keyHash, sign: (body) => signBytes(body, secretKey) };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/u;

// U+FFFD is what decoders write for bytes that are not UTF-8: such a text is not the one that was signed.
function checkText(text: string): void {
  if (!isWellFormed(text) || CONTROL.test(text) || text.includes('\ufffd'))
    throw new TrailError('bad-note', 'It has control characters or is not valid Unicode.');
  if (utf8(text).length > MAX_NOTE_BYTES)
    throw new TrailError('bad-note', `It is larger than ${MAX_NOTE_BYTES} bytes.`);
}

/** The body and one signature line a signer. @throws TrailError `bad-note` for what `openNote` would refuse */
export function signNote(body: string, ...signers: readonly NoteSigner[]): string {
  checkText(body);
  if (!body.endsWith('\n')) throw new TrailError('bad-note', 'A note body ends in a newline.');
  if (signers.length === 0) throw new TrailError('bad-note', 'A note has at least one signature.');
  const lines = signers.map(
    (signer) => `\u2014 ${signer.name} ${toBase64(concat(signer.keyHash, signer.sign(utf8(body))))}\n`,
  );
  const note = `${body}\n${lines.join('')}`;
  checkText(note);
  return note;
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name = '', base64 = ''] = SIGNATURE_LINE.exec(line) ?? [];
  if (!isKeyName(name)) throw new TrailError('bad-note', 'A signature line is malformed.');
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(base64);
  } catch (cause) {
    throw new TrailError('bad-note', 'A signature is not base64.', { cause });
  }
  if (bytes.length < 5) throw new TrailError('bad-note', 'A signature is too short.');
  return { name, keyHash: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/**
 * Splits a note and checks it against the given verifiers. Signatures by unknown keys are ignored, as the format
 * asks; a bad signature by a known key makes the whole note malformed, so that it can never count as merely unsigned.
 * @throws TrailError `bad-note`
 */
export function openNote(text: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  checkText(text);
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n'))
    throw new TrailError('bad-note', 'There is no body followed by signatures.');
  const body = text.slice(0, split + 1);
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES)
    throw new TrailError('bad-note', `It has more than ${MAX_SIGNATURES} signatures.`);
  const signatures = lines.map(parseSignatureLine);
  const bytes = utf8(body);
  const verifiedBy = new Set<string>();
  for (const { name, keyHash, signature } of signatures) {
    const known = verifiers.find((v) => v.name === name && toHex(v.keyHash) === toHex(keyHash));
    if (!known) continue;
    if (!known.verify(bytes, signature))
      throw new TrailError('bad-note', `The signature by ${name} does not verify.`);
    verifiedBy.add(`${name}+${toHex(keyHash)}`);
  }
  return { body, signatures, verifiedBy: [...verifiedBy] };
}
