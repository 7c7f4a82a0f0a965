import { computeRoot, encodeRecord, hashLeaf, proveInclusion, type TrailRecord } from '@testigo/trail';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, id, makeWorldDetection, makeWorldRecords, SESSION } from '../../test/world.ts';
import { TrailAudit } from './audit-trail.ts';
import { indexSpecial, Ledger } from './ledger.ts';
import { MAX_MODELS, ModelTally } from './model-tally.ts';
import { scanRecords } from './scan-records.ts';

const NAMED = { modelVersion: hex('model'), datasetRoot: hex('dataset'), datasetSize: 7 };
const SOUND = makeWorldRecords(4, NAMED);
const [open, first, second, third, fourth, close] = SOUND as [
  TrailRecord,
  TrailRecord,
  TrailRecord,
  TrailRecord,
  TrailRecord,
  TrailRecord,
];

/** Codes that the ledger reports for a log of exactly these records. */
function audit(records: readonly (TrailRecord | Uint8Array)[]): string[] {
  const bytes = records.map((record) => (record instanceof Uint8Array ? record : encodeRecord(record)));
  const walk = new TrailAudit([], 0);
  for (let i = 0; i < bytes.length; i += 4096) {
    walk.addChunk({
      first: i / 256,
      scan: scanRecords(bytes.slice(i, i + 4096)),
      problems: [],
      isComplete: true,
    });
  }
  return walk.ledger.finish().findings.map((finding) => finding.code);
}

const head = { version: 1, time: 1_790_000_100, sessionId: SESSION } as const;
const review = (n: number, sequence: number, detectionId: string): TrailRecord => ({
  type: 'REVIEW',
  ...head,
  id: id(n),
  sequence,
  detectionId,
  reviewer: 'a'.repeat(32),
  decision: 'confirmed',
  factReference: 'case:1',
});
const erasure = (n: number, records: number, sessionId = SESSION): TrailRecord => ({
  type: 'ERASURE',
  ...head,
  sessionId,
  id: id(n),
  reason: 'request',
  records,
});
const hold = (n: number): TrailRecord => ({
  type: 'LEGAL_HOLD',
  ...head,
  id: id(n),
  action: 'place',
  authority: 'court-1',
});
const release = (n: number, of: string): TrailRecord => ({
  type: 'LEGAL_HOLD',
  ...head,
  id: id(n),
  action: 'release',
  hold: of,
  authority: 'court-1',
});

