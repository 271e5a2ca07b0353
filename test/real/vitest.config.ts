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
    // The first run builds what a suite needs, within it: Kubernetes 4 minutes, 18 beside other work.
    hookTimeout: 1_500_000,
    reporters: ['verbose'],
  },
});
