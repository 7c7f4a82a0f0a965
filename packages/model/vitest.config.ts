import { defineConfig } from 'vitest/config';

// Training on two busy cores is slow, and no test may depend on the time it takes.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
