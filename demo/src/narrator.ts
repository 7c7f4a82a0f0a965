// Tells the story on a terminal: one line a step, with its time.
import { performance } from 'node:perf_hooks';
import { styleText } from 'node:util';
import type { Outcome } from '@testigo/trail';

export interface Narrator {
  /** Runs one step and prints its title, what it came to and how long it took. */
  step<T>(title: string, run: () => Promise<T>, tell: (result: T) => string): Promise<T>;
  say(text: string): void;
  conclude(outcome: Outcome, sentence: string): void;
}

const COLOURS = { verified: 'green', failed: 'red', inconclusive: 'yellow' } as const;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`.padStart(7);

/** `write` gets whole lines; colours follow NO_COLOR and the stream, as styleText decides. */
export function createNarrator(write: (line: string) => void, stream: NodeJS.WriteStream): Narrator {
  const paint = (style: Parameters<typeof styleText>[0], text: string) => styleText(style, text, { stream });
  return {
    async step(title, run, tell) {
      const start = performance.now();
      const result = await run();
      write(`${paint('dim', seconds(performance.now() - start))}  ${title.padEnd(24)} ${tell(result)}`);
      return result;
    },
    say: write,
    conclude(outcome, sentence) {
      write(`\n${paint(['bold', COLOURS[outcome]], outcome.toUpperCase())}  ${sentence}`);
    },
  };
}
