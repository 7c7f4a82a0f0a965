/**
 * Unix milliseconds with a fraction, never falling within one thread. A span's own clock starts at a whole millisecond,
 * so a child could seem to outlive its parent.
 */
export const unixTimeMs = (): number => performance.timeOrigin + performance.now();
