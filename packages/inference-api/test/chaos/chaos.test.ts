import { describe, expect, it } from 'vitest';
import { Chaos } from './chaos.ts';

// The short form of `node scripts/chaos-campaign.ts`, which takes 10,000 steps.
describe('the anchoring engine on a chain that misbehaves', { timeout: 240_000 }, () => {
  it('loses no anchor and no recorded detection, doubles none, and recovers from every kill', async () => {
    const chaos = await Chaos.start(7);
    if (!chaos) {
      process.stdout.write('Anvil does not run on this platform: the chain chaos did not happen.\n');
      return;
    }
    try {
      const report = await chaos.run(200);
      expect(report.breaches).toEqual([]);
      expect(report.steps).toBe(200);
      expect(report.anchors).toBeGreaterThan(0);
      expect(report.recordings).toBeGreaterThan(0);
    } finally {
      await chaos.stop();
    }
  });
});
