import {
  DATASET_PAYLOAD_TYPE,
  type DatasetStatement,
  datasetManifestDigest,
  datasetRootIn,
  type Finding,
  fromHex,
  openDsse,
  parseDatasetManifest,
  parseDsse,
  toHex,
} from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import { formatTime } from '../report/format-time.ts';
import { verifyFast } from '../signing/verify-fast.ts';
import type { Trust } from '../trust/trust-file.ts';
import { attempt, type Checked } from './checked.ts';

export interface DatasetClaim {
  readonly datasetRoot: string;
  readonly datasetSize?: number;
  /** SHA-256 of the dataset manifest, as the model manifest states it. */
  readonly manifestDigest?: string;
}

export interface SignedDataset {
  readonly statement: DatasetStatement;
  readonly manifestDigest: string;
}

/** Did a pinned custodian sign this manifest, and is it about the claimed data? Without a claim, about any. */
export function checkEnvelope(
  text: string | undefined,
  claim: DatasetClaim | undefined,
  trust: Trust | undefined,
  source: string,
): Checked<SignedDataset> {
  if (text === undefined) {
    const expected = `the signed manifest of dataset ${claim?.datasetRoot ?? 'at hand'}`;
    return { findings: [makeFinding('dataset-manifest-missing', { expected, source })] };
  }
  const keys = (trust?.custodians ?? []).map((key) => fromHex(key));
  const opened = openEnvelope(text, keys);
  if ('reason' in opened) {
    return { findings: [makeFinding('dataset-envelope-malformed', { seen: opened.reason, source })] };
  }
  const { payload, verifiedBy } = opened.value;
  const findings: Finding[] = [];
  if (trust === undefined || keys.length === 0) {
    findings.push(makeFinding('dataset-custodians-unpinned', { expected: 'a pinned custodian', source }));
  } else if (verifiedBy.length === 0) {
    const expected = `a signature by ${trust.custodians.join(' or ')}`;
    findings.push(
      makeFinding('dataset-signature-invalid', { expected, seen: 'no signature that fits', source }),
    );
  }
  const signed = checkStatement(payload, claim, source);
  return { ...signed, findings: [...findings, ...signed.findings] };
}

/** Is this the manifest of the claimed data, whoever signed it? For data that nothing was read by. */
export function checkShownEnvelope(text: string, claim: DatasetClaim, source: string): readonly Finding[] {
  const opened = openEnvelope(text, []);
  return 'reason' in opened
    ? [makeFinding('dataset-envelope-malformed', { seen: opened.reason, source })]
    : checkStatement(opened.value.payload, claim, source).findings;
}

const openEnvelope = (text: string, keys: readonly Uint8Array[]) =>
  attempt(() => openDsse(parseDsse(JSON.parse(text)), DATASET_PAYLOAD_TYPE, keys, verifyFast));

function checkStatement(
  payload: Uint8Array,
  claim: DatasetClaim | undefined,
  source: string,
): Checked<SignedDataset> {
  const statement = attempt(() => parseDatasetManifest(payload));
  if ('reason' in statement)
    return { findings: [makeFinding('dataset-manifest-malformed', { seen: statement.reason, source })] };
  const value = { statement: statement.value, manifestDigest: toHex(datasetManifestDigest(payload)) };
  return { findings: claim === undefined ? [] : compareWithClaim(value, claim, source), value };
}

function compareWithClaim(
  { statement, manifestDigest }: SignedDataset,
  claim: DatasetClaim,
  source: string,
): Finding[] {
  const root = datasetRootIn(statement);
  const { size } = statement.predicate;
  if (root !== claim.datasetRoot) {
    return [makeFinding('dataset-root-mismatch', { expected: claim.datasetRoot, seen: root, source })];
  }
  if (claim.datasetSize !== undefined && size !== claim.datasetSize) {
    const expected = `${claim.datasetSize} samples`;
    return [makeFinding('dataset-size-mismatch', { expected, seen: `${size} samples`, source })];
  }
  if (claim.manifestDigest !== undefined && manifestDigest !== claim.manifestDigest) {
    const expected = `manifest ${claim.manifestDigest}, as in the model manifest`;
    return [
      makeFinding('dataset-manifest-mismatch', { expected, seen: `manifest ${manifestDigest}`, source }),
    ];
  }
  return [];
}

/** Is exactly this manifest approved on chain, to this day? */
export function checkApproval(
  claim: DatasetClaim,
  signed: SignedDataset | undefined,
  facts: RegistryFacts | undefined,
): Finding {
  const expected = `dataset ${claim.datasetRoot} approved`;
  if (facts === undefined)
    return makeFinding('dataset-unchecked', { expected, source: 'registry: datasetOf' });
  const { dataset } = facts;
  const source = `${facts.source}, registry: datasetOf`;
  if (dataset === undefined)
    return makeFinding('dataset-unapproved', { expected, seen: 'no such dataset', source });
  if (dataset.revokedAt !== undefined)
    return makeFinding('dataset-revoked', {
      expected,
      seen: `revoked ${formatTime(dataset.revokedAt)}`,
      source,
    });
  const size = signed?.statement.predicate.size ?? claim.datasetSize;
  if (size !== undefined && size !== dataset.size) {
    return makeFinding('dataset-size-mismatch', {
      expected: `${size} samples`,
      seen: `${dataset.size} approved`,
      source,
    });
  }
  if (signed !== undefined && signed.manifestDigest !== dataset.manifestDigest) {
    const seen = `approved manifest ${dataset.manifestDigest}`;
    return makeFinding('dataset-manifest-mismatch', {
      expected: `manifest ${signed.manifestDigest}`,
      seen,
      source,
    });
  }
  const seen = `${dataset.size} samples, manifest ${dataset.manifestDigest}, approved by ${dataset.custodian}, not revoked`;
  if (!dataset.isFinal) return makeFinding('dataset-not-final', { expected, seen, source });
  return makeFinding('dataset-approved', { expected, seen, source });
}
