import { SingleBar } from 'cli-progress';
import type { CommandContext } from './context.ts';

/** A progress bar with ETA on a terminal; elsewhere one line that says, early, how long it will take. */
export type Progress = {
  update(done: number, total: number, note?: string): void;
  /** Runs `write` on a line of its own above the bar. */
  pause(write: () => void): void;
  stop(): void;
};

/** Where there is no terminal, what is done sooner says nothing. */
const TELL_AFTER_MS = 10_000;

const formatSeconds = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '…';
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60
    ? `${whole} s`
    : whole < 3600
      ? `${Math.floor(whole / 60)} min ${whole % 60} s`
      : `${(whole / 3600).toFixed(1)} h`;
};

/** Time left by the pace since the first update: work that goes on from before was not done at this pace. */
const watchPace = (now: () => number) => {
  let first: { readonly done: number; readonly at: number } | undefined;
  return (done: number, total: number): { readonly elapsedMs: number; readonly left: string } => {
    first ??= { done, at: now() };
    const elapsedMs = now() - first.at;
    const perUnitMs = done > first.done ? elapsedMs / (done - first.done) : Number.POSITIVE_INFINITY;
    return { elapsedMs, left: formatSeconds((perUnitMs * (total - done)) / 1000) };
  };
};

const noteOf = (note: string): string => note && ` · ${note}`;

const tellOnce = (context: CommandContext, title: string, now: () => number): Progress => {
  const pace = watchPace(now);
  let isTold = false;
  return {
    update: (done, total, note = '') => {
      const { elapsedMs, left } = pace(done, total);
      if (isTold || elapsedMs < TELL_AFTER_MS) return;
      isTold = true;
      context.stderr.write(`${title}: ${done} of ${total}, about ${left} left${noteOf(note)}\n`);
    },
    pause: (write) => write(),
    stop: () => {},
  };
};

/** `now` in milliseconds. */
export const startProgress = (
  context: CommandContext,
  title: string,
  now: () => number = () => performance.now(),
): Progress => {
  if (!context.stderr.isTTY) return tellOnce(context, title, now);
  const bar = new SingleBar({
    format: `${title} {bar} {percentage} % · {done} of {all} · {left} left{note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stderr,
  });
  const pace = watchPace(now);
  let isStarted = false;
  return {
    update: (done, total, note = '') => {
      const payload = { done, all: total, left: pace(done, total).left, note: noteOf(note) };
      if (!isStarted) bar.start(total, done, payload);
      isStarted = true;
      bar.update(done, payload);
    },
    pause: (write) => {
      if (isStarted) process.stderr.write('\r\u001b[2K');
      write();
    },
    stop: () => {
      if (isStarted) bar.stop();
    },
  };
};
