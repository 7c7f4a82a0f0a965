import { type Checkpoint, type EvidenceBundle, fromHex, toHex, verifyInclusion } from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import type { Checked } from './checked.ts';

const SOURCE = 'bundle: leafIndex, inclusionProof';

/** Does the log of the checkpoint hold this record at this index? RFC 9162, section 2.1.3.2. */
export function checkInclusion(
  bundle: EvidenceBundle,
  leafHash: Uint8Array | undefined,
  checkpoint: Checkpoint | undefined,
): Checked<never> {
  if (leafHash === undefined || checkpoint === undefined) {
    return { findings: [makeFinding('inclusion-unchecked', { source: SOURCE })] };
  }
  const { leafIndex: index } = bundle;
  const { size, root } = checkpoint;
  if (index >= size) {
    const seen = `index ${index}`;
    const expected = `an index below ${size}`;
    return { findings: [makeFinding('inclusion-index-out-of-range', { expected, seen, source: SOURCE })] };
  }
  const proof = bundle.inclusionProof.map((hash) => fromHex(hash));
  const expected = `root ${toHex(root)} of ${size} records`;
  if (verifyInclusion({ leafHash, index, size, proof, root })) {
    const seen = `leaf ${toHex(leafHash)} at index ${index}, ${proof.length} proof hashes lead to the root`;
    return { findings: [makeFinding('inclusion-proven', { expected, seen, source: SOURCE })] };
  }
  const seen = `leaf ${toHex(leafHash)} at index ${index} leads to another root`;
  return { findings: [makeFinding('inclusion-proof-invalid', { expected, seen, source: SOURCE })] };
}
