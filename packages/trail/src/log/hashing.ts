import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** 32 bytes, SHA-256. */
export type Hash = Uint8Array;

export const HASH_BYTES = 32;

export const sha256 = (bytes: Uint8Array): Hash => nobleSha256(bytes);

// RFC 6962, section 2.1: the prefixes keep a leaf from ever being read as an inner node, or a proof could
// claim that an inner node is a record.
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

/** MTH({}) = SHA-256(""). RFC 6962, section 2.1. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));

/** SHA-256(0x00 || record). RFC 6962, section 2.1. */
export const hashLeaf = (record: Uint8Array): Hash =>
  nobleSha256.create().update(LEAF).update(record).digest();

/** SHA-256(0x01 || left || right). RFC 6962, section 2.1. */
export const hashChildren = (left: Hash, right: Hash): Hash =>
  nobleSha256.create().update(NODE).update(left).update(right).digest();
