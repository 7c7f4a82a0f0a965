import { describe, expect, test } from 'vitest';
import { EVIDENCE } from '../../test/evidence.ts';
import { expectCode } from '../../test/expect-code.ts';
import { fromUtf8, utf8 } from '../encoding/text.ts';
import { type EvidenceBundle, encodeEvidenceBundle, parseEvidenceBundle } from './evidence-bundle.ts';

const anchor = EVIDENCE.anchor!;
const disclosure = EVIDENCE.disclosures[0]!;

describe('an evidence bundle', () => {
  test('reads back, with or without a newline at the end', () => {
    const bytes = encodeEvidenceBundle(EVIDENCE);
    expect(parseEvidenceBundle(bytes)).toEqual(EVIDENCE);
    expect(parseEvidenceBundle(utf8(`${fromUtf8(bytes)}\n`))).toEqual(EVIDENCE);
    expectCode('not-canonical', () => parseEvidenceBundle(utf8(`${fromUtf8(bytes)}\n\n`)));
    expectCode('not-canonical', () => parseEvidenceBundle(utf8(`${fromUtf8(bytes)} `)));
  });

  test('may lack anchor, model and dataset, but not the list of disclosures', () => {
    const { anchor: _a, modelManifest: _m, datasetEnvelope: _d, ...bare } = EVIDENCE;
    expect(parseEvidenceBundle(encodeEvidenceBundle({ ...bare, disclosures: [] })).anchor).toBeUndefined();
    const { disclosures: _, ...none } = bare;
    expectCode('bad-evidence', () => encodeEvidenceBundle(none as EvidenceBundle));
  });

  test.each([
    ['an unknown field', { extra: 1 }],
    ['another version', { version: 2 }],
    ['base64 without padding', { record: 'AAA' }],
    ['base64 with stray characters', { record: 'AA=A' }],
    ['a negative index', { leafIndex: -1 }],
    ['a proof of 64 hashes', { inclusionProof: Array.from({ length: 64 }, () => 'ab'.repeat(32)) }],
    ['an upper-case hash', { inclusionProof: ['AB'.repeat(32)] }],
    ['a carriage return in the checkpoint', { checkpoint: 'a\r\n' }],
    ['no checkpoint', { checkpoint: '' }],
    ['a registry that is no address', { anchor: { ...anchor, registry: '0x00' } }],
    ['an anchor without a root', { anchor: { ...anchor, root: '' } }],
    ['a null anchor', { anchor: null }],
    ['a field disclosed twice', { disclosures: [disclosure, { ...disclosure, value: '' }] }],
    ['a field that is no name', { disclosures: [{ ...disclosure, field: '__proto__' }] }],
    ['a short salt', { disclosures: [{ ...disclosure, salt: 'ab' }] }],
  ])('with %s is refused', (_, change) => {
    expectCode('bad-evidence', () => encodeEvidenceBundle({ ...EVIDENCE, ...change } as EvidenceBundle));
  });

  test('is at most 32 MiB', () => {
    expectCode('too-large', () => parseEvidenceBundle(new Uint8Array(33 * 1024 * 1024)));
  });
});
