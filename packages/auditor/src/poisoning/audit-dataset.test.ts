import { computeRoot, fromHex, signDsse } from '@testigo/trail';
import { describe, expect, it } from 'vitest';
import { drawEvidence, floats } from '../../test/synthetic-evidence.ts';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { poisonSet } from '../bench/attacks.ts';
import { auditDataset } from './audit-dataset.ts';
import { encodeReserve, openReserve, RESERVE_PAYLOAD_TYPE } from './clean-reserve.ts';
import { buildDatasetVerdict } from './dataset-verdict.ts';
import { parseEvidenceFile } from './evidence-file.ts';
import { checkFlaggedProof, sampleIdOf } from './flagged-tree.ts';
import { areaUnderRoc } from './numeric/ranking.ts';

const PATIENCE_MS = 300_000;
const SECRET = fromHex('11'.repeat(32));
const clean = drawSyntheticFaces(560, 'audit');
const reserveRows = Array.from({ length: 280 }, (_, k) => 2 * k);
const signed = JSON.stringify(signDsse(RESERVE_PAYLOAD_TYPE, encodeReserve(clean, reserveRows), SECRET));

async function publicKey(): Promise<Uint8Array> {
  const { keyPairOf } = await import('@testigo/trail');
  return keyPairOf(SECRET).publicKey;
}

describe('auditDataset', { timeout: PATIENCE_MS }, () => {
  it('without a network or a reserve never calls a set clean', async () => {
    const audit = await auditDataset({ set: clean, threads: 1 });
    expect(audit.conclusion).toBe('inconclusive');
    expect(audit.reasons).toHaveLength(2);
  });

  it('calls a clean set clean against its signed reserve, with one verdict for any number of threads', async () => {
    const evidence = parseEvidenceFile(drawEvidence(clean, clean.labels, () => false));
    const reserve = openReserve(signed, [await publicKey()], clean);
    const verdicts: Uint8Array[] = [];
    for (const threads of [1, 2]) {
      const audit = await auditDataset({ set: clean, evidence, reserve, threads });
      expect(audit.conclusion).toBe('clean');
      verdicts.push(buildDatasetVerdict(audit, evidence, reserve).bytes);
    }
    expect(verdicts[0]).toEqual(verdicts[1]);
  });

  it('calls nothing clean for a reserve or a network that could not have shown otherwise', async () => {
    const { set: flipped } = poisonSet(clean, { kind: 'random-flip', rate: 0.15 }, '1');
    const fair = drawEvidence(flipped, clean.labels, () => false);
    const probabilities = floats(new Float32Array(clean.size * 7).fill(1 / 7), [clean.size, 7]);
    const blind = drawEvidence(clean, clean.labels, () => false, { probabilities });
    const cases = [
      { set: flipped, evidence: fair, rows: [0], reason: 'reserve is too small' },
      { set: flipped, evidence: fair, rows: reserveRows.slice(0, 20), reason: 'reserve is too small' },
      { set: clean, evidence: blind, rows: reserveRows, reason: 'no more often than chance' },
    ];
    for (const { set, evidence, rows, reason } of cases) {
      const few = JSON.stringify(signDsse(RESERVE_PAYLOAD_TYPE, encodeReserve(clean, rows), SECRET));
      const reserve = openReserve(few, [await publicKey()], set);
      const audit = await auditDataset({ set, evidence: parseEvidenceFile(evidence), reserve, threads: 1 });
      expect(audit.conclusion).toBe('inconclusive');
      expect(audit.reasons.join()).toContain(reason);
    }
  });

  it('ranks flipped labels first, calls the set poisoned, and proves who is flagged', async () => {
    const { set, isPoisoned } = poisonSet(clean, { kind: 'random-flip', rate: 0.15 }, '1');
    const evidence = parseEvidenceFile(drawEvidence(set, clean.labels, () => false));
    const reserve = openReserve(signed, [await publicKey()], set);
    const audit = await auditDataset({ set, evidence, reserve, threads: 1 });
    expect(areaUnderRoc(audit.suspicion, isPoisoned)).toBeGreaterThan(0.97);
    expect(audit.conclusion).toBe('poisoned');
    const { tree, value } = buildDatasetVerdict(audit, evidence, reserve);
    expect((value as { flagged: { root: string } }).flagged.root).toBe(tree.root);
    const root = fromHex(tree.root);
    const flagged = new Set(audit.flags.map(({ row }) => row));
    for (const row of [0, 1, 2, 3, 100, 558, 559, flagged.values().next().value!]) {
      const proof = tree.prove(sampleIdOf(row));
      expect(checkFlaggedProof(proof, root)).toBe(flagged.has(row) ? 'flagged' : 'not-flagged');
      expect(checkFlaggedProof(proof, computeRoot([]))).toBe('invalid');
    }
  });

  it('flags pictures that are no faces, and labels that training believed no more than a class that is none', async () => {
    const isForeign = (row: number) => row % 70 === 5;
    const set = { ...clean, labels: clean.labels.slice() };
    set.labels[14] = (set.labels[14]! + 1) % 7;
    // the label of row 13 was no more believed, and is right out of fold
    const margin = Float32Array.from({ length: set.size }, (_, row) => (row === 14 || row === 13 ? -2 : 3));
    const more = {
      margin: floats(margin, [set.size]),
      fakeMargin: floats(new Float32Array(140).fill(-1), [140]),
    };
    const evidence = parseEvidenceFile(drawEvidence(set, clean.labels, isForeign, more));
    const audit = await auditDataset({ set, evidence, threads: 1 });
    const flaggedBy = (name: string) =>
      audit.flags.filter(({ detector }) => detector === name).map(({ row }) => row);
    expect(flaggedBy('foreign')).toEqual(Array.from({ length: 8 }, (_, k) => 70 * k + 5));
    expect(flaggedBy('area-under-margin')).toEqual([14]);
    expect(audit.suspicion[14]).toBeLessThan(1);
  });
});

describe('openReserve', () => {
  it('refuses a reserve that no trusted key signed, and one that was altered', () => {
    expect(() => openReserve(signed, [], clean)).toThrow(
      expect.objectContaining({ code: 'reserve-invalid' }),
    );
    const altered = signed.replace(/"payload":"./, '"payload":"Z');
    expect(() => openReserve(altered, [], clean)).toThrow(
      expect.objectContaining({ code: 'reserve-invalid' }),
    );
  });
});
