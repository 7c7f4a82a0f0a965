// Whole evidence bundles with what a verifier is given beside them (trust, facts of the registry) and what it must
// conclude. `codes` are those of the findings that are not "verified", sorted.
import type { VectorFile } from './case.ts';
import { failedContent } from './evidence-content.ts';
import { failedLog } from './evidence-log.ts';
import { inconclusive, verified } from './evidence-passing.ts';
import { refusals } from './evidence-refusals.ts';

export const evidenceVectors = (): VectorFile[] => [
  {
    name: 'evidence',
    about: 'docs/spec/evidence-bundle.md: bundles, what is trusted, what the chain shows, and what follows.',
    cases: [...verified(), ...inconclusive(), ...failedLog(), ...failedContent(), ...refusals()],
  },
];
