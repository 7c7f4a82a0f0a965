// C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), Ed25519 cosignature/v1: a witness signs that it saw a
// checkpoint at a time, and that it is consistent with every one it saw before.
import {
  fromBase64,
  fromHex,
  keyPairOf,
  type NoteSignature,
  type NoteSigner,
  openNote,
  sha256,
  signBytes,
  signNote,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';

import { verifyFast } from '../signing/verify-fast.ts';

const TYPE = 0x04;
const TIMESTAMP_BYTES = 8;

const keyHashOf = (name: string, publicKey: Uint8Array): Uint8Array =>
  sha256(Uint8Array.from([...utf8(`${name}\n`), TYPE, ...publicKey])).slice(0, 4);

const messageOf = (body: Uint8Array, seconds: bigint): Uint8Array =>
  Uint8Array.from([...utf8(`cosignature/v1\ntime ${seconds}\n`), ...body]);

/** `name+hash+base64(0x04 || key)`: what others pin in their trust files. */
export function witnessKey(name: string, publicKey: Uint8Array): string {
  return `${name}+${toHex(keyHashOf(name, publicKey))}+${toBase64(Uint8Array.from([TYPE, ...publicKey]))}`;
}

export function newWitnessSigner(name: string, secretKey: Uint8Array, seconds: number): NoteSigner {
  const { publicKey } = keyPairOf(secretKey);
  const time = BigInt(seconds);
  return {
    name,
    keyHash: keyHashOf(name, publicKey),
    sign(body) {
      const timestamp = new Uint8Array(TIMESTAMP_BYTES);
      new DataView(timestamp.buffer).setBigUint64(0, time);
      return Uint8Array.from([...timestamp, ...signBytes(messageOf(body, time), secretKey)]);
    },
  };
}

/** The checkpoint with the witness's line added. */
export function cosign(checkpoint: string, signer: NoteSigner): string {
  const { body } = openNote(checkpoint, []);
  return checkpoint + signNote(body, signer).slice(body.length + 1);
}

/**
 * Which of these witnesses cosigned the checkpoint; one that is listed twice, or under two names, is one witness.
 * @throws TrailError for a key or a note that is malformed
 */
export function findWitnesses(checkpoint: string, witnesses: readonly string[]): string[] {
  const { body, signatures } = openNote(checkpoint, []);
  const found = new Map<string, string>();
  for (const key of witnesses) {
    const { name, keyHash, publicKey } = parseWitnessKey(key);
    const isSigned = signatures.some((line) => isCosignature(line, name, keyHash, publicKey, utf8(body)));
    if (isSigned && !found.has(toHex(publicKey))) found.set(toHex(publicKey), key);
  }
  return [...found.values()];
}

/** How many different keys these are. */
export const countWitnesses = (witnesses: readonly string[]): number =>
  new Set(witnesses.map((key) => toHex(parseWitnessKey(key).publicKey))).size;

function isCosignature(
  line: NoteSignature,
  name: string,
  keyHash: Uint8Array,
  publicKey: Uint8Array,
  body: Uint8Array,
): boolean {
  if (line.name !== name || toHex(line.keyHash) !== toHex(keyHash)) return false;
  if (line.signature.length !== TIMESTAMP_BYTES + 64) return false;
  const { buffer, byteOffset } = line.signature;
  const seconds = new DataView(buffer, byteOffset, TIMESTAMP_BYTES).getBigUint64(0);
  return verifyFast(line.signature.slice(TIMESTAMP_BYTES), messageOf(body, seconds), publicKey);
}

/** @throws Error unless name, hash and key belong together */
export function parseWitnessKey(text: string): { name: string; keyHash: Uint8Array; publicKey: Uint8Array } {
  const [name = '', hash = '', ...rest] = text.split('+');
  const typed = fromBase64(rest.join('+'));
  const publicKey = typed.slice(1);
  if (typed.length !== 33 || typed[0] !== TYPE || name === '')
    throw new Error(`${name || 'a witness key'} is not a witness key of type 0x04`);
  const keyHash = fromHex(hash, 4);
  if (toHex(keyHashOf(name, publicKey)) !== hash)
    throw new Error(`the key hash ${hash} does not belong to the key of ${name}`);
  return { name, keyHash, publicKey };
}
