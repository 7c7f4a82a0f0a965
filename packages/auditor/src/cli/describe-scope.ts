import type { EvidenceBundle, Finding, TrailRecord } from '@testigo/trail';
import { refusedModelOf } from '../verify/model-claim.ts';

/** What the command was given to look at beside the records. */
interface Given {
  readonly model: readonly string[];
  readonly samples?: string;
}

/** What was not looked at, for want of an option or because nothing here called for what was given. */
export function listUnchecked({ model, samples }: Given, findings: readonly Finding[]): string[] {
  const named = new Set(findings.map(({ check }) => check));
  return [
    model.length === 0
      ? 'the weights: pass the model bundle with --model DIR'
      : !named.has('model') && 'the model given with --model: nothing here was read by one',
    samples === undefined
      ? 'the training samples and their labels: pass them with --samples FILE'
      : !named.has('samples') && 'the samples given with --samples: no record here leads to a dataset',
  ].filter((line) => line !== false);
}

/** The same for one record; undefined where it cannot be read. */
export function listUncheckedOf(
  record: TrailRecord | undefined,
  { disclosures }: EvidenceBundle,
  options: Given,
  findings: readonly Finding[],
): string[] {
  const isDisclosed = disclosures.length > 0;
  const refused = record && refusedModelOf(record);
  if (refused === undefined)
    return [
      ...listUnchecked(options, findings),
      ...(isDisclosed ? [] : ['what the model read: the bundle discloses no field']),
    ];
  const isCommitted = record !== undefined && 'commitments' in record;
  return [
    `the model ${refused}, its weights and its data: the record is a refusal, nothing was read by it`,
    ...(isCommitted && !isDisclosed ? ['what was refused: the bundle discloses no field'] : []),
  ];
}

/** What no audit of many records looks at in refusals; `counts` has how many records there are of each type. */
export function listUnread(counts: Readonly<Record<string, number>>): string[] {
  if ((counts['records REFUSAL'] ?? 0) === 0) return [];
  return ['a model that only refusals name: nothing was read by it'];
}

/** What "verified" means, in one sentence. */
export function describeVerified(whatIs: string, findings: readonly Finding[]): string {
  const codes = new Set(findings.map((finding) => finding.code));
  const whose = whatIs.startsWith('This') ? 'its model is' : 'their models are';
  const parts = [
    `${whatIs} in the log and the log is anchored on chain`,
    codes.has('session-complete') && 'the session is complete',
    codes.has('model-registered') && `${whose} registered`,
    codes.has('dataset-approved') && 'the training data is signed and approved',
    codes.has('samples-match') && 'every sample is the one that was approved',
  ].filter((part) => part !== false);
  return `${parts.slice(0, -1).join(', ')}${parts.length > 1 ? ', and ' : ''}${parts.at(-1)}.`;
}

/** The same for one record. A refusal is not to be taken for a word about its model. */
export function describeVerifiedOf(record: TrailRecord | undefined, findings: readonly Finding[]): string {
  const sentence = describeVerified('This record is', findings);
  return record === undefined || refusedModelOf(record) === undefined
    ? sentence
    : `${sentence} It is a refusal: its model was not judged, nothing was read by it.`;
}
