import { defineConfig } from 'vitest/config';

/** The suites against real servers. One after the other: they measure nothing, but two JVMs and an agent are enough for a small machine. */
export default defineConfig({
  cacheDir: new URL('../../node_modules/.vite-real', import.meta.url).pathname,
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
});
