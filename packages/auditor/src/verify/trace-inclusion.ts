import { type EvidenceBundle, fromBase64, fromHex, hashChildren, hashLeaf, toHex } from '@testigo/trail';
import type { ProofStep } from '../report/report.ts';

/**
 * The steps of an inclusion proof for a picture of it; whether it proves anything is checkInclusion's business.
 * RFC 9162, section 2.1.3.2.
 */
export function traceInclusion(bundle: EvidenceBundle, size: number): ProofStep[] {
  let hash = hashLeaf(fromBase64(bundle.record));
  let node = bundle.leafIndex;
  let last = size - 1;
  let level = 0;
  return bundle.inclusionProof.map((sibling): ProofStep => {
    while (node % 2 === 0 && node === last && node > 0) {
      // Without a sibling at this level the hash rises as it is.
      [node, last] = [node / 2, Math.floor(last / 2)];
      level += 1;
    }
    const side = node % 2 === 1 ? 'left' : 'right';
    const start = toHex(hash);
    const other = fromHex(sibling);
    hash = side === 'left' ? hashChildren(other, hash) : hashChildren(hash, other);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
    level += 1;
    return { level, side, start, sibling, result: toHex(hash) };
  });
}
