// The first tamper matrix: whatever is changed, by outsiders or by the operator, the built command line says so with
// a finding of its own, and what is missing never counts as verified.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shippedBundle } from '@testigo/model';
import {
  computeRoot,
  decodeEntryBundle,
  type EvidenceBundle,
  entryBundlePath,
  formatCheckpoint,
  fromBase64,
  fromHex,
  hashLeaf,
  newLogSigner,
  openNote,
  parseCheckpoint,
  proveInclusion,
  signNote,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSamplePictures, sendPicture } from '../src/world/pictures.ts';
import { LOG_ORIGIN } from '../src/world/service.ts';
import { codesOf, createWorld, type VerifyOptions, type World } from './fixture.ts';

let world: World;
let evidence: EvidenceBundle;
let other: EvidenceBundle;

beforeAll(async () => {
  const custodian = fromHex((await readFile(join(shippedBundle(), 'custodian.pub'), 'utf8')).trim(), 32);
  world = await createWorld({ bundleDir: shippedBundle(), custodian });
  evidence = await world.evidenceOf(world.recordIds[0]!);
  other = await world.evidenceOf(world.recordIds[1]!);
}, 120_000);

afterAll(() => world?.close());

/** Changes one hex or base64 character so that the text stays well formed. */
const flip = (text: string, at: number): string => {
  const replacement = text[at] === '0' ? '1' : '0';
  return text.slice(0, at) + replacement + text.slice(at + 1);
};

const flipInBase64Json = (base64: string, marker: string): string => {
  const text = new TextDecoder().decode(fromBase64(base64));
  return toBase64(utf8(flip(text, text.indexOf(marker) + marker.length)));
};

/** What an operator who holds the log's key would do: change a record and sign another history of the same size. */
async function forkedEvidence(): Promise<EvidenceBundle> {
  const { size } = parseCheckpoint(openNote(evidence.checkpoint, []).body);
  const response = await fetch(`${world.apiUrl}/${entryBundlePath(0, size)}`);
  const records = decodeEntryBundle(new Uint8Array(await response.arrayBuffer()));
  const record = fromBase64(flipInBase64Json(evidence.record, '"build":"'));
  records[evidence.leafIndex] = record;
  const leaves = records.map(hashLeaf);
  const secretKey = await readFile(join(world.dir, 'api', 'log.key'));
  const signer = newLogSigner({
    name: LOG_ORIGIN,
    secretKey: fromHex(secretKey.toString('utf8').trim(), 32),
  });
  return {
    ...evidence,
    record: toBase64(record),
    leafHash: toHex(hashLeaf(record)),
    inclusionProof: proveInclusion(leaves, evidence.leafIndex).map(toHex),
    checkpoint: signNote(formatCheckpoint({ origin: LOG_ORIGIN, size, root: computeRoot(leaves) }), signer),
  };
}

describe('an untouched record', () => {
  test('is verified, and nothing is written to stderr', async () => {
    const run = await world.verify(evidence);
    expect(run.stderr).toBe('');
    expect(codesOf(run, 'failed')).toEqual([]);
    expect(codesOf(run, 'inconclusive')).toEqual([]);
    expect(run.exitCode).toBe(0);
  });
});

interface Tampering {
  readonly what: string;
  readonly code: string;
  readonly bundle: () => EvidenceBundle | Promise<EvidenceBundle>;
  readonly options?: () => VerifyOptions | Promise<VerifyOptions>;
}

const TAMPERINGS: readonly Tampering[] = [
  {
    what: 'a byte of the record',
    code: 'record-hash-mismatch',
    bundle: () => ({ ...evidence, record: flipInBase64Json(evidence.record, '"build":"') }),
  },
  {
    what: 'a byte of the inclusion proof',
    code: 'inclusion-proof-invalid',
    bundle: () => ({
      ...evidence,
      inclusionProof: evidence.inclusionProof.with(0, flip(evidence.inclusionProof[0]!, 0)),
    }),
  },
  {
    what: 'a byte of the checkpoint',
    code: 'checkpoint-signature-invalid',
    bundle: () => ({
      ...evidence,
      checkpoint: flip(evidence.checkpoint, evidence.checkpoint.split('\n', 2).join('\n').length + 3),
    }),
  },
  {
    what: 'a byte of the weights',
    code: 'model-file-mismatch',
    bundle: () => evidence,
    options: async () => ({
      model: await world.tamperedModel('weights.bin', (bytes) => {
        bytes[100]! ^= 1;
      }),
    }),
  },
  {
    what: 'a byte of the dataset manifest',
    code: 'dataset-signature-invalid',
    bundle: () => {
      const envelope = JSON.parse(evidence.datasetEnvelope!) as { payload: string };
      const payload = flipInBase64Json(envelope.payload, '"collectedAt":1');
      return { ...evidence, datasetEnvelope: JSON.stringify({ ...envelope, payload }) };
    },
  },
  {
    what: 'the disclosed label',
    code: 'disclosure-mismatch',
    bundle: () => ({
      ...evidence,
      disclosures: evidence.disclosures.map((d) =>
        d.field === 'label' ? { ...d, value: toBase64(utf8('disgust')) } : d,
      ),
    }),
  },
  {
    what: 'the record for another one of the same log',
    code: 'record-hash-mismatch',
    bundle: () => ({ ...evidence, record: other.record }),
  },
  {
    what: 'the whole bundle for that of another record',
    code: 'record-swapped',
    bundle: () => other,
    options: () => ({ record: world.recordIds[0]! }),
  },
  {
    what: 'the root, on a fork signed with the true key',
    code: 'anchor-log-forked',
    bundle: forkedEvidence,
  },
];

describe('tampering with', () => {
  test.each(TAMPERINGS)('$what fails with $code', async ({ code, bundle, options }) => {
    const run = await world.verify(await bundle(), await options?.());
    expect(codesOf(run, 'failed')).toContain(code);
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(1);
  });
});

describe('what is missing', () => {
  test('an anchor makes the audit inconclusive', async () => {
    const { provider } = world.registry;
    await provider.send('evm_setAutomine', [false]);
    const [picture] = await loadSamplePictures();
    const answer = await sendPicture(world.apiUrl, picture!);
    const unanchored = await world.evidenceOf(answer.recordId!, []);
    const run = await world.verify(unanchored);
    await provider.send('evm_setAutomine', [true]);
    expect(unanchored.anchor).toBeUndefined();
    expect(codesOf(run, 'failed')).toEqual([]);
    expect(codesOf(run, 'inconclusive')).toContain('anchor-missing');
    expect(run.exitCode).toBe(3);
  });

  test('an unreachable chain makes it inconclusive', async () => {
    const run = await world.verify(evidence, { chain: 'http://127.0.0.1:9' });
    expect(codesOf(run, 'failed')).toEqual([]);
    expect(codesOf(run, 'inconclusive')).toContain('chain-unreachable');
    expect(run.exitCode).toBe(3);
  });
});
