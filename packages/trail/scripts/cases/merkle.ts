import { EMPTY_ROOT, hashLeaf, toHex, utf8 } from '../../src/index.ts';
import { referenceTree } from '../../test/tree.ts';
import { flipBit, pick, type VectorCase, type VectorFile } from './case.ts';

const LARGEST = 1_100;
const tree = referenceTree(LARGEST);
const rootAt = (size: number): string => toHex(tree.subtree(0, size));
const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);
const FORGED = toHex(hashLeaf(utf8('forged')));

const SIZES = [
  17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 511, 513, 1_000, 1_023, 1_024, 1_025,
];

interface Inclusion extends VectorCase {
  readonly leafHash: string;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly string[];
  readonly root: string;
}

const inclusion = (index: number, size: number): Inclusion => ({
  name: `leaf ${index} of ${size}`,
  valid: true,
  leafHash: toHex(tree.leaves[index]!),
  index,
  size,
  proof: hex(tree.path(index, size)),
  root: rootAt(size),
});

function damagedInclusions(c: Inclusion): Inclusion[] {
  const bad = (name: string, change: Partial<Inclusion>): Inclusion => ({
    ...c,
    ...change,
    name: `${c.name}: ${name}`,
    valid: false,
  });
  const last = c.proof.length - 1;
  const swapped = [c.proof[1]!, c.proof[0]!, ...c.proof.slice(2)];
  return [
    bad('another leaf hash', { leafHash: FORGED }),
    bad('another root', { root: FORGED }),
    bad('the neighbour index', { index: c.index ^ 1 }),
    bad('an index outside', { index: c.size }),
    bad('a larger tree', { size: c.size * 4 }),
    bad('an empty tree', { size: 0 }),
    bad('no proof', { proof: [] }),
    bad('a flipped bit', { proof: c.proof.with(last, flipBit(c.proof[last]!, 17)) }),
    bad('without its first hash', { proof: c.proof.slice(1) }),
    bad('without its last hash', { proof: c.proof.slice(0, -1) }),
    bad('one hash too many', { proof: [...c.proof, FORGED] }),
    bad('the first hashes swapped', { proof: swapped }),
    bad('an inner node as the leaf', {
      leafHash: toHex(tree.subtree(0, 2)),
      index: 0,
      proof: c.proof.slice(1),
    }),
  ];
}

function inclusions(): VectorFile {
  const cases: Inclusion[] = [];
  for (let size = 1; size <= 16; size++) for (let i = 0; i < size; i++) cases.push(inclusion(i, size));
  for (const size of SIZES) {
    const picks = [
      0,
      1,
      size >> 1,
      size - 2,
      size - 1,
      ...[1, 2, 3].map((n) => pick(`i ${size} ${n}`, size)),
    ];
    for (const index of new Set(picks)) cases.push(inclusion(index, size));
  }
  const base = [
    inclusion(0, 5),
    inclusion(2, 7),
    inclusion(6, 7),
    inclusion(7, 8),
    inclusion(97, 100),
    inclusion(512, 1_000),
  ];
  return {
    name: 'inclusion',
    about: 'RFC 9162 section 2.1.3.2. Leaf i is the UTF-8 text "leaf i".',
    cases: [...cases, ...base.flatMap(damagedInclusions)],
  };
}

interface Consistency extends VectorCase {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[];
}

const consistency = (size1: number, size2: number): Consistency => ({
  name: `${size1} to ${size2}`,
  valid: true,
  size1,
  size2,
  root1: rootAt(size1),
  root2: rootAt(size2),
  proof: hex(tree.proof(size1, size2)),
});

function damagedConsistencies(c: Consistency): Consistency[] {
  const bad = (name: string, change: Partial<Consistency>): Consistency => ({
    ...c,
    ...change,
    name: `${c.name}: ${name}`,
    valid: false,
  });
  const { proof, size1, size2, root1, root2 } = c;
  return [
    bad('another old root', { root1: FORGED }),
    bad('another new root', { root2: FORGED }),
    bad('the roots swapped', { root1: root2, root2: root1 }),
    bad('a rollback', { size1: size2, size2: size1, root1: root2, root2: root1 }),
    bad('no proof', { proof: [] }),
    bad('a flipped bit', { proof: proof.with(0, flipBit(proof[0]!, 200)) }),
    bad('without its first hash', { proof: proof.slice(1) }),
    bad('without its last hash', { proof: proof.slice(0, -1) }),
    bad('one hash too many', { proof: [...proof, FORGED] }),
    bad('as if it started from nothing', { size1: 0 }),
    bad('as if nothing was added', { size1: size2 }),
  ];
}

