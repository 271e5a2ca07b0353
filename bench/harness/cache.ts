/** Where corpora are kept between runs: outside the checkout, and safe to delete at any time. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export function benchCacheDir(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const dir = join(process.env.VIGIE_CACHE_DIR ?? join(base, 'vigie'), 'bench');
  mkdirSync(dir, { recursive: true });
  return dir;
}
