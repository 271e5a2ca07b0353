import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parsePodLogPath } from './pod-path.ts';

/** Where a path that a pattern matches leads. */
export interface LinkTarget {
  /** Without any link in it: what a log is known by. */
  readonly resolved: string;
  /** The path a person knows: in the pods folder where the link passes there. */
  readonly display: string;
  /** Whether a file stands there: between a rename and the next file's making there is none. */
  readonly exists: boolean;
}

/** Links to log files, resolved again only when they lead elsewhere: there are thousands, and a pass looks at all. */
export class LogLinks {
  readonly #known = new Map<string, { readonly target: string; readonly resolved: string }>();

  /** Follows links one step at a time, so that a docker chain still passes through /var/log/pods.
   *  @returns undefined for a link into a folder that is not there */
  resolve(path: string): LinkTarget | undefined {
    let target: string;
    try {
      target = readlinkSync(path);
    } catch {
      // EINVAL: no link but the file itself.
      return { resolved: path, display: path, exists: true };
    }
    const absolute = target.startsWith('/') ? target : join(dirname(path), target);
    // A path of the pods folder is itself a link where docker writes the file: what it says counts.
    const display = parsePodLogPath(path) === undefined ? absolute : path;
    const known = this.#known.get(path);
    if (known?.target === target) return { resolved: known.resolved, display, exists: true };
    try {
      const real = realpathSync(path);
      // One string for what is mostly one path.
      const resolved = real === absolute ? absolute : real;
      this.#known.set(path, { target, resolved });
      return { resolved, display, exists: true };
    } catch {
      this.#known.delete(path);
      const resolved = missingEndOf(absolute);
      return resolved === undefined ? undefined : { resolved, display, exists: false };
    }
  }
}

/** As many links as Linux follows in one path (MAXSYMLINKS). */
const MOST_LINKS = 40;

/** @returns the real path that a file would have which a chain of links leads to; undefined without its folder */
function missingEndOf(path: string): string | undefined {
  let end = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    let target: string;
    try {
      target = readlinkSync(end);
    } catch {
      break;
    }
    end = target.startsWith('/') ? target : join(dirname(end), target);
  }
  try {
    return join(realpathSync(dirname(end)), basename(end));
  } catch {
    return undefined;
  }
}
