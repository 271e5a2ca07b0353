// npm run test:real [-- [--full] [FILE ...] [vitest's options]]: the suites against real servers, in the quick form unless --full is given.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const isFull = process.argv.includes('--full');
const rest = process.argv.slice(2).filter((argument) => argument !== '--full');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const result = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', join(import.meta.dirname, 'vitest.config.ts'), ...rest],
  { stdio: 'inherit', env: isFull ? { ...process.env, VIGIE_REAL: 'full' } : process.env },
);
process.exitCode = result.status ?? 1;
