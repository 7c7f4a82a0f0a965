import { createHash } from 'node:crypto';
import { EMPTY_ROOT } from '@testigo/trail';

const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);

/** SHA-256(0x00 || record), RFC 6962 section 2.1: node's SHA-256 is five times as fast here as the portable one. */
export const hashLeafFast = (record: Uint8Array): Uint8Array =>
  createHash('sha256').update(LEAF_PREFIX).update(record).digest();

export const hashNode = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest();

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
