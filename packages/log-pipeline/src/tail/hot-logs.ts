import { statSync } from 'node:fs';
import type { Clock } from '@vigie/core/clock';
import type { Descriptors } from './descriptors.ts';
import { type ContainerLog, type Generation, isSealed } from './generation.ts';

export interface HotLogEvents {
  grew(log: ContainerLog): void;
  /** The live path leads elsewhere, nowhere, or to fewer bytes. */
  shifted(log: ContainerLog): void;
  /** No log of this folder is hot any more. */
  cooled(folder: string): void;
  folderChanged(folder: string): void;
  readonly descriptors: Descriptors;
}

interface HotLog {
  untilMs: number;
  everyMs: number;
  nextMs: number;
}

/** A log stays hot this long after it last grew; as long as a rotated file may still be written to. */
const HOT_FOR_MS = 5_000;
/** Six rotations within one poll would be needed to lose a generation that a writer keeps five of. */
const FASTEST_MS = 25;
const SLOWEST_MS = 500;
/** Share of a core that polling may take: one poll costs about 4 us (a stat of a cached inode). */
const POLL_COST_MS = 0.004;
const POLL_SHARE = 0.01;

/** Logs that grow are polled, not watched: inotify raises an event per write, a poll costs one stat
 *  however much was written. Each log's interval doubles from 25 ms to 500 ms while nothing comes. */
export class HotLogs {
  readonly #clock: Clock;
  readonly #events: HotLogEvents;
  readonly #hot = new Map<ContainerLog, HotLog>();
  readonly #folders = new Map<string, { logs: number; modifiedNs: bigint }>();
  #timer: { cancel(): void } | undefined;
  #running = false;

  constructor(clock: Clock, events: HotLogEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get size(): number {
    return this.#hot.size;
  }

  has(log: ContainerLog): boolean {
    return this.#hot.has(log);
  }

  /** Whether the live path shows another file or size than the last scan or poll saw. */
  differs(log: ContainerLog): boolean {
    const live = log.generations.at(-1);
    const stat = statSync(log.key, { bigint: true, throwIfNoEntry: false });
    if (live === undefined || !live.live) return stat !== undefined;
    return stat === undefined || `${stat.dev}:${stat.ino}` !== live.inode || stat.ctimeNs !== live.changedNs;
  }

  holdsFolder(folder: string): boolean {
    return this.#folders.has(folder);
  }

  start(): void {
    this.#running = true;
    if (this.#hot.size > 0) this.#schedule();
  }

  close(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  heat(log: ContainerLog): void {
    const nowMs = this.#clock.monotonicMs();
    const hot = this.#hot.get(log);
    if (hot !== undefined) {
      hot.untilMs = nowMs + HOT_FOR_MS;
      hot.everyMs = FASTEST_MS;
      hot.nextMs = Math.min(hot.nextMs, nowMs + FASTEST_MS);
      return;
    }
    this.#hot.set(log, { untilMs: nowMs + HOT_FOR_MS, everyMs: FASTEST_MS, nextMs: nowMs });
    const folder = this.#folders.get(log.folder);
    if (folder !== undefined) folder.logs++;
    else this.#folders.set(log.folder, { logs: 1, modifiedNs: folderTime(log.folder) });
    this.#poll(log);
    if (this.#running) this.#schedule();
  }

  forget(log: ContainerLog): void {
    if (!this.#hot.delete(log)) return;
    const folder = this.#folders.get(log.folder);
    if (folder !== undefined && --folder.logs === 0) this.#folders.delete(log.folder);
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const intervalMs = Math.max(FASTEST_MS, (this.#hot.size * POLL_COST_MS) / POLL_SHARE);
    this.#timer = this.#clock.setTimer(intervalMs, () => {
      this.#timer = undefined;
      this.#tick();
      if (this.#running && this.#hot.size > 0) this.#schedule();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [log, hot] of this.#hot) {
      if (hot.nextMs > nowMs) continue;
      if (this.#poll(log)) {
        hot.everyMs = FASTEST_MS;
        hot.untilMs = nowMs + HOT_FOR_MS;
      } else {
        hot.everyMs = Math.min(SLOWEST_MS, hot.everyMs * 2);
        if (nowMs >= hot.untilMs && this.#settled(log)) {
          const { folder } = log;
          this.forget(log);
          if (!this.#folders.has(folder)) this.#events.cooled(folder);
          continue;
        }
      }
      hot.nextMs = nowMs + hot.everyMs;
    }
    for (const [path, folder] of this.#folders) {
      const modifiedNs = folderTime(path);
      if (modifiedNs === folder.modifiedNs) continue;
      folder.modifiedNs = modifiedNs;
      this.#events.folderChanged(path);
      for (const log of this.#hot.keys()) if (log.folder === path) this.#events.shifted(log);
    }
  }

  #settled(log: ContainerLog): boolean {
    const nowMs = this.#clock.monotonicMs();
    return log.generations.every((one) => one.live || isSealed(one, nowMs));
  }

  /** @returns whether anything changed */
  #poll(log: ContainerLog): boolean {
    let changed = false;
    for (const generation of log.generations) {
      if (generation.live || isSealed(generation, this.#clock.monotonicMs())) continue;
      const sizeBytes = this.#sizeOf(generation);
      if (sizeBytes === undefined || sizeBytes <= generation.sizeBytes) continue;
      generation.sizeBytes = sizeBytes;
      generation.grownAtMs = this.#clock.monotonicMs();
      changed = true;
    }
    const live = log.generations.at(-1);
    const stat = statSync(log.key, { bigint: true, throwIfNoEntry: false });
    if (live === undefined || !live.live) {
      if (stat !== undefined) {
        this.#events.shifted(log);
        return true;
      }
    } else if (
      stat === undefined ||
      `${stat.dev}:${stat.ino}` !== live.inode ||
      stat.size < live.sizeBytes ||
      (stat.ctimeNs !== live.changedNs && Number(stat.size) === live.sizeBytes)
    ) {
      this.#events.shifted(log);
      changed ||= stat !== undefined;
    } else if (Number(stat.size) > live.sizeBytes) {
      live.sizeBytes = Number(stat.size);
      live.changedNs = stat.ctimeNs;
      live.grownAtMs = this.#clock.monotonicMs();
      changed = true;
    }
    if (changed) this.#events.grew(log);
    return changed;
  }

  #sizeOf(generation: Generation): number | undefined {
    if (generation.path === undefined) return this.#events.descriptors.sizeOf(generation);
    const stat = statSync(generation.path, { bigint: true, throwIfNoEntry: false });
    return stat !== undefined && `${stat.dev}:${stat.ino}` === generation.inode ? Number(stat.size) : undefined;
  }
}

function folderTime(folder: string): bigint {
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
}
