// Proof verification. Both functions are total: malformed input is false, never an exception, so that a hostile
// proof cannot turn a verification into a crash that somebody mistakes for a pass.
import { isBytes } from '@noble/hashes/utils.js';
import { equalBytes } from '../encoding/text.ts';
import { EMPTY_ROOT, HASH_BYTES, type Hash, hashChildren } from './hashing.ts';
import { appendToRange, emptyRange, rootOfRange } from './range.ts';

/** A tree of 2^53 leaves has paths of 53 hashes; nothing longer can be a proof. */
const MAX_PROOF_HASHES = 63;

const isHash = (hash: unknown): hash is Hash => isBytes(hash) && hash.length === HASH_BYTES;
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isProof = (proof: readonly Hash[]): boolean =>
  Array.isArray(proof) && proof.length <= MAX_PROOF_HASHES && Array.from(proof).every(isHash); // holes too

// Sizes pass 2^31, so bit operators are out.
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

export interface InclusionClaim {
  readonly leafHash: Hash;
  readonly index: number;
  readonly size: number;
  /** Sibling hashes, leaf end first. */
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** Is the leaf at `index` of the log with this root? RFC 9162, section 2.1.3.2. */
export function verifyInclusion({ leafHash, index, size, proof, root }: InclusionClaim): boolean {
  if (
    !isSize(index) ||
    !isSize(size) ||
    index >= size ||
    !isHash(leafHash) ||
    !isHash(root) ||
    !isProof(proof)
  )
    return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = hashChildren(sibling, hash);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = hashChildren(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equalBytes(hash, root);
}

export interface ConsistencyClaim {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Hash;
  readonly root2: Hash;
  readonly proof: readonly Hash[];
}

/**
 * Is the log of `size2` leaves an extension of the one of `size1`? RFC 9162, section 2.1.4.2.
 * size1 = 0 is consistent with everything, but only for the empty root and an empty proof.
 */
export function verifyConsistency({ size1, size2, root1, root2, proof }: ConsistencyClaim): boolean {
  if (
    !isSize(size1) ||
    !isSize(size2) ||
    size1 > size2 ||
    !isHash(root1) ||
    !isHash(root2) ||
    !isProof(proof)
  )
    return false;
  if (size1 === size2)
    return proof.length === 0 && equalBytes(root1, root2) && (size1 > 0 || equalBytes(root1, EMPTY_ROOT));
  if (size1 === 0) return proof.length === 0 && equalBytes(root1, EMPTY_ROOT);
  if (proof.length === 0) return false;
  return walkConsistency(size1, size2, proof, root1, root2);
}

function walkConsistency(
  size1: number,
  size2: number,
  proof: readonly Hash[],
  root1: Hash,
  root2: Hash,
): boolean {
  let node = size1 - 1;
  let last = size2 - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // A power of two is its own subtree: the proof then leaves out the node the verifier already has.
  const path = node === 0 ? [root1, ...proof] : proof;
  let [hash1, hash2] = [path[0] as Hash, path[0] as Hash];
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash1 = hashChildren(sibling, hash1);
      hash2 = hashChildren(sibling, hash2);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash2 = hashChildren(hash2, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equalBytes(hash1, root1) && equalBytes(hash2, root2);
}

/** Root of the tree over all these leaf hashes. */
export const computeRoot = (leafHashes: readonly Hash[]): Hash =>
  rootOfRange(leafHashes.reduce((range, leaf) => appendToRange(range, leaf), emptyRange()));
