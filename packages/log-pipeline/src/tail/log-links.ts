import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parsePodLogPath } from './pod-path.ts';

/** Where a path that a pattern matches leads. */
export interface LinkTarget {
  /** Without any link in it: what a log is known by. */
  readonly resolved: string;
  /** The path a person knows: in the pods folder where the link passes there. */
  readonly display: string;
}

/** Links to log files, resolved again only when they lead elsewhere: there are thousands, and a pass looks at all. */
export class LogLinks {
  readonly #known = new Map<string, { readonly target: string; readonly resolved: string }>();

  /** Follows links one step at a time, so that a docker chain still passes through /var/log/pods.
   *  @returns undefined for a link that leads nowhere: its file may still come */
  resolve(path: string): LinkTarget | undefined {
    let target: string;
    try {
      target = readlinkSync(path);
    } catch {
      // EINVAL: no link but the file itself.
      return { resolved: path, display: path };
    }
    const absolute = target.startsWith('/') ? target : join(dirname(path), target);
    // A path of the pods folder is itself a link where docker writes the file: what it says counts.
    const display = parsePodLogPath(path) === undefined ? absolute : path;
    const known = this.#known.get(path);
    if (known?.target === target) return { resolved: known.resolved, display };
    try {
      const real = realpathSync(path);
      // One string for what is mostly one path.
      const resolved = real === absolute ? absolute : real;
      this.#known.set(path, { target, resolved });
      return { resolved, display };
    } catch {
      this.#known.delete(path);
      return undefined;
    }
  }
}
