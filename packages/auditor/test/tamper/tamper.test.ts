import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../run-cli.ts';
import { createWorld, id, type World } from '../world.ts';
import {
  ANCHOR_MUTATIONS,
  CHECKPOINT_MUTATIONS,
  CONTENT_MUTATIONS,
  type Mutation,
  PROOF_MUTATIONS,
  RECORD_MUTATIONS,
} from './bundle-mutations.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.stop());

const MATRIX: readonly Mutation[] = [
  ...RECORD_MUTATIONS,
  ...PROOF_MUTATIONS,
  ...CHECKPOINT_MUTATIONS,
  ...ANCHOR_MUTATIONS,
  ...CONTENT_MUTATIONS,
];

// Every field of an evidence bundle, every mutation of it, over the program as a user runs it: the one finding that
// names the damage, the exit code of its outcome, the result on stdout and nothing on stderr.
describe('tamper matrix of the evidence bundle', () => {
  it.concurrent.each(MATRIX)(
    '$field, $mutation: $code',
    async ({ field, mutation, code, outcome = 'failed', apply }) => {
      const name = `${field}-${mutation}.json`.replaceAll(/[^a-zA-Z0-9.]+/g, '-');
      const path = await world.writeBundle(apply(world.bundle(2, 5, 8), world), name);
      const args = [
        '--chain',
        world.chain.url,
        '--trust',
        world.trustFile,
        '--record',
        id(2),
        '--format',
        'json',
      ];
      const { exitCode, stdout, stderr } = await runCli(['verify', path, ...args]);
      const report = JSON.parse(stdout) as { outcome: string; findings: { code: string; outcome: string }[] };
      const against = report.findings
        .filter((finding) => finding.outcome === outcome)
        .map((finding) => finding.code);
      expect(against).toContain(code);
      expect({ outcome: report.outcome, exitCode, stderr }).toEqual({
        outcome,
        exitCode: outcome === 'failed' ? 1 : 3,
        stderr: '',
      });
    },
  );
});
