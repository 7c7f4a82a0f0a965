import { parseRecord, type TrailRecord } from '@testigo/trail';
import type { TransparencyLog } from '../log/log.ts';
import type { StateStore } from '../state/state-store.ts';
import type { WebhookEvent } from './webhook-events.ts';

/** Leaves read at a time, so that catching up with a long log never holds the service. */
const LEAVES_AT_ONCE = 256;

const ANNOUNCED = ['"SESSION_CLOSE"', '"ERASURE"'];

/** Readings are most of a log: a look at the bytes spares parsing them. */
const mayAnnounce = (bytes: Uint8Array): boolean => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ANNOUNCED.some((type) => text.includes(type));
};

const toEvent = (record: TrailRecord, leafIndex: number): Omit<WebhookEvent, 'deployer'> | undefined => {
  if (record.type === 'SESSION_CLOSE') {
    const { id: recordId, sessionId, sequence, reason, counts, openedAt, time } = record;
    const data = { sessionId, recordId, leafIndex, sequence, reason, counts, openedAt, closedAt: time };
    return { type: 'session.closed', timeMs: time * 1000, data };
  }
  if (record.type === 'ERASURE') {
    const { id: recordId, sessionId, reason, time } = record;
    return {
      type: 'session.erased',
      timeMs: time * 1000,
      data: { sessionId, recordId, leafIndex, reason, erasedAt: time },
    };
  }
  return undefined;
};

export type LogEvents = { readonly events: readonly WebhookEvent[]; readonly leaves: number };

/** What the log tells from this leaf on. The log is the source: whatever is in it is told, also after a crash. */
export const readLogEvents = async (
  { log, state }: { readonly log: TransparencyLog; readonly state: Pick<StateStore, 'findSession'> },
  fromLeaf: number,
): Promise<LogEvents> => {
  const leaves = Math.min(log.checkpoint().size, fromLeaf + LEAVES_AT_ONCE);
  const events: WebhookEvent[] = [];
  for (let leafIndex = fromLeaf; leafIndex < leaves; leafIndex++) {
    const { bytes } = await log.readRecordAt(leafIndex);
    const event = mayAnnounce(bytes) ? toEvent(parseRecord(bytes), leafIndex) : undefined;
    if (!event) continue;
    const session = await state.findSession(event.data.sessionId as string);
    events.push({ ...event, ...(session ? { deployer: session.terms.deployer } : {}) });
  }
  return { events, leaves };
};
