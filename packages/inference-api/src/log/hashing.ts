import { hash } from 'node:crypto';
import { HASH_BYTES } from '@testigo/trail';

/*
 * RFC 9162 section 2.1.1: a leaf is SHA-256(0x00 || record), a node SHA-256(0x01 || left || right). The two
 * prefixes keep a node from ever passing for a leaf.
 *
 * The trail package defines these hashes for everybody. The sequencer, which hashes every record once, does it
 * with OpenSSL: five times as fast on a record of 800 bytes. A test holds the two implementations together.
 */
const LEAF_PREFIX = new Uint8Array([0]);
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 1;

export const hashRecordBytes = (bytes: Uint8Array): Uint8Array => {
  const prefixed = new Uint8Array(1 + bytes.length);
  prefixed.set(LEAF_PREFIX);
  prefixed.set(bytes, 1);
  return hash('sha256', prefixed, 'buffer');
};

export const hashPair = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return hash('sha256', node, 'buffer');
};
