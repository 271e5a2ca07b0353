/** What a rotation left behind whose process was killed in the midst of it. */

import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import { FolderListings } from '@vigie/log-pipeline/tail/folder-listings';
import { expandGlob } from '@vigie/log-pipeline/tail/glob';
import { isCopyOf, unfinishedCopy } from './copy-truncate.ts';
import { createLike } from './rename-aside.ts';
import { parseStamped, STAMP_PATTERN } from './rotated-name.ts';
import type { RotateMode } from './rotation.ts';
import { lookAt, type RotationFs } from './rotation-fs.ts';

export interface RecoveryDeps {
  readonly clock: Clock;
  readonly fs: RotationFs;
  /** Whether the file is one of ours, by the path of the live one. */
  readonly accepts: (live: string) => boolean;
  readonly failed: (path: string, error: unknown) => void;
}

/** Removes copies of which the original was not cut, and makes the live file that a rename left missing. Before anybody looks
 *  for logs: a rotated file without a live one beside it is taken for a log of its own where a pattern matches both.
 *  @returns live files that are missing or empty beside rotated ones: their writers may not have heard of the rotation */
export async function recoverRotations(
  patterns: readonly string[],
  mode: RotateMode,
  deps: RecoveryDeps,
): Promise<readonly string[]> {
  const { fs, failed } = deps;
  for (const path of await find(patterns, unfinishedCopy(STAMP_PATTERN), deps)) unlinkIfThere(path, fs, failed);
  const newest = new Map<string, string>();
  for (const path of await find(patterns, STAMP_PATTERN, deps)) {
    const live = parseStamped(path)?.live;
    if (live === undefined || !deps.accepts(live)) continue;
    if (path > (newest.get(live) ?? '')) newest.set(live, path);
  }
  const unheard: string[] = [];
  for (const [live, rotated] of newest) {
    try {
      const found = lookAt(live, fs);
      if (found !== undefined && found.sizeBytes > 0) {
        const copy = lookAt(rotated, fs);
        if (copy !== undefined && copy.sizeBytes <= found.sizeBytes && isCopyOf(rotated, live, fs)) {
          fs.unlinkSync(rotated);
        }
        continue;
      }
      unheard.push(live);
      if (found === undefined && mode === 'create') createLike(live, rotated, fs);
    } catch (error) {
      failed(live, error);
    }
  }
  return unheard;
}

async function find(
  patterns: readonly string[],
  suffix: string,
  { clock, failed }: RecoveryDeps,
): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const { matches, errors } = await expandGlob(pattern + suffix, new FolderListings(clock), () => undefined);
    for (const { path, isLink, renamedTo } of matches) if (!isLink && renamedTo === undefined) paths.add(path);
    for (const { folder, error } of errors) failed(folder, error);
  }
  return [...paths];
}

function unlinkIfThere(path: string, fs: RotationFs, failed: RecoveryDeps['failed']): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') failed(path, error);
  }
}
