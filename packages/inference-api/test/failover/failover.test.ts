import { describe, expect, it } from 'vitest';
import { createTestDatabase, postgresUrl } from '../support/postgres.ts';
import { prepareGround } from '../support/world.ts';
import { type Harm, runCampaign } from './campaign.ts';

describe.skipIf(postgresUrl === undefined)('three replicas whose writer is harmed', () => {
  it('lose nothing that was acknowledged, double nothing, and keep one log', {
    timeout: 120_000,
  }, async () => {
    const [database, ground] = await Promise.all([createTestDatabase(), prepareGround()]);
    try {
      const harms: Harm[] = ['kill', 'pause', 'kill'];
      const outcome = await runCampaign({ database, ground, harms, random: Math.random });
      expect(outcome.breaches).toEqual([]);
      expect(outcome.acknowledged).toBeGreaterThan(harms.length);
      expect(outcome.silencesMs).toHaveLength(harms.length);
    } finally {
      await database.drop();
      await ground.stop();
    }
  });
});
