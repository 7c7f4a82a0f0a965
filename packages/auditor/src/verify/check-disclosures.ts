import {
  type EvidenceBundle,
  type Finding,
  fromBase64,
  fromHex,
  type TrailRecord,
  verifyDisclosure,
} from '@testigo/trail';
import { makeFinding } from '../findings/table.ts';
import { attempt } from './checked.ts';

/** Do the disclosed values open the commitments of the record? Nothing disclosed is nothing to check. */
export function checkDisclosures(bundle: EvidenceBundle, record: TrailRecord): Finding[] {
  if (bundle.disclosures.length === 0) return [];
  const commitments: Readonly<Record<string, string>> =
    'commitments' in record && record.commitments !== undefined ? record.commitments : {};
  const problems = bundle.disclosures.flatMap(({ field, salt, value }): Finding[] => {
    const source = `bundle: disclosures, ${field}`;
    const commitment = Object.hasOwn(commitments, field) ? commitments[field] : undefined;
    if (commitment === undefined) {
      const expected = `one of ${Object.keys(commitments).join(', ') || 'no commitments at all'}`;
      return [makeFinding('disclosure-field-unknown', { expected, seen: field, source })];
    }
    const opens = attempt(() =>
      verifyDisclosure({
        commitment: fromHex(commitment),
        salt: fromHex(salt),
        name: field,
        value: fromBase64(value),
      }),
    );
    if ('value' in opens && opens.value) return [];
    return [
      makeFinding('disclosure-mismatch', {
        expected: `commitment ${commitment}`,
        seen: 'another hash',
        source,
      }),
    ];
  });
  if (problems.length > 0) return problems;
  const seen = bundle.disclosures.map((disclosure) => disclosure.field).join(', ');
  return [makeFinding('disclosures-open', { seen, source: 'bundle: disclosures' })];
}
