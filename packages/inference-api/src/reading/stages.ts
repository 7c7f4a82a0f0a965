import type { Stage } from '../tracing/spans.ts';
import { unixTimeMs } from '../tracing/unix-time.ts';

/** Stages of reading one picture, measured where it is read: that may be another thread. */
export const measureStages = () => {
  const stages: Stage[] = [];
  return {
    stages: stages as readonly Stage[],
    measure: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const startedAtMs = unixTimeMs();
      try {
        return await work();
      } finally {
        stages.push({ name, startedAtMs, endedAtMs: unixTimeMs() });
      }
    },
  };
};
