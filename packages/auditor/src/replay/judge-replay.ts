import {
  type EvidenceBundle,
  type Finding,
  fromBase64,
  fromHex,
  type RecordOf,
  toBase64,
  verifyDisclosure,
} from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import { attempt } from '../verify/checked.ts';
import type { Inference } from './infer.ts';

export const INPUT_BYTES = 48 * 48;

/** The scores that a bundle discloses for this very record, in ppm. */
export function openScores(
  record: RecordOf<'DETECTION'>,
  recordBytes: Uint8Array,
  bundle: EvidenceBundle,
  source: string,
): { readonly scoresPpm: readonly number[] } | { readonly finding: Finding } {
  const disclosure = bundle.disclosures.find(({ field }) => field === 'scores');
  const expected = `the scores of record ${record.id}`;
  if (bundle.record !== toBase64(recordBytes) || disclosure === undefined) {
    const seen = disclosure === undefined ? 'no disclosed scores' : 'a bundle of another record';
    return { finding: makeFinding('replay-disclosure-missing', { expected, seen, source }) };
  }
  const value = fromBase64(disclosure.value);
  const opening = {
    commitment: fromHex(record.commitments.scores),
    salt: fromHex(disclosure.salt),
    name: 'scores',
    value,
  };
  const scores = attempt(() => JSON.parse(new TextDecoder().decode(value)) as unknown);
  const isList =
    'value' in scores &&
    Array.isArray(scores.value) &&
    scores.value.every((score) => Number.isSafeInteger(score));
  if (!verifyDisclosure(opening) || !isList) {
    return {
      finding: makeFinding('replay-scores-mismatch', {
        expected: `commitment ${record.commitments.scores}`,
        seen: 'another hash',
        source,
      }),
    };
  }
  return { scoresPpm: scores.value as number[] };
}

/** Does the model say the same again? Two correct backends differ in the 7th digit, hence a tolerance in ppm. */
export function judgeReplay(
  record: RecordOf<'DETECTION'>,
  logged: readonly number[],
  again: Inference,
  tolerancePpm: number,
  source: string,
): Finding {
  const { modelVersion, scoresPpm } = again;
  if (
    modelVersion !== undefined &&
    /^[0-9a-f]{64}$/.test(modelVersion) &&
    modelVersion !== record.modelVersion
  ) {
    return makeFinding('replay-model-mismatch', {
      expected: `model ${record.modelVersion}`,
      seen: `model ${modelVersion}`,
      source,
    });
  }
  const isComparable = logged.length > 0 && logged.length === scoresPpm.length;
  const distance = isComparable
    ? Math.max(...logged.map((score, i) => Math.abs(score - (scoresPpm[i] as number))))
    : Number.POSITIVE_INFINITY;
  const expected = `${logged.join(', ')} ppm, give or take ${tolerancePpm}`;
  const seen = `${scoresPpm.join(', ')} ppm for record ${record.id}, ${distance} ppm apart at most`;
  // Written so that a score that is not a number counts as different.
  return makeFinding(distance <= tolerancePpm ? 'replay-matches' : 'replay-differs', {
    expected,
    seen,
    source,
  });
}
