import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { progress } from '../progress.ts';

/** Built parts live outside the checkout, so that `git clean` and a second clone do not fetch them again. */
function cacheRoot(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vigie-real');
}

/** A part that is built once per content of the files that define it.
 *  @param definedBy the files (pom.xml, launcher, the module that builds) whose content names the folder: a changed pin is a new part
 *  @param build fills the folder it is given; when it throws, nothing is cached
 *  @returns the folder */
export function builtOnce(name: string, definedBy: readonly string[], build: (folder: string) => void): string {
  const hash = createHash('sha256');
  for (const file of definedBy) hash.update(readFileSync(file));
  const root = cacheRoot();
  const folder = join(root, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(root, { recursive: true });
  const unfinished = mkdtempSync(join(root, `${name}-unfinished-`));
  const startedAt = performance.now();
  progress(`installing ${name}`);
  try {
    build(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Two runs may build at once: the second finds the folder of the first in its way, and it is the same.
    if (!existsSync(folder)) throw error;
  }
  progress(`installed ${name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return folder;
}
