/** Names of the files that the sidecar rotates: logrotate's `dateext`, to the millisecond, so that a rotation renames one file
 *  and no other. */
import type { Generation } from '@vigie/log-pipeline/tail/generation';

const STAMP = /^(.+)-(\d{8}-\d{9})$/;

/** Behind a pattern of live files it matches their rotated ones. */
export const STAMP_PATTERN = '-????????-?????????';

/** @returns the live file's path and what is behind it; undefined for names of others */
export function parseStamped(path: string): { readonly live: string; readonly stamp: string } | undefined {
  const [, live, stamp] = STAMP.exec(path) ?? [];
  return live === undefined || stamp === undefined ? undefined : { live, stamp };
}

/** One that the sidecar has rotated, and that is still there. */
export function isStamped(generation: Generation): generation is Generation & { readonly path: string } {
  const { path, live, encoding } = generation;
  return !live && encoding === 'plain' && path !== undefined && parseStamped(path) !== undefined;
}

/** A name behind all others: stamps are the order of the files, also when the clock is set back.
 *  @param taken whether a file has that name */
export function nextStamped(
  live: string,
  generations: readonly Generation[],
  nowMs: number,
  taken: (path: string) => boolean,
): string {
  let latest = '';
  for (const { path } of generations) {
    const stamp = path === undefined ? undefined : parseStamped(path)?.stamp;
    if (stamp !== undefined && stamp > latest) latest = stamp;
  }
  for (let ms = Math.max(nowMs, timeOf(latest) + 1); ; ms++) {
    const path = `${live}-${stampOf(ms)}`;
    if (!taken(path)) return path;
  }
}

function stampOf(unixMs: number): string {
  return new Date(unixMs)
    .toISOString()
    .replace(/[-:.Z]/g, '')
    .replace('T', '-');
}

/** @returns Unix ms; 0 for what is no time, as names of others may be */
function timeOf(stamp: string): number {
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(\d{3})$/, '$1-$2-$3T$4:$5:$6.$7Z');
  const unixMs = Date.parse(iso);
  return Number.isNaN(unixMs) ? 0 : unixMs;
}
