import { z } from 'zod';

export const idSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, '32 lowercase hex digits')
  .meta({ example: '0f'.repeat(16) });
export const digestSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, '64 lowercase hex digits')
  .meta({ example: '0f'.repeat(32) });
const ppmSchema = z.int().min(0).max(1_000_000);

export const boxSchema = z
  .object({ x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) })
  .meta({ id: 'Box', description: 'The face in pixels of the upright picture; may reach over its edge.' });

export const proofSchema = z
  .object({ leafIndex: z.int().min(0), size: z.int().min(1), hashes: z.array(digestSchema) })
  .meta({
    id: 'InclusionProof',
    description: 'RFC 9162 audit path, leaf end first, in the log of `size` records.',
  });

export const anchoringSchema = z
  .object({
    state: z.enum(['unanchored', 'pending', 'mined', 'safe', 'finalized']),
    chainId: z.int().optional(),
    registry: z.string().optional(),
    size: z.int().optional(),
    transaction: z.string().optional(),
    blockNumber: z.int().optional(),
  })
  .meta({ id: 'Anchoring', description: 'How far the checkpoint over this record has come on chain.' });

export const tokenSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, 'a code: lowercase letters, digits and . _ : -, 64 at most');

export const timeSchema = z
  .int()
  .min(0)
  .max(253_402_300_799_999)
  .meta({ description: 'Milliseconds since 1970-01-01T00:00:00Z.' });

/** Where a record is and what proves it. */
export const aloneReceiptSchema = z
  .object({
    recordId: idSchema,
    leafIndex: z.int().min(0),
    proof: proofSchema,
    checkpoint: z.string().meta({ description: 'C2SP signed note.' }),
  })
  .meta({ id: 'Receipt' });

export const receiptSchema = aloneReceiptSchema
  .extend({ sequence: z.int().min(0).meta({ description: "Place in the session's gapless sequence." }) })
  .meta({ id: 'SessionReceipt' });

export const pictureSchema = z
  .strictObject({
    // Node reads base64 leniently; what is signed for must have been sent plainly.
    image: z
      .string()
      .min(4)
      .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'standard base64 without a data: prefix or line breaks')
      .meta({ contentEncoding: 'base64', description: 'JPEG, PNG or WebP bytes in base64.' }),
    sessionId: idSchema.optional(),
    capturedAtMs: timeSchema
      .optional()
      .meta({ description: 'When the picture was taken; the arrival time if absent.' }),
    sentAtMs: timeSchema.optional().meta({ description: "The client's clock as it sent." }),
  })
  .meta({ id: 'Picture' });

export const detectionSchema = z
  .object({
    recordId: idSchema,
    sessionId: idSchema,
    sequence: z.int().min(0),
    recordHash: digestSchema,
    leafIndex: z.int().min(0),
    label: z.string(),
    confidencePpm: ppmSchema,
    scoresPpm: z.record(z.string(), ppmSchema),
    box: boxSchema,
    conformalSet: z
      .array(z.string())
      .optional()
      .meta({ description: 'Labels that remain possible at the calibrated coverage.' }),
    abstained: z
      .boolean()
      .optional()
      .meta({ description: 'True: more than two labels remain possible, do not quote one.' }),
    modelVersion: digestSchema,
    datasetRoot: digestSchema,
    proof: proofSchema,
    checkpoint: z.string().meta({ description: 'C2SP signed note.' }),
    anchoring: anchoringSchema,
  })
  .meta({
    id: 'Detection',
    description: 'A weak statistical signal with strong evidence. Never a lie score.',
  });

export const recordReplySchema = z
  .object({
    recordId: idSchema,
    leafIndex: z.int().min(0),
    recordHash: digestSchema,
    record: z.looseObject({ type: z.string(), version: z.int(), id: idSchema }),
    canonical: z.string().meta({ contentEncoding: 'base64', description: 'The bytes that were hashed.' }),
  })
  .meta({ id: 'StoredRecord' });

export const proofReplySchema = z
  .object({
    recordId: idSchema,
    recordHash: digestSchema,
    proof: proofSchema,
    checkpoint: z.string(),
    anchoring: anchoringSchema,
  })
  .meta({ id: 'ProvenRecord' });
