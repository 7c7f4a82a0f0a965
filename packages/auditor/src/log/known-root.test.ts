import { computeRoot, type Hash, hashLeaf, toHex, utf8 } from '@testigo/trail';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { computeRootAround, KnownLeaves } from './known-root.ts';

const LEAVES = Array.from({ length: 300 }, (_, i) => hashLeaf(utf8(String(i))));

/** Hashes of perfect subtrees of the first `size` leaves; notes which were asked for. */
const readerOf = (size: number, asked: string[] = []) =>
  async function read(level: number, index: number): Promise<Hash> {
    asked.push(`${level}/${index}`);
    const [begin, end] = [index * 2 ** level, (index + 1) * 2 ** level];
    expect(end).toBeLessThanOrEqual(size);
    return computeRoot(LEAVES.slice(begin, end));
  };

const tree = fc
  .integer({ min: 1, max: LEAVES.length })
  .chain((size) => fc.tuple(fc.constant(size), fc.subarray([...Array(size).keys()])));

it('comes to the root of the tree, whichever leaves are known', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async ([size, indices]) => {
      const known = new KnownLeaves();
      for (const index of indices) known.add(index, LEAVES[index]!);
      const root = await computeRootAround(known, size, readerOf(size));
      expect(toHex(root)).toBe(toHex(computeRoot(LEAVES.slice(0, size))));
      expect([known.count, known.first, known.last]).toEqual([
        indices.length,
        indices[0] ?? 0,
        indices.at(-1) ?? -1,
      ]);
    }),
    { numRuns: 60 },
  );
});

it('comes to another root if one known leaf is another', async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.nat(), async ([size, indices], pick) => {
      fc.pre(indices.length > 0);
      const wrong = indices[pick % indices.length];
      const known = new KnownLeaves();
      for (const index of indices) known.add(index, index === wrong ? hashLeaf(utf8('x')) : LEAVES[index]!);
      const root = await computeRootAround(known, size, readerOf(size));
      expect(toHex(root)).not.toBe(toHex(computeRoot(LEAVES.slice(0, size))));
    }),
    { numRuns: 40 },
  );
});

it('asks for nothing under what is known, and keeps two hashes a level at most', async () => {
  const known = new KnownLeaves();
  for (let index = 37; index < 291; index++) known.add(index, LEAVES[index]!);
  expect(known.nodes.length).toBeLessThanOrEqual(2 * Math.log2(LEAVES.length));
  const asked: string[] = [];
  await computeRootAround(known, 300, readerOf(300, asked));
  const touched = asked.filter((name) => {
    const [level, index] = name.split('/').map(Number) as [number, number];
    return (index + 1) * 2 ** level > 37 && index * 2 ** level < 291;
  });
  expect(touched).toEqual([]);
});
