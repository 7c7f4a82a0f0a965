import { fromUtf8, MAX_RECORD_BYTES, parseRecord, TrailError, utf8 } from '@testigo/trail';
import express, { Router } from 'express';
import { ApiError } from '../errors.ts';
import type { EncodedRecord, Receipt, TransparencyLog } from './log.ts';

/** One request's records share a commit, a checkpoint and a fate: all are logged or none. */
const MAX_BATCH_RECORDS = 4_096;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
export const BATCH_TYPE = 'application/x-ndjson';

/** Reads canonical bytes into what the log appends. @throws ApiError `record-invalid`, `record-too-large` */
export const toEncodedRecord = (bytes: Uint8Array): EncodedRecord => {
  if (bytes.length > MAX_RECORD_BYTES) throw new ApiError('record-too-large');
  try {
    const record = parseRecord(bytes);
    const modelVersion = record.type === 'DETECTION' ? { modelVersion: record.modelVersion } : {};
    return { id: record.id, bytes, ...modelVersion };
  } catch (cause) {
    if (cause instanceof TrailError) throw new ApiError('record-invalid', cause.message, { cause });
    throw cause;
  }
};

// Canonical JSON has no line breaks, so each line of the body is the very bytes of a leaf.
const splitLines = (body: Uint8Array): Uint8Array[] => {
  const lines = fromUtf8(body).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_BATCH_RECORDS) {
    throw new ApiError('record-too-large', `A batch has ${MAX_BATCH_RECORDS} records at most.`);
  }
  return lines.map(utf8);
};

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

const presentOne = ({ recordId, leafIndex, isDuplicate, proof, checkpoint }: Receipt) => ({
  recordId,
  leafIndex,
  isDuplicate,
  proof: { leafIndex, size: proof.size, hashes: proof.hashes.map(hexOf) },
  checkpoint: checkpoint.note,
});

const presentBatch = (receipts: readonly Receipt[]) => ({
  size: receipts[0]?.proof.size ?? 0,
  checkpoint: receipts[0]?.checkpoint.note ?? '',
  receipts: receipts.map(({ recordId, leafIndex, isDuplicate, proof }) => ({
    recordId,
    leafIndex,
    isDuplicate,
    hashes: proof.hashes.map(hexOf),
  })),
});

/**
 * `POST /v1/records` for writers that encode their own records: the body is one canonical record, or with
 * `application/x-ndjson` one a line. The answer comes once they are durable, with their inclusion proofs and the signed
 * checkpoint: 201, or 200 where the log held all of them already. Sending a request again is safe.
 */
export const createIngestRouter = (log: TransparencyLog): Router => {
  const router = Router();
  router.post(
    '/v1/records',
    express.raw({ type: () => true, limit: MAX_BATCH_BYTES }),
    async (request, response) => {
      const body: unknown = request.body;
      if (!(body instanceof Uint8Array) || body.length === 0)
        throw new ApiError('record-invalid', 'The body is empty.');
      const isBatch = request.is(BATCH_TYPE) !== false;
      const records = (isBatch ? splitLines(body) : [body]).map(toEncodedRecord);
      const receipts = await log.appendAll(records);
      const status = receipts.every(({ isDuplicate }) => isDuplicate) ? 200 : 201;
      response.status(status).json(isBatch ? presentBatch(receipts) : presentOne(receipts[0]!));
    },
  );
  return router;
};
