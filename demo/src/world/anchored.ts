import { setTimeout as sleep } from 'node:timers/promises';
import { createTestigoClient, type Schemas, unwrap } from '@testigo/inference-api/client';
import type { Registry } from './chain.ts';

const POLL_MS = 100;

type Anchoring = Schemas['Anchoring'];

export async function anchoringOf(apiUrl: string, recordId: string): Promise<Anchoring> {
  const client = createTestigoClient({ baseUrl: apiUrl });
  const params = { path: { id: recordId } };
  return (await unwrap(client.GET('/v1/records/{id}/proof', { params }))).anchoring;
}

/**
 * Waits until the anchor over a record is final, mining the blocks that nobody else mines on a local chain.
 * @throws Error once `timeoutMs` have passed
 */
export async function waitUntilAnchored(
  registry: Registry,
  given: { readonly apiUrl: string; readonly recordId: string; readonly timeoutMs: number },
): Promise<Anchoring> {
  const deadline = performance.now() + given.timeoutMs;
  let isMined = false;
  while (performance.now() < deadline) {
    const anchoring = await anchoringOf(given.apiUrl, given.recordId);
    if (anchoring.state === 'finalized') return anchoring;
    if (anchoring.state === 'mined' && !isMined) {
      isMined = true;
      await registry.finalize();
    }
    await sleep(POLL_MS);
  }
  throw new Error(`the record was not anchored within ${given.timeoutMs / 1000} s`);
}

export async function fetchEvidence(
  apiUrl: string,
  recordId: string,
  disclose: readonly string[],
): Promise<string> {
  const query = disclose.length > 0 ? { disclose: disclose.join(',') } : {};
  const params = { path: { id: recordId }, query };
  // The bytes as they came: the bundle is canonical JSON, and a parser would hand over something else.
  const answer = createTestigoClient({ baseUrl: apiUrl }).GET('/v1/records/{id}/evidence', {
    params,
    parseAs: 'text',
  });
  return unwrap<string>(answer);
}
