import { defineConfig } from 'vitest/config';

// Spawned programs and a real chain on two shared cores: generous limits, and nothing here asserts a time.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 3,
  },
});
