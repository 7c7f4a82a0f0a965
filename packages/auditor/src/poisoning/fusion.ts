import { conformalP } from './conformal.ts';
import { rejectByBenjaminiHochberg } from './numeric/multiple-testing.ts';
import { drawInteger, seedRandom } from './numeric/random.ts';
import { quantileOf } from './numeric/robust.ts';
import { testReserveExcess } from './numeric/tail-excess.ts';

/** Formula 12. */
const FALSE_DISCOVERY_RATE = 0.05;
const REPLICAS = 200;
const REPLICA_QUANTILE = 0.99;
/** Share of rows that a reserve must be able to condemn, had they all scored above each of its own. */
const PLAIN_SHARE = 0.2;

export type Fusion = {
  /** min(1, K min_k p_k), each p_k conformal against the clean reserve. */
  readonly p: Float64Array;
  readonly isFlagged: readonly boolean[];
  readonly flagged: number;
  /** For each column: do rows outside the reserve reach high more often than rows inside? */
  readonly excess: Readonly<Record<string, { readonly p: number; readonly threshold: number }>>;
  /** 99th percentile of the flagged count when every row is drawn from the reserve itself. */
  readonly allowed: number;
  /** The least p that the plainest poison could have: above the level of the tests, the reserve can show nothing. */
  readonly leastP: number;
};

/** Several scores of every row, judged against the rows of the clean reserve. */
export function fuseAgainstReserve(
  named: Readonly<Record<string, Float64Array>>,
  isMember: (row: number) => boolean,
): Fusion {
  const columns = Object.values(named);
  const size = columns[0]!.length;
  const members = Array.from({ length: size }, (_, row) => row).filter(isMember);
  const perColumn = columns.map((scores) =>
    conformalP(
      scores,
      Float64Array.from(members, (row) => scores[row]!),
    ),
  );
  const p = combineByBonferroni(perColumn, size);
  const isFlagged = rejectByBenjaminiHochberg(p, FALSE_DISCOVERY_RATE);
  // a member's own score is in its calibration: replicas leave nothing else out, and draw whole rows, so that the
  // dependence between detectors stays as it is
  const random = seedRandom('testigo clean replicas');
  const counts = Array.from({ length: REPLICAS }, () => {
    const replica = Float64Array.from(
      { length: size },
      () => p[members[drawInteger(random, members.length)]!]!,
    );
    return rejectByBenjaminiHochberg(replica, FALSE_DISCOVERY_RATE).filter(Boolean).length;
  });
  const isOutside = (_: number, row: number) => !isMember(row);
  const excess = Object.fromEntries(
    Object.entries(named).map(([name, scores]) => {
      const test = testReserveExcess(
        scores.filter(isOutside),
        scores.filter((_, row) => isMember(row)),
      );
      return [name, { ...test, p: Math.min(1, test.p * columns.length) }];
    }),
  );
  return {
    p,
    isFlagged,
    excess,
    flagged: isFlagged.filter(Boolean).length,
    allowed: quantileOf(counts, REPLICA_QUANTILE),
    leastP: Math.min(1, columns.length * leastExcessP(size - members.length, members.length)),
  };
}

function leastExcessP(outside: number, members: number): number {
  const plain = Float64Array.from({ length: outside }, (_, row) => (row < outside * PLAIN_SHARE ? 1 : 0));
  return testReserveExcess(plain, new Float64Array(members)).p;
}

function combineByBonferroni(columns: readonly Float64Array[], size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, row) => {
    let least = 1;
    for (const p of columns) least = Math.min(least, p[row]!);
    return Math.min(1, columns.length * least);
  });
}
