import type { Stage } from '../tracing/spans.ts';

/** Stages of reading one picture, measured where it is read: that may be another thread. */
export const measureStages = () => {
  const stages: Stage[] = [];
  const unixMs = (): number => performance.timeOrigin + performance.now();
  return {
    stages: stages as readonly Stage[],
    measure: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const startedAtMs = unixMs();
      try {
        return await work();
      } finally {
        stages.push({ name, startedAtMs, endedAtMs: unixMs() });
      }
    },
  };
};
