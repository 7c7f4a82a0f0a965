import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatId, IdTable, writeId } from './id-table.ts';

const hexId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

it('behaves like a Map of strings, however alike the ids are', () => {
  const alike = fc.nat(40).map((n) => n.toString(16).padStart(32, '0'));
  fc.assert(
    fc.property(fc.array(fc.oneof(hexId, alike), { maxLength: 3000 }), (ids) => {
      const table = new IdTable(1);
      const map = new Map<string, number>();
      const words = new Uint32Array(4);
      for (const id of ids) {
        writeId(id, words, 0);
        expect(table.find(words, 0)).toBe(map.get(id) ?? -1);
        const { row, isNew } = table.insert(words, 0);
        expect(isNew).toBe(!map.has(id));
        expect(table.keyOf(row)).toBe(id);
        if (isNew) table.set(row, 0, map.size + 7);
        if (isNew) map.set(id, map.size);
        expect(table.get(row, 0)).toBe(map.get(id)! + 7);
      }
      expect(table.size).toBe(map.size);
      table.clear();
      for (const id of ids.slice(0, 50)) {
        writeId(id, words, 0);
        expect(table.find(words, 0)).toBe(-1);
      }
      if (ids.length > 0) expect(table.get(table.insert(words, 0).row, 0)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

it('writes and formats ids alike', () => {
  fc.assert(
    fc.property(hexId, (id) => {
      const words = new Uint32Array(6);
      writeId(id, words, 2);
      expect(formatId(words, 2)).toBe(id);
    }),
  );
});
