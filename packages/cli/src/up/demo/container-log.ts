/** One demo container: its output goes to a log file as the runtime and the kubelet would keep it. */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { criTime, encodeCriLine, type OutputLine } from './cri-lines.ts';
import { rotateLog } from './rotation.ts';
import type { DemoPlace } from './workload.ts';

/** 256 KiB, not the kubelet's 10 MiB: at the demo's pace a rotation is then seen within minutes. */
export const ROTATE_AT_BYTES = 256 * 1024;
/** containerLogMaxFiles. */
export const MAX_LOG_FILES = 5;

export class ContainerLog {
  readonly path: string;
  readonly #clock: Clock;
  #file: FileHandle;
  #lastMs = 0;
  #nanosOfMs = 0;

  private constructor(path: string, file: FileHandle, clock: Clock) {
    this.path = path;
    this.#file = file;
    this.#clock = clock;
  }

  /** Starts the container once more: a new log with the next restart count below `root`/pods, a link to it in
   *  `root`/containers, and of the earlier ones the last is kept, as the kubelet keeps one dead container. */
  static async start(root: string, place: DemoPlace, clock: Clock): Promise<ContainerLog> {
    const { namespace, pod, podUid, container } = place;
    const folder = join(root, 'pods', `${namespace}_${pod}_${podUid}`, container);
    const links = join(root, 'containers');
    await mkdir(folder, { recursive: true });
    await mkdir(links, { recursive: true });
    const restart = await nextRestart(folder, links);
    const path = join(folder, `${restart}.log`);
    const file = await open(path, 'a');
    const id = createHash('sha256').update(`${podUid} ${container} ${restart} ${clock.nowMs()}`).digest('hex');
    await symlink(path, join(links, `${pod}_${namespace}_${container}-${id}.log`));
    return new ContainerLog(path, file, clock);
  }

  async write(lines: readonly OutputLine[]): Promise<void> {
    await this.#file.appendFile(Buffer.concat(lines.map((line) => encodeCriLine(this.#nextTime(), line))));
  }

  /** What the kubelet does for each container every containerLogMonitorInterval. */
  async rotateIfDue(): Promise<void> {
    if ((await stat(this.path)).size < ROTATE_AT_BYTES) return;
    await rotateLog(this.path, MAX_LOG_FILES, this.#clock.nowMs(), async () => {
      const reopened = await open(this.path, 'a');
      await this.#file.close();
      this.#file = reopened;
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Never the same twice, and never back while the clock does not go back. */
  #nextTime(): string {
    const nowMs = this.#clock.nowMs();
    this.#nanosOfMs = nowMs === this.#lastMs ? this.#nanosOfMs + 1 : 0;
    this.#lastMs = nowMs;
    return criTime(nowMs, this.#nanosOfMs);
  }
}

/** Removes the logs of all runs but the last, with the links that lead to them. */
async function nextRestart(folder: string, links: string): Promise<number> {
  const names = await readdir(folder);
  const runOf = (name: string): number => Number.parseInt(name, 10);
  const last = names.reduce((highest, name) => Math.max(highest, runOf(name)), -1);
  for (const name of names) if (runOf(name) < last) await rm(join(folder, name), { force: true });
  for (const name of await readdir(links)) {
    const target = await readlink(join(links, name));
    if (target.startsWith(`${folder}/`) && runOf(target.slice(folder.length + 1)) < last) await rm(join(links, name));
  }
  return last + 1;
}