/** Histories that were rewritten before the old head, each with the best proof its forger can make. */
function rewrites(): Consistency[] {
  const edits: readonly (readonly [string, (leaves: Uint8Array[]) => unknown])[] = [
    ['a record removed', (l) => l.splice(3, 1)],
    ['a record changed', (l) => l.splice(3, 1, hashLeaf(utf8('forged')))],
    ['a record doubled', (l) => l.splice(3, 0, l[3]!)],
    ['two records swapped', (l) => l.splice(3, 2, l[4]!, l[3]!)],
    ['a batch reordered', (l) => l.push(...l.splice(2, 4))],
    ['the tail cut and grown again', (l) => l.splice(8, 2, hashLeaf(utf8('a')), hashLeaf(utf8('b')))],
  ];
  return edits.flatMap(([name, edit]) => {
    const leaves = tree.leaves.slice(0, 20);
    edit(leaves);
    const other = referenceTree(leaves.length, (i) => leaves[i]!);
    return [10, 8 + 1].map((size1) => ({
      name: `${name} before size ${size1}`,
      valid: false,
      size1,
      size2: leaves.length,
      root1: rootAt(size1),
      root2: toHex(other.subtree(0, leaves.length)),
      proof: hex(other.proof(size1, leaves.length)),
    }));
  });
}

function consistencies(): VectorFile {
  const cases: Consistency[] = [];
  for (let size2 = 0; size2 <= 16; size2++)
    for (let size1 = 0; size1 <= size2; size1++) cases.push(consistency(size1, size2));
  for (const size2 of SIZES) {
    const picks = [
      0,
      1,
      2,
      size2 >> 1,
      size2 - 1,
      size2,
      ...[1, 2, 3].map((n) => pick(`c ${size2} ${n}`, size2)),
    ];
    for (const size1 of new Set(picks)) cases.push(consistency(size1, size2));
  }
  const empty = {
    name: '',
    valid: false,
    size1: 0,
    size2: 0,
    root1: toHex(EMPTY_ROOT),
    root2: toHex(EMPTY_ROOT),
    proof: [],
  };
  const bad: Consistency[] = [
    { ...empty, name: 'an empty log with another root', root1: FORGED, root2: FORGED },
    { ...empty, name: 'two empty logs with different roots', root2: FORGED },
    { ...empty, name: 'an empty log with a proof', proof: [FORGED] },
    { ...consistency(0, 9), name: 'from an empty log with another root', valid: false, root1: FORGED },
    { ...consistency(0, 9), name: 'from an empty log with a proof', valid: false, proof: [FORGED] },
    { ...consistency(9, 9), name: 'a fork of equal size', valid: false, root2: FORGED },
    { ...consistency(9, 9), name: 'equal heads with a proof', valid: false, proof: [FORGED] },
  ];
  const base = [
    consistency(3, 7),
    consistency(4, 7),
    consistency(5, 9),
    consistency(6, 8),
    consistency(8, 13),
    consistency(100, 129),
  ];
  return {
    name: 'consistency',
    about: 'RFC 9162 section 2.1.4.2. Leaf i is the UTF-8 text "leaf i".',
    cases: [...cases, ...bad, ...base.flatMap(damagedConsistencies), ...rewrites()],
  };
}

function trees(): VectorFile {
  const sizes = [...Array.from({ length: 67 }, (_, i) => i), ...SIZES.filter((size) => size > 66)];
  const cases: VectorCase[] = sizes.map((size) => ({
    name: `size ${size}`,
    valid: true,
    size,
    root: rootAt(size),
  }));
  const bad: VectorCase[] = [
    { name: 'the root of one leaf fewer', valid: false, size: 8, root: rootAt(7) },
    { name: 'an empty tree with a zero root', valid: false, size: 0, root: '00'.repeat(32) },
  ];
  return {
    name: 'trees',
    about: 'Roots of the trees over the leaves "leaf 0", "leaf 1", … (UTF-8). RFC 6962 section 2.1.',
    cases: [...cases, ...bad],
  };
}

export const merkleVectors = (): VectorFile[] => [trees(), inclusions(), consistencies()];
