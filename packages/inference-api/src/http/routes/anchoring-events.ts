import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { type Principal, tenantOf } from '../../auth/principal.ts';
import { ApiError } from '../../errors.ts';
import type { TransparencyLog } from '../../log/log.ts';
import type { AnchoringView } from '../../records/anchoring-view.ts';
import { presentAnchoring } from '../../records/present.ts';
import { releaseWith, type StreamSlots } from '../stream-slots.ts';

export type AnchoringEventParts = {
  readonly log: TransparencyLog;
  readonly anchoring: AnchoringView;
  readonly pollMs: number;
  /** Each one holds a connection for minutes, and the service has 4,096. */
  readonly slots: StreamSlots;
  /** The service goes away: a stream that stayed open would hold up its end. */
  readonly isDraining: () => boolean;
};

const LONGEST_MS = 15 * 60_000;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 20_000;

/** What a record's anchoring has come to, each time it changes, until it is final. */
async function* followAnchoring(
  { anchoring, pollMs, isDraining }: AnchoringEventParts,
  leafIndex: number,
  signal: AbortSignal,
) {
  let last = '';
  let toldAt = 0;
  const endsAt = Date.now() + LONGEST_MS;
  while (!signal.aborted && !isDraining() && Date.now() < endsAt) {
    const status = presentAnchoring(await anchoring.statusOf(leafIndex));
    const text = JSON.stringify(status);
    if (text !== last) {
      yield `event: anchoring\ndata: ${text}\n\n`;
      last = text;
      toldAt = Date.now();
    } else if (Date.now() - toldAt > HEARTBEAT_MS) {
      yield ': waiting\n\n';
      toldAt = Date.now();
    }
    if (status.state === 'finalized' || status.state === 'unanchored') return;
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Server-sent events (HTML Living Standard, section 9.2) of one record's way on chain. */
export const streamAnchoring =
  (parts: AnchoringEventParts): RequestHandler =>
  async (request, response) => {
    const release = parts.slots.take(tenantOf(response.locals.principal as Principal));
    const gone = new AbortController();
    // Listened for before anything is waited for: who leaves meanwhile must not be followed, or counted, for ever.
    releaseWith(response, () => {
      release();
      gone.abort();
    });
    const id = String(request.params.id);
    const stored = /^[0-9a-f]{32}$/.test(id) ? await parts.log.findRecord(id) : undefined;
    if (!stored) throw new ApiError('record-unknown');
    response
      .status(200)
      .set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    for await (const event of followAnchoring(parts, stored.leafIndex, gone.signal)) response.write(event);
    response.end();
  };
