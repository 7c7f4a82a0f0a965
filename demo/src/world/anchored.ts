import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from './chain.ts';

const POLL_MS = 100;

interface Anchoring {
  readonly state: string;
  readonly size?: number;
  readonly transaction?: string;
}

export async function anchoringOf(apiUrl: string, recordId: string): Promise<Anchoring> {
  const response = await fetch(`${apiUrl}/v1/records/${recordId}/proof`);
  if (!response.ok) throw new Error(`the API answers ${response.status} for record ${recordId}`);
  return ((await response.json()) as { anchoring: Anchoring }).anchoring;
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
  const query = disclose.length > 0 ? `?disclose=${disclose.join(',')}` : '';
  const response = await fetch(`${apiUrl}/v1/records/${recordId}/evidence${query}`);
  if (!response.ok) throw new Error(`the API answers ${response.status} for the evidence of ${recordId}`);
  return response.text();
}
