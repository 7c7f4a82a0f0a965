import { SingleBar } from 'cli-progress';
import type { Io } from './io.ts';

export interface Progress {
  step(text: string): void;
  /** A long piece of work with a known end, which may move away as more turns out to be needed. */
  advance(label: string, done: number, total: number): void;
  end(): void;
}

const QUIET: Progress = { step() {}, advance() {}, end() {} };

/** Progress is for a person at a terminal. A script that reads stderr gets nothing unless something is wrong. */
export function createProgress(io: Io, isQuiet: boolean): Progress {
  if (isQuiet || io.stderr.isTTY !== true) return QUIET;
  let bar: SingleBar | undefined;
  let current = '';
  const clear = () => io.stderr.write('\r\u001b[2K');
  const end = () => {
    bar?.stop();
    bar = undefined;
    current = '';
    clear();
  };
  return {
    step(text) {
      if (bar) end();
      clear();
      io.stderr.write(`${text}…`);
    },
    advance(label, done, total) {
      if (label !== current) {
        end();
        current = label;
        bar = new SingleBar({
          stream: io.stderr as NodeJS.WriteStream,
          format: `${label} {bar} {percentage} %  {value}/{total}, {eta_formatted} left`,
          barCompleteChar: '█',
          barIncompleteChar: '░',
          barsize: 28,
          clearOnComplete: true,
          hideCursor: true,
        });
        bar.start(total, done);
      }
      bar?.setTotal(total);
      bar?.update(done);
    },
    end,
  };
}
