import { hashLeaf, parseRecord, toBase64, toHex } from '@testigo/trail';
import { z } from 'zod';
import { ApiError } from '../../errors.ts';
import { buildEvidence, type EvidenceParts } from '../../records/evidence.ts';
import { presentAnchoring, presentProof } from '../../records/present.ts';
import { defineOperation } from '../operation.ts';
import { idSchema, proofReplySchema, recordReplySchema } from '../schemas.ts';

const params = z.object({ id: idSchema });

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
      handle: async ({ params: { id }, query }) => ({
        status: 200,
        body: await buildEvidence(parts, id, query.disclose?.split(',') ?? []),
        contentType: 'application/json',
        headers: { 'Content-Disposition': `attachment; filename="${id}.evidence.json"` },
      }),
    }),
  ];
};
