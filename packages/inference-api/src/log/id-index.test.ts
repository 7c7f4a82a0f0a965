import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { IdIndex } from './id-index.ts';
import { newId } from './testing.ts';

const bytes = new Uint8Array();

/** An index in a database of its own. */
const openIndex = (maxWaiting: number) => {
  const database = new DatabaseSync(':memory:');
  let index = new IdIndex(database, maxWaiting);
  let size = 0;
  return {
    append: (ids: readonly string[], isCommitted = true) => {
      database.exec('BEGIN');
      const afterCommit = index.add(
        ids.map((id) => ({ id, bytes })),
        size,
      );
      database.exec(isCommitted ? 'COMMIT' : 'ROLLBACK');
      if (!isCommitted) return;
      afterCommit();
      size += ids.length;
    },
    find: (id: string) => index.find(id),
    countWaitingRows: () => Number(database.prepare('SELECT count(*) AS n FROM waiting_ids').get()?.n),
    countFolded: () => Number(database.prepare('SELECT count(*) AS n FROM ids').get()?.n),
    restart: () => {
      index = new IdIndex(database, maxWaiting);
    },
  };
};

describe('the index of record ids', () => {
  it('finds every id, waiting or folded, also after a restart at any moment', () => {
    const index = openIndex(50);
    const ids: string[] = [];
    for (let round = 0; round < 60; round++) {
      const batch = Array.from({ length: round % 9 }, newId);
      index.append(batch);
      ids.push(...batch);
      if (round % 7 === 0) index.restart();
    }
    expect(ids.map((id) => index.find(id))).toEqual(ids.map((_, at) => at));
    expect(index.find(newId())).toBeUndefined();
    expect(ids.length - index.countFolded()).toBeLessThanOrEqual(50);
    expect(index.countFolded()).toBeGreaterThan(0);
    expect(index.countWaitingRows()).toBeLessThan(40);
  });

  it('keeps what a rolled back commit would have folded', () => {
    const index = openIndex(4);
    const [kept, lost] = [Array.from({ length: 4 }, newId), Array.from({ length: 4 }, newId)];
    index.append(kept);
    index.append(lost, false);
    expect(kept.map((id) => index.find(id))).toEqual([0, 1, 2, 3]);
    expect(lost.map((id) => index.find(id))).toEqual([undefined, undefined, undefined, undefined]);
    index.append(lost);
    expect(lost.map((id) => index.find(id))).toEqual([4, 5, 6, 7]);
  });

  it('takes ids that share their first bits', () => {
    const index = openIndex(10);
    const ids = Array.from({ length: 100 }, (_, at) => at.toString(16).padStart(32, '0'));
    for (let at = 0; at < 100; at += 5) index.append(ids.slice(at, at + 5));
    index.restart();
    expect(ids.map((id) => index.find(id))).toEqual(ids.map((_, at) => at));
  });
});
