import type { IncomingMessage } from 'node:http';
import { MAX_RECORD_BYTES, parseRecord, TrailError } from '@testigo/trail';
import { Router } from 'express';
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

const LINE_FEED = 10;

// Canonical JSON has no line breaks, so each line of the body is the very bytes of a leaf.
const splitLines = (body: Uint8Array): Uint8Array[] => {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < body.length; ) {
    const found = body.indexOf(LINE_FEED, start);
    const end = found < 0 ? body.length : found;
    lines.push(body.subarray(start, end));
    start = end + 1;
    if (lines.length > MAX_BATCH_RECORDS) {
      throw new ApiError('record-too-large', `A batch has ${MAX_BATCH_RECORDS} records at most.`);
    }
  }
  return lines;
};

/** Writes hashes as a JSON array of hex. The proofs of a batch share most of their hashes: each is written once. */
const newHashWriter = () => {
  const written = new Map<Uint8Array, string>();
  const writeOne = (hash: Uint8Array): string => {
    const known = written.get(hash);
    if (known) return known;
    const text = `"${Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex')}"`;
    written.set(hash, text);
    return text;
  };
  return (hashes: readonly Uint8Array[]): string => `[${hashes.map(writeOne).join()}]`;
};

// ASCII only, so that the text becomes bytes without an encoder. C2SP signature lines start with an em dash.
const writeNote = (note: string): string =>
  JSON.stringify(note).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

// Written by hand: only the note needs escaping, and at 20,000 receipts a second JSON.stringify is a tenth of a core.
const writeOne = ({ recordId, leafIndex, isDuplicate, proof, checkpoint }: Receipt): string =>
  `{"recordId":"${recordId}","leafIndex":${leafIndex},"isDuplicate":${isDuplicate},"proof":{"leafIndex":${leafIndex},` +
  `"size":${proof.size},"hashes":${newHashWriter()(proof.hashes)}},"checkpoint":${writeNote(checkpoint.note)}}`;

const writeBatch = (receipts: readonly Receipt[]): string => {
  const writeHashes = newHashWriter();
  const items = receipts.map(
    ({ recordId, leafIndex, isDuplicate, proof }) =>
      `{"recordId":"${recordId}","leafIndex":${leafIndex},"isDuplicate":${isDuplicate},"hashes":${writeHashes(proof.hashes)}}`,
  );
  const [first] = receipts;
  const note = writeNote(first?.checkpoint.note ?? '');
  return `{"size":${first?.proof.size ?? 0},"checkpoint":${note},"receipts":[${items.join()}]}`;
};

const readBody = (request: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BATCH_BYTES) {
        reject(new ApiError('record-too-large', `A request has ${MAX_BATCH_BYTES} bytes at most.`));
        request.removeAllListeners('data').resume();
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new ApiError('record-invalid', 'The request ended early.')));
  });

/**
 * `POST /v1/records` for writers that encode their own records: the body is one canonical record, or with
 * `application/x-ndjson` one a line. The answer comes once they are durable, with their inclusion proofs and the signed
 * checkpoint: 201, or 200 where the log held all of them already. Sending a request again is safe.
 */
export const createIngestRouter = (log: TransparencyLog): Router => {
  const router = Router();
  router.post('/v1/records', async (request, response) => {
    const body = await readBody(request);
    const isBatch = request.headers['content-type']?.startsWith(BATCH_TYPE) === true;
    const records = (isBatch ? splitLines(body) : [body]).map(toEncodedRecord);
    if (records.length === 0) throw new ApiError('record-invalid', 'The body is empty.');
    const receipts = await log.appendAll(records);
    const status = receipts.every(({ isDuplicate }) => isDuplicate) ? 200 : 201;
    const text = isBatch ? writeBatch(receipts) : writeOne(receipts[0]!);
    const headers = { 'content-type': 'application/json', 'content-length': text.length };
    response.writeHead(status, headers).end(text, 'latin1');
  });
  return router;
};
