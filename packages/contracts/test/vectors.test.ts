// The frozen vectors of packages/trail/vectors, on the contract: it must give every answer that they ask for.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { deployWithRoles, networkHelpers } from './support/registry.ts';

type Inclusion = {
  readonly name: string;
  readonly valid: boolean;
  readonly leafHash: string;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly string[];
  readonly root: string;
};

type Consistency = {
  readonly name: string;
  readonly valid: boolean;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[];
};

const read = <T>(name: string): readonly T[] => {
  const path = new URL(`../../trail/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly T[] }).cases;
};
const hex = (bytes: string): string => `0x${bytes}`;

describe('The frozen vectors', () => {
  it('have their inclusion proofs judged as the specification does', async () => {
    const { registry } = await networkHelpers.loadFixture(deployWithRoles);
    const wrong: string[] = [];
    for (const { name, valid, leafHash, index, size, proof, root } of read<Inclusion>('inclusion')) {
      const seen = await registry.verifyInclusion(hex(leafHash), index, size, hex(root), proof.map(hex));
      if (seen !== valid) wrong.push(name);
    }
    expect(wrong).to.deep.equal([]);
  });

  it('have their consistency proofs judged as the specification does', async () => {
    const { registry } = await networkHelpers.loadFixture(deployWithRoles);
    const wrong: string[] = [];
    for (const { name, valid, size1, size2, root1, root2, proof } of read<Consistency>('consistency')) {
      const roots = [hex(root1), hex(root2)] as const;
      const seen = await registry.verifyConsistency(size1, size2, ...roots, proof.map(hex));
      if (seen !== valid) wrong.push(name);
    }
    expect(wrong).to.deep.equal([]);
  });
});
