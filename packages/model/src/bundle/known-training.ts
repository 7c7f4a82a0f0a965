import { decodePrefixes } from '../data/copies.ts';
import { decodeReference, REFERENCE_FILE } from '../evidence/reference.ts';

/** Digest prefixes that a bundle carries of its training pictures, alone or with reference readings; null where it has none. */
export const knownTraining = (files: ReadonlyMap<string, Uint8Array>): Set<string> | null => {
  const digests = files.get('training-digests.bin');
  if (digests) return decodePrefixes(digests);
  const reference = files.get(REFERENCE_FILE);
  return reference ? new Set(decodeReference(reference).keys()) : null;
};
