import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { Breath } from '../schedule/breath.ts';
import { type CatalogReader, CatalogReaders } from './catalog-reader.ts';
import { Descriptors } from './descriptors.ts';
import { Discovery, type Lead } from './discovery.ts';
import { areSameFiles, type FolderFiles, filesIn } from './folder-files.ts';
import { QUIET_MS } from './folder-listings.ts';
import { FolderScans } from './folder-scans.ts';
import { FolderWatches } from './folder-watches.ts';
import type { ContainerLog, Generation } from './generation.ts';
import { HotLogs } from './hot-logs.ts';
import { reconcileLineage } from './lineage.ts';
import { areOpeningsOf, type Openings, readOpenings } from './openings.ts';
import { parsePodLogPath } from './pod-path.ts';
import { parseRotatedName } from './rotated-name.ts';
import { UnreadFiles, type UnreadLimits } from './unread-files.ts';

export interface CatalogOptions extends UnreadLimits {
  /** Absolute patterns of live files or of links to them. */
  readonly paths: readonly string[];
  readonly reconcileIntervalMs: number;
  readonly accepts: (log: ContainerLog) => boolean;
}

export interface CatalogReports {
  error(what: 'list' | 'stat' | 'gzip' | 'watch', path: string, error: unknown): void;
  rotated(log: ContainerLog): void;
}

export interface CatalogDeps {
  readonly clock: Clock;
  readonly reports: CatalogReports;
}

/** Folder events come in bursts (create, symlink, rename): one listing serves all. */
const DISCOVER_DEBOUNCE_MS = 50;
const RESCAN_MS = 25;
/** Of a pass that finds nothing to do to the next, until an event: a process at rest wakes up for nothing. */
const INTERVALS_AT_REST = 3;
/** How often logs are looked at that neither grow nor stand in a watched folder: beside a busy one in
 *  a flat folder, or where inotify's limit is reached. */
const UNWATCHED_POLL_MS = 1_000;
const NO_FILES: FolderFiles = { byBase: new Map(), unsteady: false };
const NO_OPENINGS: Openings = new Map();

/** Which logs there are, which files make up each, and when they change. Reads no log bytes but the
 *  first line of new files; one catalog serves all the readers of a source. */
