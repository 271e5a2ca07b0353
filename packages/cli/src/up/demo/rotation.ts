/** Log rotation as the kubelet does it, for the demo's containers.
 *  Source: kubernetes pkg/kubelet/logs/container_log_manager.go (cleanupUnusedLogs, removeExcessLogs, rotateLatestLog). */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compressBytes = promisify(gzip);

/** What is done to the rotated files before the live one joins them; names, not paths. */
export interface RotationPlan {
  readonly remove: readonly string[];
  readonly compress: readonly string[];
}

/** @param names every name in the log's folder
 *  @param maxFiles files that one log may have after the rotation, the live one included; at least 2 */
export function planRotation(liveName: string, names: readonly string[], maxFiles: number): RotationPlan {
  const rotated = names.filter((name) => name.startsWith(`${liveName}.`)).sort();
  const isLeftover = (name: string): boolean => name.endsWith('.tmp') || rotated.includes(`${name}.gz`);
  const whole = rotated.filter((name) => !isLeftover(name));
  // One place is for the new live file, one for the file that is about to be renamed.
  const surplus = whole.splice(0, Math.max(0, whole.length - (maxFiles - 2)));
  return {
    remove: [...rotated.filter(isLeftover), ...surplus],
    compress: whole.filter((name) => !name.endsWith('.gz')),
  };
}

/** `0.log` becomes `0.log.20261121-100000`, and what was rotated before is compressed or deleted.
 *  @param nowMs the name's stamp is this moment in local time, as the kubelet's
 *  @param reopen makes the writer open `path` anew; when it rejects, the file is renamed back and that error thrown */
export async function rotateLog(
  path: string,
  maxFiles: number,
  nowMs: number,
  reopen: () => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const plan = planRotation(basename(path), await readdir(folder), maxFiles);
  for (const name of plan.remove) await rm(join(folder, name), { force: true });
  for (const name of plan.compress) await compress(join(folder, name));
  const aside = `${path}.${kubeletStamp(nowMs)}`;
  await rename(path, aside);
  try {
    await reopen();
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
}

/** Go's `20060102-150405` in local time. */
export function kubeletStamp(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

/** By way of `.tmp`, so that a `.gz` is always whole. */
async function compress(path: string): Promise<void> {
  await writeFile(`${path}.tmp`, await compressBytes(await readFile(path)));
  await rename(`${path}.tmp`, `${path}.gz`);
  await rm(path);
}
