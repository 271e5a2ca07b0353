import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** One project per package, so that `vitest --project core` runs one; test/ holds what spans packages. */
const packages = readdirSync(new URL('./packages', import.meta.url));

export default defineConfig({
  test: {
    // For a machine whose cores are all busy: tests end by what they wait for.
    testTimeout: 60_000,
    // Vitest leaves one core to itself, which on two is half of them, and waits while its tests run.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, include: [`packages/${name}/test/**/*.test.ts`] },
      })),
      { extends: true, test: { name: 'suite', include: ['test/**/*.test.ts'], exclude: ['test/real/**'] } },
    ],
  },
});
