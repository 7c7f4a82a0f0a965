import type { Finding } from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import { checkApproval } from '../verify/check-dataset.ts';
import { checkRegistration } from '../verify/check-model.ts';
import type { Checked } from '../verify/checked.ts';
import { MAX_MODELS, type ModelUse } from './model-tally.ts';

/** What records say about their model, and what the chain says to it now. */
export interface JudgedUse extends ModelUse {
  readonly chain: Checked<RegistryFacts>;
}

interface Walk {
  /** Records whose claim was not looked up. */
  readonly others: number;
  readonly isComplete: boolean;
  /** The chain's provider. */
  readonly source: string;
}

/** The same judgement as `verify` gives for a record, once for all records that say the same about their model. */
export function concludeModels(uses: readonly JudgedUse[], { others, isComplete, source }: Walk): Finding[] {
  const against = uses.flatMap(judgeUse);
  const place = `${source}, registry: modelOf`;
  if (others > 0) {
    against.push(
      makeFinding('trail-models-too-many', {
        expected: `at most ${MAX_MODELS} models`,
        seen: `${others} records of further models`,
        source: place,
      }),
    );
  }
  if (against.length > 0) return [...new Map(against.map((one) => [JSON.stringify(one), one])).values()];
  if (!isComplete) return [];
  const seen = uses.map(({ claim, count }) => `${claim.modelVersion}: ${count}`).join(', ');
  return [makeFinding('trail-models-registered', { seen, source: place })];
}

/** What stands against one use; nothing where the registry vouches for its model and data. */
function judgeUse(use: JudgedUse): Finding[] {
  const { claim, chain } = use;
  const registration = checkRegistration(claim, chain.value);
  const datasetRoot = claim.datasetRoot ?? chain.value?.model?.datasetRoot;
  const approval =
    datasetRoot === undefined ? [] : [checkApproval({ ...claim, datasetRoot }, undefined, chain.value)];
  return [...chain.findings, registration, ...approval]
    .filter(({ outcome }) => outcome !== 'verified')
    .map((finding) => describe(finding, use));
}

/** The finding with how many records it is about. */
function describe(finding: Finding, use: JudgedUse): Finding {
  const named = `named by ${describeCount(use)}`;
  switch (finding.code) {
    case 'chain-providers-disagree':
    case 'chain-unreachable':
      return finding;
    case 'model-unregistered':
    case 'model-dataset-mismatch': {
      const { expected = '', seen = '', source } = finding;
      return makeFinding('trail-model-unregistered', { expected: `${expected}, ${named}`, seen, source });
    }
    case 'model-revoked':
      return { ...finding, seen: `${finding.seen}; ${named}${describeSince(use, 'model')}` };
    case 'dataset-revoked':
      return { ...finding, seen: `${finding.seen}; ${named}${describeSince(use, 'dataset')}` };
    default:
      return { ...finding, seen: finding.seen === undefined ? named : `${finding.seen}; ${named}` };
  }
}

/** Sessions are counted only where no reading names their model. */
function describeCount({ claim, count }: ModelUse): string {
  const [one, many] = claim.datasetRoot === undefined ? ['record', 'records'] : ['reading', 'readings'];
  return `${count} ${count === 1 ? one : many}`;
}

/** Nothing where the revocation came while the log was read: the records before it were not compared with it. */
function describeSince(use: JudgedUse, what: 'model' | 'dataset'): string {
  return isCountedSince(use, what) ? `, of which ${use.madeSince[what]} state that time or a later one` : '';
}

const isCountedSince = ({ chain, revokedAt }: JudgedUse, what: 'model' | 'dataset'): boolean =>
  (chain.value?.[what]?.revokedAt ?? Infinity) === revokedAt[what];

/** For the report: how many readings stand on what was revoked; nothing where nothing was. */
export function countRevoked(uses: readonly JudgedUse[]): Record<string, number> {
  const revoked = uses.filter(
    ({ claim, chain: { value } }) =>
      claim.datasetRoot !== undefined && (value?.model?.revokedAt ?? value?.dataset?.revokedAt) !== undefined,
  );
  if (revoked.length === 0) return {};
  const sum = (countOf: (use: JudgedUse) => number) =>
    revoked.reduce((total, use) => total + countOf(use), 0);
  const isCounted = revoked.every((use) => isCountedSince(use, 'model') && isCountedSince(use, 'dataset'));
  return {
    'readings by what was revoked': sum(({ count }) => count),
    // Those since the earlier of two revocations: the later one's are among them.
    ...(isCounted && {
      'of them made since, by their own time': sum(({ madeSince }) =>
        Math.max(madeSince.model, madeSince.dataset),
      ),
    }),
  };
}
