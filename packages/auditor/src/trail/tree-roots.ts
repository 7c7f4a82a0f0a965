import { hash } from 'node:crypto';
import { EMPTY_ROOT } from '@testigo/trail';

/** A leaf of a log is at most 65,535 bytes; its prefix stands before it. */
const LEAF = new Uint8Array(65_536);
const NODE = Uint8Array.of(0x01, ...new Uint8Array(64));

/**
 * SHA-256 in one call, by way of a string of one character a byte: an object for each hash and a buffer of its own for
 * each result cost as much as the hashing itself, a million times over.
 */
const digest = (message: Uint8Array): Uint8Array => Buffer.from(hash('sha256', message, 'binary'), 'binary');

/** SHA-256(0x00 || record), RFC 6962 section 2.1: node's SHA-256 is many times as fast here as the portable one. */
export function hashLeafFast(record: Uint8Array): Uint8Array {
  const length = record.length + 1;
  const message = length > LEAF.length ? new Uint8Array(length) : LEAF.subarray(0, length);
  message.set(record, 1);
  return digest(message);
}

/** SHA-256(0x01 || left || right) of two hashes of 32 bytes. */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== 32 || right.length !== 32)
    throw new RangeError('a node is made of two hashes of 32 bytes');
  NODE.set(left, 1);
  NODE.set(right, 33);
  return digest(NODE);
}

/** Root of a run of leaf hashes that is not empty. RFC 6962, section 2.1. */
export function rootOfLeaves(hashes: Uint8Array, from: number, to: number): Uint8Array {
  if (to - from === 1) return hashes.subarray(from * 32, from * 32 + 32);
  const middle = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
  return hashNode(rootOfLeaves(hashes, from, middle), rootOfLeaves(hashes, middle, to));
}

/**
 * The tree over bundles of 256 records, kept as its perfect subtrees: the root after any number of records costs a
 * dozen hashes, and memory does not grow with the log.
 */
export class BundleTree {
  readonly #peaks: { readonly level: number; readonly hash: Uint8Array }[] = [];

  /** Adds the root of one full bundle; `onNode` sees every perfect subtree this completes, by level above the bundle. */
  append(bundleRoot: Uint8Array, onNode?: (level: number, hash: Uint8Array) => void): void {
    let node = { level: 0, hash: bundleRoot };
    onNode?.(0, bundleRoot);
    for (let peak = this.#peaks.at(-1); peak?.level === node.level; peak = this.#peaks.at(-1)) {
      this.#peaks.pop();
      node = { level: node.level + 1, hash: hashNode(peak.hash, node.hash) };
      onNode?.(node.level, node.hash);
    }
    this.#peaks.push(node);
  }

  /** Root of the log that ends `count` records into the current bundle. */
  rootWith(hashes: Uint8Array, count: number): Uint8Array {
    const edge = count === 0 ? undefined : rootOfLeaves(hashes, 0, count);
    const parts = [...this.#peaks.map((peak) => peak.hash), ...(edge ? [edge] : [])];
    const last = parts.pop();
    return last === undefined ? EMPTY_ROOT : parts.reduceRight((root, peak) => hashNode(peak, root), last);
  }
}
