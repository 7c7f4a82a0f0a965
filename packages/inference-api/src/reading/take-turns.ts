/** Work on items in the order they came, at most so many at once. */
export type Turns<T> = {
  add(item: T): void;
  /** Resolves once nothing waits and nothing is under way. */
  idle(): Promise<void>;
};

/** `work` must not fail: what can go wrong with an item is its own affair. */
export const takeTurns = <T>(most: number, work: (item: T) => Promise<void>): Turns<T> => {
  const waiting: T[] = [];
  const underWay = new Set<Promise<void>>();
  const add = (item: T): void => {
    if (underWay.size >= most) {
      waiting.push(item);
      return;
    }
    const turn = work(item).finally(() => {
      underWay.delete(turn);
      if (waiting.length > 0) add(waiting.shift() as T);
    });
    underWay.add(turn);
  };
  const idle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay);
  };
  return { add, idle };
};