describe('what must add up across records', () => {
  it.each<[string, readonly (TrailRecord | Uint8Array)[], string[]]>([
    ['a session from open to close', SOUND, []],
    ['a review after the close, by its sequence', [...SOUND, review(50, 6, first.id)], []],
    ['an erasure that kept its leaves', [...SOUND, erasure(51, 6)], []],
    ['an erasure after the hold was released', [...SOUND, hold(52), release(53, id(52)), erasure(54, 6)], []],
    [
      'a reading left out',
      [open, first, third, fourth, close],
      ['trail-sequence-gap', 'trail-session-counts-mismatch'],
    ],
    [
      'a reading left out and the rest renumbered',
      [
        open,
        first,
        { ...third, sequence: 2 } as TrailRecord,
        { ...fourth, sequence: 3 } as TrailRecord,
        close,
      ],
      ['trail-sequence-gap', 'trail-session-counts-mismatch'],
    ],
    [
      'two readings in the wrong order',
      [open, second, first, third, fourth, close],
      ['trail-sequence-gap', 'trail-sequence-gap', 'trail-sequence-gap'],
    ],
    [
      'a reading twice',
      [open, first, first, second, third, fourth, close],
      ['trail-record-duplicate', 'trail-sequence-gap', 'trail-session-counts-mismatch'],
    ],
    ['a session that was never opened', [first, second], ['trail-session-unopened']],
    ['a reading after the close', [...SOUND, makeWorldDetection(6, NAMED)], ['trail-session-reopened']],
    [
      'a review of a detection that is not there',
      [...SOUND, review(50, 6, id(999))],
      ['trail-reference-unknown'],
    ],
    ['an erasure of more than was logged', [...SOUND, erasure(51, 7)], ['trail-erasure-unbacked']],
    ['an erasure of an unknown session', [...SOUND, erasure(51, 1, id(4242))], ['trail-erasure-unbacked']],
    ['an erasure under a hold', [...SOUND, hold(52), erasure(53, 6)], ['trail-erasure-under-hold']],
    [
      'an erasure after the release of a hold that nobody placed',
      [...SOUND, hold(52), release(53, id(77)), erasure(54, 6)],
      ['trail-release-unbacked', 'trail-erasure-under-hold'],
    ],
    [
      'an erasure under the second of two holds, the first of which was released twice',
      [...SOUND, hold(52), hold(53), release(54, id(52)), release(55, id(52)), erasure(56, 6)],
      ['trail-erasure-under-hold'],
    ],
    [
      'the release of the hold of another session',
      [...SOUND, { ...hold(52), sessionId: id(4242) } as TrailRecord, release(53, id(52))],
      ['trail-release-unbacked'],
    ],
    [
      'an erasure under a hold that was placed before the session began',
      [hold(52), ...SOUND, erasure(53, 6)],
      ['trail-erasure-under-hold'],
    ],
    [
      'a review of a record that is no detection',
      [...SOUND, review(50, 6, open.id)],
      ['trail-reference-unknown'],
    ],
    ['bytes that are no record', [new TextEncoder().encode('{}'), ...SOUND], ['trail-record-malformed']],
  ])('%s', (_, records, codes) => {
    expect(audit(records)).toEqual(codes);
  });

  it('keeps the findings of one kind to ten, and counts them all', () => {
    const records = Array.from({ length: 40 }, (_, i) => makeWorldDetection(i * 2 + 1, NAMED));
    const walk = new TrailAudit([], 0);
    walk.addChunk({
      first: 0,
      scan: scanRecords([open, ...records].map(encodeRecord)),
      problems: [],
      isComplete: true,
    });
    const { findings, counts } = walk.ledger.finish();
    expect(findings).toHaveLength(10);
    expect(counts).toMatchObject({
      'findings trail-sequence-gap': 39,
      'records DETECTION': 40,
      'sessions still open': 1,
    });
  });
});

