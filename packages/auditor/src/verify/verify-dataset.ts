import { datasetRootIn, type Finding } from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkChain } from './check-chain.ts';
import { checkApproval, checkEnvelope } from './check-dataset.ts';
import { checkSamples, type SampleSet } from './check-samples.ts';

export interface SampleChange {
  readonly index: number;
  readonly field: 'label' | 'content';
  readonly approved: string;
  readonly seen: string;
}

export interface DatasetInput {
  /** Text of the signed dataset manifest. */
  readonly envelope: string | undefined;
  readonly source: string;
  /** Root the auditor asked for; the manifest's own where there is none. */
  readonly root: string;
  readonly trust: Trust | undefined;
  readonly chain: ChainAnswer;
  readonly samples?: SampleSet;
  /** The approved samples, and how those at hand differ from them. */
  readonly approved?: { readonly set: SampleSet; readonly changes: readonly SampleChange[] };
}

const MAX_EXAMPLES = 20;

/** A dataset manifest against its signer, the registry and, where given, the samples. */
export function verifyDataset(input: DatasetInput): Finding[] {
  const { envelope, source, root, trust, samples, approved } = input;
  const chain = checkChain(input.chain, trust);
  const signed = checkEnvelope(envelope, { datasetRoot: root }, trust, source);
  const statement = signed.value?.statement;
  const claim = { datasetRoot: statement === undefined ? root : datasetRootIn(statement) };
  return [
    ...chain.findings,
    ...signed.findings,
    checkApproval({ datasetRoot: root }, signed.value, chain.value),
    ...(approved === undefined ? [] : checkSamples(approved.set, claim, statement)),
    ...(samples === undefined ? [] : checkSamples(samples, claim, statement)),
    ...(approved?.changes ?? [])
      .slice(0, MAX_EXAMPLES)
      .map((change) => describeChange(change, samples?.source ?? 'samples')),
  ];
}

function describeChange({ index, field, approved, seen }: SampleChange, source: string): Finding {
  const code = field === 'label' ? 'sample-label-mismatch' : 'sample-content-mismatch';
  return makeFinding(code, { expected: approved, seen, source: `${source}, sample ${index}` });
}