export class Catalog {
  readonly logs = new Map<string, ContainerLog>();
  readonly descriptors: Descriptors;
  readonly hot: HotLogs;
  #options: CatalogOptions;
  readonly #deps: CatalogDeps;
  readonly #discovery: Discovery;
  readonly #watches: FolderWatches;
  readonly #readers = new CatalogReaders();
  readonly #unread: UnreadFiles;
  readonly #scans = new FolderScans((folder) => this.#scanFolder(folder));
  /** Folder times at the last scan that found everything at rest. */
  readonly #steady = new Map<string, bigint>();
  readonly #folders = new Map<string, Set<ContainerLog>>();
  /** With logs that the running pass has found. */
  readonly #fresh = new Set<string>();
  #globFolders: ReadonlySet<string> = new Set();
  /** One full look at the patterns; whoever asks while one is under way waits for the next. */
  readonly discover = coalesce(() => this.#discover());
  #discoverTimer: { cancel(): void } | undefined;
  #reconcileTimer: { cancel(): void } | undefined;
  #unwatchedTimer: { cancel(): void } | undefined;
  /** Nothing has changed since the last pass began, and all folders have a watch that would tell. */
  #isAtRest = false;
  #generationId = 0;
  #started = false;
  #closed = false;
  readonly #breath = new Breath();

  constructor(options: CatalogOptions, deps: CatalogDeps) {
    this.#options = options;
    this.#deps = deps;
    this.descriptors = new Descriptors(options.maxOpenFiles);
    this.#unread = new UnreadFiles(this.descriptors, this.#readers);
    this.#discovery = new Discovery({
      clock: deps.clock,
      logs: this.logs,
      found: (key, lead) => {
        const log = this.#addLog(key, lead);
        if (log !== undefined) this.#fresh.add(log.folder);
      },
      failed: (folder, error) => deps.reports.error('list', folder, error),
      breathe: () => this.#breath.take(),
    });
    this.#watches = new FolderWatches(
      (folder, name) => this.#onFolderEvent(folder, name),
      (folder, error) => {
        deps.reports.error('watch', folder, error);
        this.#pollUnwatchedLater();
      },
    );
    this.hot = new HotLogs(deps.clock, {
      grew: (log) => this.#notify(log),
      shifted: (log) => void this.scanFolder(log.folder),
      cooled: (folder) => this.#watchAgain(folder),
      folderChanged: (folder) => this.#onFolderEvent(folder, undefined),
      descriptors: this.descriptors,
    });
  }

  get watchedFolders(): number {
    return this.#watches.size;
  }

  attach(reader: CatalogReader): void {
    this.#readers.attach(reader);
  }

  detach(reader: CatalogReader): void {
    this.#readers.detach(reader);
  }

  /** Finds everything that is there, then keeps watching. */
  async start(): Promise<void> {
    await this.discover();
    this.#started = true;
    this.hot.start();
    this.#scheduleReconcile();
    this.#pollUnwatchedLater();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reconcileTimer?.cancel();
    this.#unwatchedTimer?.cancel();
    this.#discoverTimer?.cancel();
    this.hot.close();
    this.#watches.close();
    await this.discover();
    await this.#scans.close();
    this.descriptors.closeAll();
  }

  /** Takes a changed configuration over without letting go of open files. */
  async reconfigure(options: CatalogOptions): Promise<void> {
    this.#options = options;
    for (const log of [...this.logs.values()]) if (!options.accepts(log)) this.#remove(log);
    await this.discover();
  }

  /** Logs that a checkpoint knows but whose live file no pattern leads to: its link was removed while the agent was down, and it
   *  is not yet read to the end, or it has been renamed and the next one is not there yet. */
  async adopt(keys: Iterable<string>): Promise<void> {
    const folders = new Set<string>();
    for (const key of keys) {
      if (this.logs.has(key)) continue;
      if (statSync(dirname(key), { throwIfNoEntry: false })?.isDirectory() !== true) continue;
      const log = this.#addLog(key, this.#discovery.leadTo(key) ?? { displayPath: key, container: undefined });
      if (log !== undefined) folders.add(log.folder);
    }
    for (const folder of folders) await this.scanFolder(folder);
  }

  /** One full pass: patterns, folders, sizes; what watches missed is found here. */
  async reconcile(): Promise<void> {
    this.#isAtRest = this.#areWatched(this.#folders.keys()) && this.#areWatched(this.#globFolders);
    await this.discover();
    for (const [folder, logs] of [...this.#folders]) {
      await this.#breath.take();
      if (this.#isUnchanged(folder, logs)) continue;
      this.#isAtRest = false;
      await this.scanFolder(folder);
    }
    for (const log of this.#unread.enforceLimit(this.logs.values(), this.#options)) this.#notify(log);
  }

  /** Matches the folder's files to the known generations again. */
  scanFolder(folder: string): Promise<void> {
    return this.#scans.run(folder);
  }

  /** A reader found that the file is not what it was taken for. */
  doubt(generation: Generation): void {
    generation.suspect = true;
    void this.scanFolder(generation.log.folder);
  }

  /** The file was deleted to make room, read or not: nobody waits for its bytes any more, and what of them is unread counts as
   *  lost when its readers come to it. */
  giveUp(generation: Generation): void {
    generation.gone = 'deleted_budget';
    generation.path = undefined;
    generation.inode = undefined;
    generation.live = false;
    this.descriptors.close(generation);
    this.#notify(generation.log);
  }

  async #discover(): Promise<void> {
    if (this.#closed) return;
    const folders = await this.#discovery.pass(this.#options.paths);
    const before = this.#globFolders;
    this.#globFolders = folders;
    for (const folder of folders) if (!this.hot.holdsFolder(folder)) this.#watches.add(folder);
    for (const folder of before) {
      if (!folders.has(folder) && !this.#folders.has(folder)) this.#watches.remove(folder);
    }
    for (const folder of this.#fresh) {
      this.#fresh.delete(folder);
      await this.#breath.take();
      await this.scanFolder(folder);
    }
  }

  #addLog(key: string, { displayPath, container }: Lead): ContainerLog | undefined {
    const log: ContainerLog = {
      key,
      folder: dirname(key),
      base: basename(key),
      displayPath,
      pod: parsePodLogPath(displayPath) ?? parsePodLogPath(key),
      container,
      generations: [],
      initial: !this.#started,
    };
    if (!this.#options.accepts(log)) return undefined;
    this.logs.set(key, log);
    const folder = this.#folders.get(log.folder);
    if (folder === undefined) this.#folders.set(log.folder, new Set([log]));
    else folder.add(log);
    this.#watch(log.folder);
    return log;
  }

  async #scanFolder(folder: string): Promise<void> {
    const logs = this.#folders.get(folder);
    if (logs === undefined || this.#closed) return;
    try {
      const before = statSync(folder, { bigint: true, throwIfNoEntry: false });
      if (before === undefined && isGone(dirname(dirname(folder)))) {
        // Not a pod that was deleted but the whole tree: a mount that went away, and comes back with the same files.
        this.#deps.reports.error('stat', folder, new Error('the folder of all pods has vanished'));
        return;
      }
      const isSettled = await this.#matchFiles(folder, logs, before?.mtimeNs);
      const isQuiet = before !== undefined && this.#deps.clock.nowMs() - Number(before.mtimeMs) > QUIET_MS;
      if (isQuiet && isSettled) this.#steady.set(folder, before.mtimeNs);
      else this.#steady.delete(folder);
      if (!isSettled) this.#scanSoon(folder);
    } catch (error) {
      this.#deps.reports.error('stat', folder, error);
    }
  }

  /** @param modifiedNs of the folder; undefined where there is none
   *  @returns whether all that was seen can be believed: else another look is due */
  async #matchFiles(folder: string, logs: ReadonlySet<ContainerLog>, modifiedNs: bigint | undefined): Promise<boolean> {
    const { clock, reports } = this.#deps;
    const first = this.#filesIn(folder, logs, modifiedNs);
    const openings = new Map<ContainerLog, Openings>();
    for (const log of logs) {
      const files = first.byBase.get(log.base) ?? [];
      if (!areOpeningsOf(NO_OPENINGS, log, files)) openings.set(log, await readOpenings(log, files));
    }
    // What was renamed, or copied and begun anew, while files were read is not what was read of it. From here on nothing waits.
    const { byBase, unsteady } = openings.size === 0 ? first : this.#filesIn(folder, logs, modifiedNsOf(folder));
    let isSettled = !unsteady;
    for (const log of [...logs]) {
      const files = byBase.get(log.base) ?? [];
      const read = openings.get(log) ?? NO_OPENINGS;
      if (!areSameFiles(first.byBase.get(log.base) ?? [], files) || !areOpeningsOf(read, log, files)) {
        isSettled = false;
        continue;
      }
      const liveBefore = log.generations.find((one) => one.live)?.inode;
      const again = reconcileLineage(log, files, read, {
        descriptors: this.descriptors,
        nowMs: clock.nowMs(),
        monotonicMs: clock.monotonicMs(),
        nextId: () => ++this.#generationId,
        unsteady,
        corrupt: (path, error) => reports.error('gzip', path, error),
      });
      if (again) isSettled = false;
      const liveNow = log.generations.find((one) => one.live)?.inode;
      if (liveBefore !== undefined && liveNow !== undefined && liveNow !== liveBefore) reports.rotated(log);
      this.#unread.forgetFinished(log, clock.monotonicMs());
      if (log.generations.length === 0 && isGone(log.key)) this.#remove(log);
      if (this.logs.has(log.key)) this.#notify(log);
    }
    return isSettled;
  }

  #filesIn(folder: string, logs: ReadonlySet<ContainerLog>, modifiedNs: bigint | undefined): FolderFiles {
    if (modifiedNs === undefined) return NO_FILES;
    const bases = new Set(Array.from(logs, (log) => log.base));
    return filesIn(folder, bases, modifiedNs, (error) => this.#deps.reports.error('list', folder, error));
  }

  #scanSoon(folder: string): void {
    if (this.#closed) return;
    this.#deps.clock.setTimer(RESCAN_MS, () => {
      if (!this.#closed) void this.scanFolder(folder);
    });
  }

  #isUnchanged(folder: string, logs: ReadonlySet<ContainerLog>): boolean {
    const steady = this.#steady.get(folder);
    if (steady === undefined) return false;
    if (statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs !== steady) return false;
    for (const log of logs) {
      if (this.hot.differs(log)) return false;
      if (log.generations.some((one) => one.path === undefined)) return false;
    }
    return true;
  }

  #remove(log: ContainerLog): void {
    for (const generation of log.generations) this.descriptors.close(generation);
    this.logs.delete(log.key);
    this.hot.forget(log);
    const folder = this.#folders.get(log.folder);
    folder?.delete(log);
    if (folder?.size === 0) {
      this.#folders.delete(log.folder);
      this.#steady.delete(log.folder);
      if (!this.#globFolders.has(log.folder)) this.#watches.remove(log.folder);
    }
    this.#readers.removed(log);
  }

  #notify(log: ContainerLog): void {
    this.#unread.keepReachable(log, this.#options);
    this.#readers.changed(log);
  }

  /** The folder's watch ends with the first event: a busy file raises one per write, polling it costs less. */
  #onFolderEvent(folder: string, name: string | undefined): void {
    if (this.#closed) return;
    this.#stir();
    const logs = this.#folders.get(folder);
    if (logs !== undefined) {
      const base = name === undefined ? undefined : (parseRotatedName(name)?.base ?? name);
      for (const log of logs) {
        if (base === undefined || log.base === base) this.hot.heat(log);
      }
      if (this.hot.holdsFolder(folder)) {
        this.#watches.remove(folder);
        this.#pollUnwatchedLater();
      }
    }
    if (this.#globFolders.has(folder)) {
      this.#discoverTimer ??= this.#deps.clock.setTimer(DISCOVER_DEBOUNCE_MS, () => {
        this.#discoverTimer = undefined;
        void this.discover();
      });
    } else if (logs === undefined) this.#watches.remove(folder);
  }

  #watchAgain(folder: string): void {
    if (this.#closed || !(this.#folders.has(folder) || this.#globFolders.has(folder))) return;
    this.#watch(folder);
    // What happened between the last poll and the watch raised no event.
    void this.scanFolder(folder);
  }

  /** The next pass comes no later than an interval from now. */
  #stir(): void {
    if (!this.#isAtRest) return;
    this.#isAtRest = false;
    if (this.#reconcileTimer === undefined) return;
    this.#reconcileTimer.cancel();
    this.#scheduleReconcile();
  }

  #scheduleReconcile(): void {
    const intervals = this.#isAtRest ? INTERVALS_AT_REST : 1;
    this.#reconcileTimer = this.#deps.clock.setTimer(intervals * this.#options.reconcileIntervalMs, () => {
      this.#reconcileTimer = undefined;
      void this.reconcile()
        .catch((error: unknown) => this.#deps.reports.error('list', '', error))
        .then(() => {
          if (!this.#closed) this.#scheduleReconcile();
        });
    });
  }

  #watch(folder: string): void {
    this.#watches.add(folder);
    this.#pollUnwatchedLater();
  }

  /** As long as there are folders without a watch: an agent at rest wakes up for nothing. */
  #pollUnwatchedLater(): void {
    if (!this.#started || this.#closed || this.#unwatchedTimer !== undefined) return;
    if (this.#areWatched(this.#folders.keys())) return;
    this.#unwatchedTimer = this.#deps.clock.setTimer(UNWATCHED_POLL_MS, () => {
      void this.#pollUnwatched().then(() => {
        this.#unwatchedTimer = undefined;
        this.#pollUnwatchedLater();
      });
    });
  }

  #areWatched(folders: Iterable<string>): boolean {
    return Array.from(folders).every((folder) => this.#watches.has(folder));
  }

  async #pollUnwatched(): Promise<void> {
    for (const [folder, logs] of this.#folders) {
      if (this.#watches.has(folder)) continue;
      for (const log of logs) {
        if (this.hot.has(log)) continue;
        await this.#breath.take();
        if (this.hot.differs(log)) this.hot.heat(log);
      }
    }
  }
}

function modifiedNsOf(folder: string): bigint | undefined {
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

function isGone(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) === undefined;
}
