import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world?.stop());

const verify = async (bundle: string, ...more: string[]) => {
  const args = [
    'verify',
    bundle,
    '--chain',
    world.chain.url,
    '--trust',
    world.trustFile,
    '--format',
    'json',
    ...more,
  ];
  const { exitCode, stdout, stderr } = await runCli(args);
  const report = JSON.parse(stdout) as {
    outcome: string;
    findings: { code: string; outcome: string }[];
    conclusion: string;
  };
  return { exitCode, stderr, report, codes: report.findings.map((finding) => finding.code) };
};

describe('verify', () => {
  it('verifies a record anchored at a larger size', async () => {
    const path = await world.writeBundle(world.bundle(2, 5, 8));
    const result = await verify(path, '--model', world.modelDir, '--samples', world.samplesFile);
    expect(result.codes).toEqual([
      'record-well-formed',
      'inclusion-proven',
      'checkpoint-signed',
      'anchor-final',
      'model-registered',
      'model-weights-match',
      'dataset-approved',
      'samples-match',
      'disclosures-open',
    ]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', report: { outcome: 'verified' } });
  });

  it.each([
    ['anchored at the same size', 8, 8],
    ['anchored at a smaller size that covers the record', 5, 3],
    ['exported before its checkpoint was anchored', 8, undefined],
  ])('verifies a record %s', async (_, checkpointSize, anchorSize) => {
    const path = await world.writeBundle(world.bundle(1, checkpointSize, anchorSize));
    expect(await verify(path)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('takes the manifests that a bundle leaves out from the model bundle at hand', async () => {
    const { modelManifest: _, datasetEnvelope: __, ...bare } = world.bundle(2, 5, 8);
    const path = await world.writeBundle(bare, 'bare.json');
    const without = await verify(path);
    expect(without).toMatchObject({ exitCode: 3, codes: expect.arrayContaining(['model-manifest-missing']) });
    await writeFile(join(world.modelDir, 'dataset.dsse.json'), world.envelope);
    expect(await verify(path, '--model', world.modelDir)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('says in text what it saw and ends on one line', async () => {
    const path = await world.writeBundle(world.bundle(2, 5, 8));
    const result = await runCli(['verify', path, '--chain', world.chain.url, '--trust', world.trustFile]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.trimEnd().split('\n').at(-1)).toMatch(/^✔ VERIFIED {2}This record is in the log/);
  });
});