describe('a log too large for memory', () => {
  const inSession = (record: TrailRecord, session: number) =>
    ({ ...record, sessionId: id(9000 + session) }) as TrailRecord;
  const step = fc.record({
    session: fc.nat(5),
    what: fc.constantFrom<(n: number, other: number) => TrailRecord>(
      (n) => ({ ...open, id: id(n) }) as TrailRecord,
      (n, other) => ({ ...makeWorldDetection(1 + (other % 7), NAMED), id: id(n) }) as TrailRecord,
      (n, other) => review(n, 1 + (other % 7), id(other)),
      (n, other) => erasure(n, other % 5),
      (n) => hold(n),
      (n, other) => release(n, id(other)),
      (n) => ({ ...close, id: id(n) }) as TrailRecord,
    ),
    n: fc.nat(60),
    other: fc.nat(60),
  });

  it('is judged in parts, from files, as it would be at once', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 120 }),
        fc.integer({ min: 1, max: 9 }),
        (steps, aShard) => {
          const records = steps.map(({ session, what, n, other }) => inSession(what(n, other), session));
          const scan = scanRecords([...records.map(encodeRecord), new TextEncoder().encode('{}')]);
          const judge = (ledger: Ledger) => {
            ledger.addRecords(scan, 0, 0, records.length + 1, indexSpecial(scan));
            const end = ledger.finish();
            ledger.close();
            return end;
          };
          expect(judge(new Ledger(records.length, aShard))).toEqual(judge(new Ledger(0)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('tells a limited number of models apart, and says how many readings are of others', () => {
    const tally = new ModelTally();
    const named = (n: number) => ({ modelVersion: hex(`model ${n}`), datasetRoot: hex('dataset') });
    for (let n = 0; n < MAX_MODELS + 40; n++) tally.add(named(n), 1);
    tally.add(named(3), 1);
    tally.add(named(MAX_MODELS + 3), 1);
    expect(tally.uses).toHaveLength(MAX_MODELS);
    expect(tally.others).toBe(41);
    const { counts, others } = tally.takeBatch();
    expect([counts.size, counts.get(named(3).modelVersion), others]).toEqual([MAX_MODELS, 2, 41]);
    expect(tally.takeBatch()).toEqual({ counts: new Map(), others: 0 });
  });

  it('counts what was made since a revocation, and only readings for the anchors', () => {
    const tally = new ModelTally();
    const claim = { modelVersion: hex('model'), datasetRoot: hex('dataset'), datasetSize: 7 };
    const [use, ...more] = tally.admit([claim, { ...claim }]);
    expect(more).toEqual([]);
    use!.revokedAt.model = 100;
    for (const time of [99, 100, 101]) tally.add({ ...claim }, time);
    tally.add({ modelVersion: claim.modelVersion }, 200);
    tally.add({ modelVersion: hex('only mentioned') }, 200);
    expect(tally.admit([claim])).toEqual([]);
    expect(tally.uses.map(({ claim: { modelVersion }, count }) => [modelVersion, count])).toEqual([
      [claim.modelVersion, 3],
      [hex('only mentioned'), 1],
    ]);
    expect(use!.madeSince).toEqual({ model: 2, dataset: 0 });
    expect(tally.takeBatch()).toEqual({ counts: new Map([[claim.modelVersion, 3]]), others: 0 });
  });

  it('takes another size or root of the dataset for another claim', () => {
    const tally = new ModelTally();
    const claim = { modelVersion: hex('model'), datasetRoot: hex('dataset'), datasetSize: 7 };
    for (const other of [claim, { ...claim, datasetSize: 8 }, { ...claim, datasetRoot: hex('other') }])
      tally.add(other, 1);
    expect(tally.uses.map(({ count }) => count)).toEqual([1, 1, 1]);
  });
});

describe('milestones', () => {
  const bytes = makeWorldRecords(700, NAMED).map(encodeRecord);
  const leaves = bytes.map(hashLeaf);
  const walk = (at: number, size: number) => {
    const root = computeRoot(leaves.slice(0, at));
    const audit = new TrailAudit([{ size, root, kind: 'checkpoint', source: 'test' }], 0);
    for (let i = 0; i < bytes.length; i += 512) {
      audit.addChunk({
        first: i / 256,
        scan: scanRecords(bytes.slice(i, i + 512)),
        problems: [],
        isComplete: true,
      });
    }
    return audit.ledger.finish().findings.map((finding) => finding.code);
  };

  it.each([0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 600, 701, 702])(
    'finds the root at size %i',
    (size) => {
      expect(walk(size, size)).toEqual([]);
    },
  );

  it.each([1, 255, 256, 257, 512, 702])('finds a wrong root at size %i', (size) => {
    expect(walk(size - 1, size)).toEqual(['trail-checkpoint-forked']);
  });

  it('keeps the subtree roots that tiles above level 0 hold', () => {
    const audit = new TrailAudit([], 0);
    audit.addChunk({ first: 0, scan: scanRecords(bytes), problems: [], isComplete: true });
    const expected = [0, 1].map((i) => computeRoot(leaves.slice(i * 256, (i + 1) * 256)));
    expect(audit.takeFullTiles()).toEqual([]);
    expect(audit.partialTiles.map(({ level, index }) => ({ level, index }))).toEqual([
      { level: 1, index: 0 },
    ]);
    expect(audit.partialTiles[0]?.hashes.map((hash) => Buffer.from(hash).toString('hex'))).toEqual(
      expected.map((hash) => Buffer.from(hash).toString('hex')),
    );
    expect(proveInclusion(leaves.slice(0, 512), 0).at(-1)).toEqual(expected[1]);
  });
});
