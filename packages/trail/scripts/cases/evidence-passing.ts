// Bundles that are verified, and bundles about which nothing is proven either way.
import {
  computeRoot,
  type EvidenceBundle,
  keyPairOf,
  proveConsistency,
  toHex,
  verifierKey,
} from '../../src/index.ts';
import { CUSTODIAN_KEY, EVIDENCE, LOG_RECORDS } from '../../test/evidence.ts';
import type { VectorCase } from './case.ts';
import {
  ANCHOR_FACT,
  anchor,
  bundleOf,
  change,
  DATASET_FACT,
  evidence,
  FACTS,
  type Facts,
  json,
  leaves,
  MODEL_FACT,
  TRUST,
  without,
} from './evidence-given.ts';

export function verified(): VectorCase[] {
  const withModel = { modelManifest: EVIDENCE.modelManifest!, datasetEnvelope: EVIDENCE.datasetEnvelope! };
  const earlier = { ...ANCHOR_FACT, size: 3, root: toHex(computeRoot(leaves.slice(0, 3))), blockNumber: 5 };
  const later = {
    ...anchor,
    size: 3,
    root: earlier.root,
    blockNumber: 5,
    consistencyProof: proveConsistency(leaves.slice(0, 4), 3).map(toHex),
  };
  return [
    evidence('a detection, anchored later than its checkpoint', 'verified', []),
    evidence('a newline at the end', 'verified', [], { bundle: `${json}\n` }),
    evidence('nothing disclosed', 'verified', [], { bundle: change({ disclosures: [] }) }),
    evidence('one field disclosed', 'verified', [], {
      bundle: change({ disclosures: [EVIDENCE.disclosures[1]!] }),
    }),
    evidence('no leaf hash', 'verified', [], { bundle: without(EVIDENCE, 'leafHash') as EvidenceBundle }),
    evidence('two custodians pinned', 'verified', [], {
      trust: { ...TRUST, custodians: ['ab'.repeat(32), CUSTODIAN_KEY] },
    }),
    evidence('two logs pinned', 'verified', [], {
      trust: {
        ...TRUST,
        logs: [
          {
            origin: 'other.example',
            verifierKey: verifierKey('other.example', keyPairOf(new Uint8Array(32)).publicKey),
          },
          ...TRUST.logs,
        ],
      },
    }),
    evidence('several anchors', 'verified', [], { facts: { ...FACTS, anchors: [earlier, ANCHOR_FACT] } }),
    evidence('an anchor older than the checkpoint that covers the record', 'verified', [], {
      bundle: change({ anchor: later }),
      facts: { ...FACTS, anchors: [earlier, ANCHOR_FACT] },
    }),
    evidence('no claim, but an anchor of exactly this checkpoint', 'verified', [], {
      bundle: without({ ...bundleOf(1), ...withModel }, 'anchor') as EvidenceBundle,
    }),
    ...LOG_RECORDS.map((record, i) => {
      const hasModel = 'modelVersion' in record;
      const facts = hasModel ? FACTS : (without(FACTS, 'model', 'dataset') as Facts);
      return evidence(`${record.type} at index ${i}`, 'verified', [], {
        bundle: hasModel ? { ...bundleOf(i), ...withModel } : bundleOf(i),
        facts,
      });
    }),
  ];
}

export function inconclusive(): VectorCase[] {
  const lookups = ['model-unchecked', 'dataset-unchecked'];
  const unclaimed = without(EVIDENCE, 'anchor') as EvidenceBundle;
  return [
    evidence(
      'no trust',
      'inconclusive',
      ['trust-missing', 'registry-unpinned', 'dataset-custodians-unpinned', ...lookups],
      { trust: null },
    ),
    evidence('no facts', 'inconclusive', ['chain-not-given', ...lookups], { facts: null }),
    evidence(
      'neither trust nor facts',
      'inconclusive',
      ['trust-missing', 'chain-not-given', 'dataset-custodians-unpinned', ...lookups],
      { trust: null, facts: null },
    ),
    evidence('facts of another chain', 'inconclusive', ['chain-other', ...lookups], {
      facts: { ...FACTS, chainId: 1 },
    }),
    evidence('no code at the registry', 'inconclusive', ['registry-absent', ...lookups], {
      facts: without(FACTS, 'codeHash') as Facts,
    }),
    evidence('no anchor yet', 'inconclusive', ['anchor-missing'], {
      bundle: unclaimed,
      facts: { ...without(FACTS, 'head'), anchors: [] } as Facts,
    }),
    evidence('an anchor that does not reach the record', 'inconclusive', ['anchor-missing'], {
      bundle: unclaimed,
      facts: {
        ...FACTS,
        head: { size: 1, root: toHex(leaves[0]!) },
        anchors: [{ ...ANCHOR_FACT, size: 1, root: toHex(leaves[0]!) }],
      },
    }),
    evidence('a node behind the claimed anchor', 'inconclusive', ['anchor-missing'], {
      facts: { ...without(FACTS, 'head'), anchors: [], latestBlock: 11, finalBlock: 10 } as Facts,
    }),
    evidence('an anchor without a proof to it', 'inconclusive', ['anchor-consistency-missing'], {
      bundle: unclaimed,
    }),
    evidence('an anchor that is not final', 'inconclusive', ['anchor-not-final'], {
      facts: { ...FACTS, finalBlock: 11 },
    }),
    evidence('no model manifest', 'inconclusive', ['model-manifest-missing'], {
      bundle: without(EVIDENCE, 'modelManifest') as EvidenceBundle,
    }),
    evidence('no dataset manifest', 'inconclusive', ['dataset-manifest-missing'], {
      bundle: without(EVIDENCE, 'datasetEnvelope') as EvidenceBundle,
    }),
    evidence('no custodian pinned', 'inconclusive', ['dataset-custodians-unpinned'], {
      trust: { ...TRUST, custodians: [] },
    }),
    evidence('a registration that is not final', 'inconclusive', ['model-not-final'], {
      facts: { ...FACTS, model: { ...MODEL_FACT, isFinal: false } },
    }),
    evidence('an approval that is not final', 'inconclusive', ['dataset-not-final'], {
      facts: { ...FACTS, dataset: { ...DATASET_FACT, isFinal: false } },
    }),
  ];
}
