import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type CollectedSpan, type Collector, startCollector } from './support/collector.ts';
import { get, post } from './support/http.ts';
import { emptyPicture, facePicture } from './support/pictures.ts';
import { openTestSession } from './support/sessions.ts';
import { type Ground, prepareGround, startTestApi } from './support/world.ts';

const TRACE = 'a'.repeat(32);
const PARENT = 'b'.repeat(16);
const STREAM_TRACE = 'c'.repeat(32);

let ground: Ground;
let collector: Collector;
let answered: { recordId: string; traceId: string | null; refusedCode: unknown; refusedTrace: unknown };

beforeAll(async () => {
  ground = await prepareGround();
  collector = await startCollector();
  const api = await startTestApi(ground, {
    tracing: { otlpUrl: collector.url, exportDelayMs: 50, otlpHeaders: { 'api-key': 'a secret' } },
  });
  const sessionId = await openTestSession(api.url);
  const send = async (picture: Buffer, headers: Record<string, string>) =>
    post(`${api.url}/v1/detections`, { image: picture.toString('base64'), sessionId }, headers);
  const reading = await send(await facePicture(), { traceparent: `00-${TRACE}-${PARENT}-01` });
  const refused = await send(await emptyPicture(), {});
  await get(`${api.url}/v1/sessions/${sessionId}`, { traceparent: 'nonsense' });
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/v1/sessions/${sessionId}/frames`, {
    headers: { traceparent: `00-${STREAM_TRACE}-${PARENT}-01` },
  });
  await once(socket, 'open');
  socket.send(await facePicture());
  for (;;) {
    const [data] = (await once(socket, 'message')) as [Buffer];
    if ((JSON.parse(String(data)) as { type: string }).type === 'reading') break;
  }
  socket.terminate();
  await api.discard();
  answered = {
    recordId: reading.body.recordId as string,
    traceId: reading.headers.get('x-trace-id'),
    refusedCode: refused.body.code,
    refusedTrace: refused.body.traceId,
  };
});
afterAll(async () => {
  await collector.close();
  await ground.stop();
});

const named = (name: string, traceId: string): CollectedSpan => {
  const found = collector.spans.filter((span) => span.name === name && span.traceId === traceId);
  if (found.length !== 1) throw new Error(`${found.length} spans ${name} in ${traceId}`);
  return found[0]!;
};

const attributesOf = (span: CollectedSpan): Record<string, unknown> =>
  Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

describe('traces', () => {
  it("go on in the caller's trace, from the request down to the log", () => {
    expect(answered.traceId).toBe(TRACE);
    const request = named('POST /v1/detections', TRACE);
    const frame = named('frame', TRACE);
    const record = named('record', TRACE);
    expect([request.parentSpanId, frame.parentSpanId]).toEqual([PARENT, request.spanId]);
    for (const stage of ['decode', 'detect', 'classify', 'record'])
      expect(named(stage, TRACE).parentSpanId).toBe(frame.spanId);
    expect(named('append', TRACE).parentSpanId).toBe(record.spanId);
    expect(attributesOf(request)).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/detections',
    });
    expect(attributesOf(frame)).toEqual({
      'testigo.outcome': 'reading',
      'testigo.record.id': answered.recordId,
    });
  });

  it('have stages in order, inside their frame', () => {
    const frame = named('frame', TRACE);
    const stages = ['decode', 'detect', 'classify', 'record', 'append'].map((name) => named(name, TRACE));
    for (const { name, startTimeUnixNano, endTimeUnixNano } of stages)
      expect([name, startTimeUnixNano <= endTimeUnixNano]).toEqual([name, true]);
    const starts = stages.map(({ startTimeUnixNano }) => startTimeUnixNano);
    expect(starts).toEqual([...starts].sort((a, b) => (a < b ? -1 : 1)));
    expect(frame.endTimeUnixNano).toBeGreaterThanOrEqual(stages[4]!.endTimeUnixNano);
  });

  it('tell of a refusal by its code, in a trace of its own whose id the answer quotes', () => {
    expect(answered.refusedCode).toBe('no-face');
    const traceId = answered.refusedTrace as string;
    expect(traceId).not.toBe(TRACE);
    expect(attributesOf(named('frame', traceId))).toMatchObject({ 'error.type': 'no-face' });
    expect(collector.spans.some((span) => span.traceId === traceId && span.name === 'classify')).toBe(false);
  });

  it("put a stream's frames under the request that opened it", () => {
    expect(named('frame', STREAM_TRACE).parentSpanId).toBe(PARENT);
    expect(named('append', STREAM_TRACE).traceId).toBe(STREAM_TRACE);
  });

  it('hold no reading, no score and no picture', () => {
    const text = collector.bodies.join();
    expect(text).not.toMatch(/happy|neutral|angry|surprise|disgust|sad|fear|score|confidence|label|ppm/i);
    expect(
      Math.max(...collector.spans.flatMap((s) => s.attributes).map((a) => JSON.stringify(a).length)),
    ).toBe(JSON.stringify({ key: 'testigo.record.id', value: { stringValue: answered.recordId } }).length);
  });
});
