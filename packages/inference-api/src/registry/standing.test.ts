import { describe, expect, it } from 'vitest';
import { judgeStanding, type RegistryFacts } from './standing.ts';

const root = 'a'.repeat(64);
const good: RegistryFacts = {
  model: { registeredAt: 5, revokedAt: 0, datasetRoot: root },
  dataset: { approvedAt: 4, revokedAt: 0 },
};
const codeOf = (facts: RegistryFacts | undefined): string => {
  const standing = judgeStanding(facts, root);
  return standing.mayRead ? 'may read' : standing.code;
};

describe('judgeStanding', () => {
  it('lets a registered model on an approved dataset read', () => {
    expect(codeOf(good)).toBe('may read');
  });

  it('refuses everything else', () => {
    expect(codeOf(undefined)).toBe('registry-unreachable');
    expect(codeOf({ ...good, model: { ...good.model, registeredAt: 0 } })).toBe('model-not-registered');
    expect(codeOf({ ...good, model: { ...good.model, registeredAt: Number.NaN } })).toBe(
      'model-not-registered',
    );
    expect(codeOf({ ...good, model: { ...good.model, datasetRoot: 'b'.repeat(64) } })).toBe(
      'model-not-registered',
    );
    expect(codeOf({ ...good, model: { ...good.model, revokedAt: 9 } })).toBe('model-revoked');
    expect(codeOf({ ...good, dataset: { approvedAt: 0, revokedAt: 0 } })).toBe('dataset-not-approved');
    expect(codeOf({ ...good, dataset: { approvedAt: 4, revokedAt: 9 } })).toBe('dataset-revoked');
  });
});
