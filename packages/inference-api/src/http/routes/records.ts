import { hashLeaf, parseRecord, toBase64, toHex } from '@testigo/trail';
import { z } from 'zod';
import type { Principal } from '../../auth/principal.ts';
import { ApiError } from '../../errors.ts';
import { buildEvidence, type EvidenceParts } from '../../records/evidence.ts';
import { presentAnchoring, presentProof } from '../../records/present.ts';
import { defineOperation } from '../operation.ts';
import { idSchema, proofReplySchema, recordReplySchema } from '../schemas.ts';

const params = z.object({ id: idSchema });

/** Whoever may read a proof may not therefore read what it proves. */
const fieldsToOpen = (list: string | undefined, { scopes }: Principal): readonly string[] => {
  if (list === undefined) return [];
  if (!scopes.has('disclose')) throw new ApiError('forbidden', 'Opening fields needs the scope disclose.');
  return [...new Set(list.split(','))];
};

const disclosureQuery = z.object({
  disclose: z
    .string()
    .regex(/^[a-zA-Z]{1,32}(,[a-zA-Z]{1,32}){0,15}$/, 'field names separated by commas')
    .optional()
    .meta({ description: 'Committed fields to open, for instance label,scores. None by default.' }),
});

export const recordOperations = (parts: EvidenceParts) => {
  const find = async (id: string) => {
    const stored = await parts.log.findRecord(id);
    if (!stored) throw new ApiError('record-unknown');
    return stored;
  };
  return [
    defineOperation({
      id: 'getRecord',
      method: 'get',
      path: '/v1/records/:id',
      tag: 'Records',
      scope: 'read',
      summary: 'A record as it stands in the log. Personal fields are commitments.',
      params,
      replies: { 200: { description: 'The record and its canonical bytes.', schema: recordReplySchema } },
      errors: ['record-unknown'],
      handle: async ({ params: { id } }) => {
        const { bytes, leafIndex } = await find(id);
        const recordHash = toHex(hashLeaf(bytes));
        const body = {
          recordId: id,
          leafIndex,
          recordHash,
          record: parseRecord(bytes),
          canonical: toBase64(bytes),
        };
        return { status: 200, body, headers: { ETag: `"${recordHash}"` } };
      },
    }),
    defineOperation({
      id: 'getRecordProof',
      method: 'get',
      path: '/v1/records/:id/proof',
      tag: 'Records',
      scope: 'read',
      summary: 'An inclusion proof against the newest checkpoint.',
      params,
      replies: {
        200: { description: 'Proof, checkpoint and how far it is anchored.', schema: proofReplySchema },
      },
      errors: ['record-unknown'],
      handle: async ({ params: { id } }) => {
        const { bytes, leafIndex } = await find(id);
        const checkpoint = parts.log.checkpoint();
        const proof = await parts.log.proveInclusion(leafIndex, checkpoint.size);
        const body = {
          recordId: id,
          recordHash: toHex(hashLeaf(bytes)),
          proof: presentProof(proof),
          checkpoint: checkpoint.note,
          anchoring: presentAnchoring(await parts.anchoring.statusOf(leafIndex)),
        };
        return { status: 200, body };
      },
    }),
    defineOperation({
      id: 'getRecordEvidence',
      method: 'get',
      path: '/v1/records/:id/evidence',
      tag: 'Records',
      scope: 'read',
      summary: 'The evidence bundle: all that an auditor needs to verify the record offline.',
      params,
      query: disclosureQuery,
      replies: {
        200: {
          description: 'Canonical JSON (docs/spec/evidence-bundle.md).',
          schema: z.looseObject({ type: z.literal('testigo.evidence') }),
        },
      },
      errors: ['record-unknown', 'field-unknown', 'subject-erased'],
      handle: async ({ params: { id }, query, context }) => ({
        status: 200,
        body: await buildEvidence(parts, id, {
          fields: fieldsToOpen(query.disclose, context.principal),
          deployer: context.principal.deployer,
        }),
        contentType: 'application/json',
        headers: { 'Content-Disposition': `attachment; filename="${id}.evidence.json"` },
      }),
    }),
  ];
};
