import { encodeCanonical, sha256, toHex } from '@testigo/trail';

/**
 * How a face box becomes the 48x48 gray picture that a network reads: FER-2013's framing. Whoever cuts faces
 * (the API) follows it, the model manifest names its digest, so a reading says how its picture was made.
 */
export const PREPROCESSING = {
  type: 'preprocessing',
  version: 1,
  crop: {
    shape: 'square',
    sideOfBoxWidthPermille: 1170,
    centreUpOfBoxWidthPermille: 110,
    outside: 'repeat-edge',
  },
  gray: 'bt601',
  shrink: 'area-average',
  width: 48,
  height: 48,
} as const;

export const preprocessingBytes = (): Uint8Array => encodeCanonical(PREPROCESSING);
export const preprocessingDigest = (): string => toHex(sha256(preprocessingBytes()));
