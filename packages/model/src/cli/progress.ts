import { SingleBar } from 'cli-progress';
import type { CommandContext } from './context.ts';

/** A progress bar with ETA on a terminal; nothing where stderr is a file or a pipe. */
export type Progress = {
  update(done: number, total: number, note?: string): void;
  /** Runs `write` on a line of its own above the bar. */
  pause(write: () => void): void;
  stop(): void;
};

const formatSeconds = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '…';
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60
    ? `${whole} s`
    : whole < 3600
      ? `${Math.floor(whole / 60)} min ${whole % 60} s`
      : `${(whole / 3600).toFixed(1)} h`;
};

export const startProgress = (context: CommandContext, title: string): Progress => {
  if (!context.stderr.isTTY) return { update: () => {}, pause: (write) => write(), stop: () => {} };
  const bar = new SingleBar({
    format: `${title} {bar} {percentage} % · {done} of {all} · {left} left{note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stderr,
  });
  const startedAt = performance.now();
  let isStarted = false;
  return {
    update: (done, total, note = '') => {
      const leftMs =
        done > 0 ? ((performance.now() - startedAt) / done) * (total - done) : Number.POSITIVE_INFINITY;
      const payload = { done, all: total, left: formatSeconds(leftMs / 1000), note: note && ` · ${note}` };
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
