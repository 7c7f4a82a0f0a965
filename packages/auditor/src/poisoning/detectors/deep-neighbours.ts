import { CLASSES } from '../sample-set.ts';
import type { EmbeddingSpace } from './embedding-space.ts';

/** Formula 7. */
const NEIGHBOURS = 50;

export type NeighbourBlock = {
  /** 1 - share of the nearest 50 with the same label. */
  readonly disagreement: Float64Array;
  /** The largest share another label has, less the own label's. */
  readonly contradiction: Float64Array;
  /** Euclidean distance to the 50th neighbour. */
  readonly reach: Float64Array;
};

/**
 * Deep k-NN (Papernot and McDaniel 2018; Peri et al. 2020) for rows [from, to) against all rows. Copies of the row
 * itself (its duplicate group) do not vote: a poison copied fifty times would otherwise elect itself.
 */
export function findNeighbours(
  space: EmbeddingSpace,
  labels: Uint8Array,
  group: Uint32Array,
  from: number,
  to: number,
): NeighbourBlock {
  const { rows, size, vectors } = space;
  const count = Math.min(NEIGHBOURS, rows - 1);
  const block = {
    disagreement: new Float64Array(to - from),
    contradiction: new Float64Array(to - from),
    reach: new Float64Array(to - from),
  };
  const nearest = new Float64Array(count);
  const nearestRow = new Uint32Array(count);
  const query = new Float32Array(size);
  for (let i = from; i < to; i++) {
    query.set(vectors.subarray(i * size, (i + 1) * size));
    nearest.fill(-2);
    let found = 0;
    for (let j = 0; j < rows; j++) {
      const similarity = dotRow(query, vectors, j * size, size);
      if (similarity <= nearest[count - 1]! || group[j] === group[i]) continue;
      let at = count - 1;
      while (at > 0 && nearest[at - 1]! < similarity) {
        nearest[at] = nearest[at - 1]!;
        nearestRow[at] = nearestRow[at - 1]!;
        at -= 1;
      }
      nearest[at] = similarity;
      nearestRow[at] = j;
      found = Math.min(found + 1, count);
    }
    const votes = new Float64Array(CLASSES);
    for (let k = 0; k < found; k++) votes[labels[nearestRow[k]!]!]! += 1 / found;
    const own = votes[labels[i]!]!;
    votes[labels[i]!] = 0;
    block.disagreement[i - from] = 1 - own;
    block.contradiction[i - from] = Math.max(...votes) - own;
    // unit vectors: |a - b|^2 = 2 - 2 a.b
    block.reach[i - from] = found === 0 ? 2 : Math.sqrt(Math.max(0, 2 - 2 * nearest[found - 1]!));
  }
  return block;
}

function dotRow(query: Float32Array, vectors: Float32Array, start: number, size: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let k = 0;
  for (; k + 3 < size; k += 4) {
    a += query[k]! * vectors[start + k]!;
    b += query[k + 1]! * vectors[start + k + 1]!;
    c += query[k + 2]! * vectors[start + k + 2]!;
    d += query[k + 3]! * vectors[start + k + 3]!;
  }
  for (; k < size; k++) a += query[k]! * vectors[start + k]!;
  return a + b + c + d;
}
