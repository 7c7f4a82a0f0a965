import {
  deriveSalt,
  type EvidenceBundle,
  encodeEvidenceBundle,
  hashLeaf,
  parseRecord,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';
import { ApiError } from '../errors.ts';
import type { TransparencyLog } from '../log/log.ts';
import type { StateStore } from '../state/state-store.ts';
import { payloadKeyOf, unseal } from '../vault/seal.ts';
import type { SubjectKeys } from '../vault/subject-keys.ts';
import type { AnchoringView } from './anchoring-view.ts';
import { payloadContext } from './ledger.ts';
import type { ModelArchive } from './model-archive.ts';

export type EvidenceParts = {
  readonly log: TransparencyLog;
  readonly state: StateStore;
  readonly keys: SubjectKeys;
  readonly anchoring: AnchoringView;
  readonly models: ModelArchive;
};

export type SealedPayload = {
  readonly values: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, unknown>>;
};

/** What a record's commitments open to. @throws ApiError record-unknown, subject-erased */
export const openPayload = async (
  { state, keys }: Pick<EvidenceParts, 'state' | 'keys'>,
  recordId: string,
  deployer?: string,
): Promise<{ readonly payload: SealedPayload; readonly subjectKey: Uint8Array }> => {
  const row = await state.findRecord(recordId);
  if (!row) throw new ApiError('record-unknown');
  const session = await state.findSession(row.sessionId);
  if (session && deployer !== undefined && session.terms.deployer !== deployer)
    throw new ApiError('forbidden');
  if (!session?.wrappedKey) throw new ApiError('subject-erased');
  const subjectKey = await keys.open(row.sessionId, session.wrappedKey);
  if (!row.sealedPayload) return { payload: { values: {}, context: {} }, subjectKey };
  const plain = unseal(payloadKeyOf(subjectKey), payloadContext(recordId), row.sealedPayload);
  return { payload: JSON.parse(Buffer.from(plain).toString('utf8')) as SealedPayload, subjectKey };
};

/** Which committed fields to open, for somebody limited to one deployer's sessions or not. */
export type Disclosure = { readonly fields: readonly string[]; readonly deployer?: string | undefined };

const discloseFields = async (
  parts: EvidenceParts,
  recordId: string,
  { fields, deployer }: Disclosure,
): Promise<EvidenceBundle['disclosures']> => {
  if (fields.length === 0) return [];
  const { payload, subjectKey } = await openPayload(parts, recordId, deployer);
  return fields.map((field) => {
    const value = Object.hasOwn(payload.values, field) ? payload.values[field] : undefined;
    if (value === undefined) throw new ApiError('field-unknown', `The record commits to no ${field}.`);
    return { field, salt: toHex(deriveSalt(subjectKey, recordId, field)), value: toBase64(utf8(value)) };
  });
};

const proveAnchor = async (parts: EvidenceParts, leafIndex: number, checkpointSize: number) => {
  const status = await parts.anchoring.statusOf(leafIndex);
  if (!('anchor' in status)) return undefined;
  const sizes = [checkpointSize, status.anchor.size] as const;
  const { hashes } = await parts.log.proveConsistency(Math.min(...sizes), Math.max(...sizes));
  return { ...status.anchor, consistencyProof: hashes.map(toHex) };
};

/** Everything that verifies one record offline, with the chosen fields opened. Canonical JSON bytes. */
export const buildEvidence = async (
  parts: EvidenceParts,
  recordId: string,
  disclosure: Disclosure,
): Promise<Uint8Array> => {
  const stored = await parts.log.findRecord(recordId);
  if (!stored) throw new ApiError('record-unknown');
  const checkpoint = parts.log.checkpoint();
  const [proof, anchor, disclosures] = await Promise.all([
    parts.log.proveInclusion(stored.leafIndex, checkpoint.size),
    proveAnchor(parts, stored.leafIndex, checkpoint.size),
    discloseFields(parts, recordId, disclosure),
  ]);
  const record = parseRecord(stored.bytes);
  const model =
    'modelVersion' in record && record.modelVersion
      ? await parts.models.find(record.modelVersion)
      : undefined;
  return encodeEvidenceBundle({
    type: 'testigo.evidence',
    version: 1,
    record: toBase64(stored.bytes),
    leafHash: toHex(hashLeaf(stored.bytes)),
    leafIndex: stored.leafIndex,
    inclusionProof: proof.hashes.map(toHex),
    checkpoint: checkpoint.note,
    ...(anchor ? { anchor } : {}),
    ...(model ? { modelManifest: toBase64(model.manifest), datasetEnvelope: model.datasetEnvelope } : {}),
    disclosures,
  });
};
