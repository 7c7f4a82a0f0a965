export type Timing = {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly cpuMs: number;
};

/** Times `action` after warming up. CPU time a call is what a busy machine still tells truly. */
export const time = async (
  action: () => Promise<unknown>,
  { runs, units = 1 }: { readonly runs: number; readonly units?: number },
): Promise<Timing> => {
  for (let i = 0; i < Math.min(20, runs); i++) await action();
  const spans: number[] = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await action();
    spans.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(cpu);
  spans.sort((a, b) => a - b);
  const at = (share: number): number => spans[Math.min(spans.length - 1, Math.floor(share * spans.length))]!;
  return {
    p50: at(0.5),
    p99: at(0.99),
    perSecond: (1000 * units) / at(0.5),
    cpuMs: (user + system) / 1000 / runs,
  };
};

export const formatRow = (name: string, { p50, p99, perSecond, cpuMs }: Timing): string =>
  `${name.padEnd(52)} ${p50.toFixed(2).padStart(9)} ${p99.toFixed(2).padStart(9)} ${Math.round(perSecond).toString().padStart(9)} ${cpuMs.toFixed(2).padStart(9)}`;

export const HEADER = `${''.padEnd(52)} ${'p50 ms'.padStart(9)} ${'p99 ms'.padStart(9)} ${'per s'.padStart(9)} ${'CPU ms'.padStart(9)}`;
