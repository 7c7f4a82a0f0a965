import { describe, expect, it } from 'vitest';
import { drawEvidence, encodeEvidence, floats } from '../../test/synthetic-evidence.ts';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { parseEvidenceFile } from './evidence-file.ts';
import { digestRows } from './sample-set.ts';

const set = drawSyntheticFaces(14, 'evidence');
const whole = drawEvidence(set, set.labels, () => false);
const refusal = expect.objectContaining({ code: 'evidence-file-invalid' });

describe('parseEvidenceFile', () => {
  it('reads what the format states', () => {
    const evidence = parseEvidenceFile(whole);
    expect(evidence).toMatchObject({
      kind: 'out-of-fold-networks',
      rows: 14,
      embeddingSize: 24,
      network: 'synthetic',
    });
    expect(evidence.rowsSha256).toBe(digestRows(set));
    expect(evidence.probabilities).toHaveLength(98);
    expect(evidence.margin).toBeUndefined();
  });

  it.each([0, 16, 20, 30, whole.length - 20])('refuses a file with byte %i changed', (at) => {
    const changed = whole.slice();
    changed[at]! ^= 1;
    expect(() => parseEvidenceFile(changed)).toThrow(refusal);
  });

  it.each([0, 10, 23, 100, whole.length - 200])('refuses a file cut to %i bytes', (length) => {
    expect(() => parseEvidenceFile(whole.slice(0, length))).toThrow(refusal);
  });

  it('refuses missing arrays, wrong shapes and numbers that are none', () => {
    const good = floats(new Float32Array(98).fill(1 / 7), [14, 7]);
    const embeddings = floats(
      Float32Array.from({ length: 14 }, (_, row) => row),
      [14, 1],
    );
    const bad = [
      { probabilities: good },
      {
        probabilities: floats(new Float32Array(98), [7, 14]),
        embeddings: floats(new Float32Array(14), [14, 1]),
      },
      { probabilities: good, embeddings: floats(new Float32Array(14).fill(Number.NaN), [14, 1]) },
      { probabilities: good, embeddings: floats(new Float32Array(14), [14, 1]) },
      { probabilities: good, embeddings: floats(new Float32Array(0), [14, 0]) },
      { probabilities: floats(new Float32Array(98), [14, 7]), embeddings },
      { probabilities: floats(new Float32Array(98).fill(-1), [14, 7]), embeddings },
    ];
    expect(parseEvidenceFile(encodeEvidence(set, { probabilities: good, embeddings })).rows).toBe(14);
    for (const arrays of bad) expect(() => parseEvidenceFile(encodeEvidence(set, arrays))).toThrow(refusal);
  });
});
