import { createHmac } from 'node:crypto';

/**
 * A person in a professional role as 16 bytes of a keyed hash (docs/spec/record.md, "Pseudonyms"): the same
 * reviewer reads the same in every record, and nobody without the key can try names.
 */
export const createPseudonyms = (masterKey: Uint8Array): ((name: string) => string) => {
  const key = createHmac('sha256', masterKey).update('testigo/pseudonym/v1').digest();
  return (name) =>
    createHmac('sha256', key).update(name.normalize('NFC')).digest().subarray(0, 16).toString('hex');
};
