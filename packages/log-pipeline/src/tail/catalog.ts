import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { Breath } from '../schedule/breath.ts';
import { Descriptors } from './descriptors.ts';
import { FolderListings, QUIET_MS } from './folder-listings.ts';
import { FolderWatches } from './folder-watches.ts';
import { type ContainerLog, type Generation, isSealed } from './generation.ts';
import { expandGlob, type GlobMatch } from './glob.ts';
import { HotLogs } from './hot-logs.ts';
import { type FoundFile, isStillThere, reconcileLineage } from './lineage.ts';
import { type ContainerLinkFacts, parseContainerLink, parsePodLogPath } from './pod-path.ts';
import { parseRotatedName } from './rotated-name.ts';

export interface CatalogOptions {
  /** Absolute patterns of live files or of links to them. */
  readonly paths: readonly string[];
  readonly reconcileIntervalMs: number;
  readonly maxOpenFiles: number;
  /** Unread bytes of files without a name that may be kept open, in sum. */
  readonly deletedBytesLimit: number;
  readonly accepts: (log: ContainerLog) => boolean;
}

export interface CatalogEvents {
  /** New, grown, rotated or gone: there may be something to read. */
  changed(log: ContainerLog): void;
  /** Nobody needs to remember it: no file is left, and every reader has finished with it. */
  removed(log: ContainerLog): void;
}

export interface CatalogReader extends CatalogEvents {
  /** Whether this reader will never read or count this generation again. */
  finished(generation: Generation): boolean;
  /** First byte it has not read. */
  position(generation: Generation): number;
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
/** How often logs are looked at that neither grow nor stand in a watched folder: beside a busy one in
 *  a flat folder, or where inotify's limit is reached. */
const UNWATCHED_POLL_MS = 1_000;

/** Which logs there are, which files make up each, and when they change. Reads no log bytes but the
 *  first line of new files; one catalog serves all the readers of a source. */
export class Catalog {
  readonly logs = new Map<string, ContainerLog>();
  readonly descriptors: Descriptors;
  readonly hot: HotLogs;
  #options: CatalogOptions;
  readonly #deps: CatalogDeps;
  readonly #watches: FolderWatches;
  readonly #listings: FolderListings;
  /** Folder times at the last scan that found everything at rest. */
  readonly #steady = new Map<string, bigint>();
  readonly #readers = new Set<CatalogReader>();
  readonly #folders = new Map<string, Set<ContainerLog>>();
  #globFolders: ReadonlySet<string> = new Set();
  readonly #links = new Map<string, { readonly target: string; readonly resolved: string }>();
  /** The log that a match led to. A link changes with its folder, and then matches are other objects. */
  readonly #leads = new WeakMap<GlobMatch, string>();
  readonly #scans = new Map<string, Promise<void>>();
  readonly #rescan = new Set<string>();
  readonly #adopted = new Set<string>();
  #discovering: Promise<void> | undefined;
  #discoverAgain = false;
  #discoverTimer: { cancel(): void } | undefined;
  #reconcileTimer: { cancel(): void } | undefined;
  #unwatchedTimer: { cancel(): void } | undefined;
  #generationId = 0;
  #started = false;
  #closed = false;
  readonly #breath = new Breath();

  constructor(options: CatalogOptions, deps: CatalogDeps) {
    this.#options = options;
    this.#deps = deps;
    this.descriptors = new Descriptors(options.maxOpenFiles);
    this.#listings = new FolderListings(deps.clock);
    this.#watches = new FolderWatches(
      (folder, name) => this.#onFolderEvent(folder, name),
      (folder, error) => deps.reports.error('watch', folder, error),
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
    this.#readers.add(reader);
  }

  detach(reader: CatalogReader): void {
    this.#readers.delete(reader);
  }

  /** Finds everything that is there, then keeps watching. */
  async start(): Promise<void> {
    await this.discover();
    this.#started = true;
    this.hot.start();
    this.#scheduleReconcile();
    this.#scheduleUnwatched();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reconcileTimer?.cancel();
    this.#unwatchedTimer?.cancel();
    this.#discoverTimer?.cancel();
    this.hot.close();
    this.#watches.close();
    await this.#discovering;
    await Promise.all(this.#scans.values());
    this.descriptors.closeAll();
  }

  /** Takes a changed configuration over without letting go of open files. */
  async reconfigure(options: CatalogOptions): Promise<void> {
    this.#options = options;
    for (const log of [...this.logs.values()]) if (!options.accepts(log)) this.#remove(log);
    await this.discover();
  }

  /** Logs that a checkpoint knows but that no pattern leads to any more (a link removed while the agent
   *  was down, its file not yet read to the end). */
  async adopt(keys: Iterable<string>): Promise<void> {
    const folders = new Set<string>();
    for (const key of keys) {
      if (this.logs.has(key)) continue;
      if (statSync(dirname(key), { throwIfNoEntry: false })?.isDirectory() !== true) continue;
      this.#adopted.add(key);
      const log = this.#addLog(key, key, undefined);
      if (log !== undefined) folders.add(log.folder);
    }
    for (const folder of folders) await this.scanFolder(folder);
  }

  /** One full pass: patterns, folders, sizes; what watches missed is found here. */
  async reconcile(): Promise<void> {
    await this.discover();
    for (const [folder, logs] of [...this.#folders]) {
      await this.#breath.take();
      if (!this.#isUnchanged(folder, logs)) await this.scanFolder(folder);
    }
    this.#enforceDeletedBudget();
  }

  discover(): Promise<void> {
    if (this.#discovering !== undefined) {
      this.#discoverAgain = true;
      return this.#discovering;
    }
    this.#discovering = this.#discover().finally(() => {
      this.#discovering = undefined;
      if (this.#discoverAgain && !this.#closed) {
        this.#discoverAgain = false;
        void this.discover();
      }
    });
    return this.#discovering;
  }

  /** Matches the folder's files to the known generations again; runs for one folder never overlap. */
  scanFolder(folder: string): Promise<void> {
    const running = this.#scans.get(folder);
    if (running !== undefined) {
      this.#rescan.add(folder);
      return running;
    }
    const scan = this.#scanFolder(folder)
      .catch((error: unknown) => this.#deps.reports.error('stat', folder, error))
      .then(async () => {
        this.#scans.delete(folder);
        if (this.#rescan.delete(folder) && !this.#closed) await this.scanFolder(folder);
      });
    this.#scans.set(folder, scan);
    return scan;
  }

  /** A reader found that the file is not what it was taken for. */
  doubt(generation: Generation): void {
    generation.suspect = true;
    void this.scanFolder(generation.log.folder);
  }

  async #discover(): Promise<void> {
    const globFolders = new Set<string>();
    const fresh = new Set<string>();
    for (const pattern of this.#options.paths) {
      const found = await expandGlob(pattern, this.#listings, () => this.#breath.take());
      for (const folder of found.folders) globFolders.add(folder);
      for (const { folder, error } of found.errors) this.#deps.reports.error('list', folder, error);
      let matched: ReadonlySet<string> | undefined;
      for (const match of found.matches) {
        const lead = this.#leads.get(match);
        if (lead !== undefined && this.logs.has(lead)) continue;
        const { path, isLink } = match;
        if (!isLink && this.logs.has(path)) continue;
        const rotated = parseRotatedName(basename(path));
        if (rotated !== undefined) {
          matched ??= new Set(found.matches.map((one) => one.path));
          if (matched.has(join(dirname(path), rotated.base))) continue;
        }
        if (path.endsWith('.tmp') || path.endsWith('.gz')) continue;
        const target = isLink ? this.#resolve(path) : { resolved: path, display: path };
        if (target === undefined) continue;
        this.#leads.set(match, target.resolved);
        const existing = this.logs.get(target.resolved);
        if (existing !== undefined) {
          existing.container ??= parseContainerLink(path);
          continue;
        }
        const log = this.#addLog(target.resolved, target.display, parseContainerLink(path));
        if (log !== undefined) fresh.add(log.folder);
      }
    }
    this.#learnContainerIds();
    const before = this.#globFolders;
    this.#globFolders = globFolders;
    this.#listings.keepOnly(globFolders);
    for (const folder of globFolders) if (!this.hot.holdsFolder(folder)) this.#watches.add(folder);
    for (const folder of before) {
      if (!globFolders.has(folder) && !this.#folders.has(folder)) this.#watches.remove(folder);
    }
    for (const folder of fresh) {
      await this.#breath.take();
      await this.scanFolder(folder);
    }
  }

  /** Follows links one step at a time, so that a docker chain still passes through /var/log/pods. */
  #resolve(path: string): { readonly resolved: string; readonly display: string } | undefined {
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
    const cached = this.#links.get(path);
    if (cached?.target === target) return { resolved: cached.resolved, display };
    try {
      const real = realpathSync(path);
      // One string for what is mostly one path: there are thousands.
      const resolved = real === absolute ? absolute : real;
      this.#links.set(path, { target, resolved });
      return { resolved, display };
    } catch {
      // A dangling link: its file may still come, the next pass looks again.
      this.#links.delete(path);
      return undefined;
    }
  }

  #addLog(key: string, displayPath: string, container: ContainerLinkFacts | undefined): ContainerLog | undefined {
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
    this.#watches.add(log.folder);
    return log;
  }

  /** /var/log/pods does not tell the container id; the links beside it do. */
  #learnContainerIds(): void {
    const roots = new Set<string>();
    for (const log of this.logs.values()) {
      if (log.container === undefined && log.pod !== undefined) {
        roots.add(join(dirname(dirname(dirname(dirname(log.displayPath)))), 'containers'));
      }
    }
    for (const root of roots) {
      let names: string[];
      try {
        names = readdirSync(root);
      } catch {
        // No such folder beside this pods folder: the id stays unknown, as documented.
        continue;
      }
      for (const name of names) {
        const path = join(root, name);
        const target = this.#resolve(path);
        const log = target === undefined ? undefined : this.logs.get(target.resolved);
        if (log !== undefined) log.container ??= parseContainerLink(path);
      }
    }
  }

  async #scanFolder(folder: string): Promise<void> {
    const logs = this.#folders.get(folder);
    if (logs === undefined || this.#closed) return;
    const before = statSync(folder, { bigint: true, throwIfNoEntry: false });
    if (before === undefined && statSync(dirname(dirname(folder)), { throwIfNoEntry: false }) === undefined) {
      // Not a pod that was deleted but the whole tree: a mount that went away, and comes back with the same files.
      this.#deps.reports.error('stat', folder, new Error('the folder of all pods has vanished'));
      return;
    }
    const byBase = new Map<string, FoundFile[]>();
    let unsteady = false;
    if (before !== undefined) {
      const bases = new Set([...logs].map((log) => log.base));
      let names: string[] = [];
      try {
        names = readdirSync(folder);
      } catch (error) {
        this.#deps.reports.error('list', folder, error);
        unsteady = true;
      }
      for (const name of names) {
        const live = bases.has(name);
        const rotated = live ? undefined : parseRotatedName(name);
        const base = live ? name : rotated?.base;
        if (base === undefined || !bases.has(base)) continue;
        const path = join(folder, name);
        const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
        if (stat === undefined) {
          unsteady = true;
          continue;
        }
        if (!stat.isFile()) continue;
        const files = byBase.get(base) ?? [];
        byBase.set(base, files);
        files.push({
          path,
          live,
          gzip: rotated?.gzip ?? false,
          plainPath: join(folder, rotated?.plain ?? name),
          order: rotated?.order ?? '2',
          inode: `${stat.dev}:${stat.ino}`,
          sizeBytes: Number(stat.size),
          modifiedMs: Number(stat.mtimeMs),
          changedNs: stat.ctimeNs,
        });
      }
      const after = statSync(folder, { bigint: true, throwIfNoEntry: false });
      if (after?.mtimeNs !== before.mtimeNs) unsteady = true;
    }
    let again = unsteady;
    for (const log of [...logs]) {
      const liveBefore = log.generations.find((one) => one.live)?.inode;
      const more = await reconcileLineage(log, byBase.get(log.base) ?? [], {
        descriptors: this.descriptors,
        nowMs: this.#deps.clock.nowMs(),
        monotonicMs: this.#deps.clock.monotonicMs(),
        nextId: () => ++this.#generationId,
        unsteady,
        isStillThere,
        corrupt: (path, error) => this.#deps.reports.error('gzip', path, error),
      });
      again ||= more;
      const liveNow = log.generations.find((one) => one.live)?.inode;
      if (liveBefore !== undefined && liveNow !== undefined && liveNow !== liveBefore) {
        this.#deps.reports.rotated(log);
      }
      this.#forgetFinished(log);
      if (this.logs.has(log.key)) this.#notify(log);
    }
    const quiet = before !== undefined && this.#deps.clock.nowMs() - Number(before.mtimeMs) > QUIET_MS;
    if (quiet && !again) this.#steady.set(folder, before.mtimeNs);
    else this.#steady.delete(folder);
    if (again && !this.#closed) {
      this.#deps.clock.setTimer(RESCAN_MS, () => {
        if (!this.#closed) void this.scanFolder(folder);
      });
    }
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

  #forgetFinished(log: ContainerLog): void {
    const finished = (generation: Generation): boolean =>
      generation.path === undefined &&
      isSealed(generation, this.#deps.clock.monotonicMs()) &&
      [...this.#readers].every((reader) => reader.finished(generation));
    for (const generation of log.generations.filter(finished)) {
      this.descriptors.close(generation);
      log.generations = log.generations.filter((one) => one !== generation);
    }
    if (log.generations.length === 0 && statSync(log.key, { throwIfNoEntry: false }) === undefined) {
      this.#remove(log);
    }
  }

  #remove(log: ContainerLog): void {
    for (const generation of log.generations) this.descriptors.close(generation);
    this.logs.delete(log.key);
    this.hot.forget(log);
    this.#adopted.delete(log.key);
    const folder = this.#folders.get(log.folder);
    folder?.delete(log);
    if (folder?.size === 0) {
      this.#folders.delete(log.folder);
      this.#steady.delete(log.folder);
      if (!this.#globFolders.has(log.folder)) this.#watches.remove(log.folder);
    }
    for (const reader of this.#readers) reader.removed(log);
  }

  #enforceDeletedBudget(): void {
    let heldBytes = 0;
    const held: { generation: Generation; bytes: number }[] = [];
    for (const log of this.logs.values()) {
      for (const generation of log.generations) {
        if (generation.path !== undefined || generation.gone !== undefined) continue;
        if (!this.descriptors.has(generation)) continue;
        const read = Math.min(...[...this.#readers].map((reader) => reader.position(generation)));
        const bytes = Math.max(0, generation.sizeBytes - read);
        heldBytes += bytes;
        held.push({ generation, bytes });
      }
    }
    for (const { generation, bytes } of held) {
      if (heldBytes <= this.#options.deletedBytesLimit) return;
      heldBytes -= bytes;
      generation.gone = 'deleted_budget';
      this.descriptors.close(generation);
      this.#notify(generation.log);
    }
  }

  #notify(log: ContainerLog): void {
    this.#keepReachable(log);
    for (const reader of this.#readers) reader.changed(log);
  }

  /** Opens what is unread while there is room: a file that is deleted before its turn comes can then still be read. */
  #keepReachable(log: ContainerLog): void {
    if (this.#readers.size === 0) return;
    for (const generation of log.generations) {
      if (generation.encoding === 'gzip' || generation.path === undefined) continue;
      if (this.descriptors.size >= this.#options.maxOpenFiles || this.descriptors.has(generation)) continue;
      let unread = false;
      for (const reader of this.#readers) unread ||= reader.position(generation) < generation.sizeBytes;
      if (!unread) continue;
      const acquired = this.descriptors.acquire(generation);
      if (acquired.status === 'open') this.descriptors.release(generation, acquired.fd);
    }
  }

  /** The folder's watch ends with the first event: a busy file raises one per write, polling it costs less. */
  #onFolderEvent(folder: string, name: string | undefined): void {
    if (this.#closed) return;
    const logs = this.#folders.get(folder);
    if (logs !== undefined) {
      const base = name === undefined ? undefined : (parseRotatedName(name)?.base ?? name);
      for (const log of logs) {
        if (base === undefined || log.base === base) this.hot.heat(log);
      }
      if (this.hot.holdsFolder(folder)) this.#watches.remove(folder);
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
    this.#watches.add(folder);
    // What happened between the last poll and the watch raised no event.
    void this.scanFolder(folder);
  }

  #scheduleReconcile(): void {
    this.#reconcileTimer = this.#deps.clock.setTimer(this.#options.reconcileIntervalMs, () => {
      void this.reconcile()
        .catch((error: unknown) => this.#deps.reports.error('list', '', error))
        .then(() => {
          if (!this.#closed) this.#scheduleReconcile();
        });
    });
  }

  #scheduleUnwatched(): void {
    this.#unwatchedTimer = this.#deps.clock.setTimer(UNWATCHED_POLL_MS, () => {
      void this.#pollUnwatched().then(() => {
        if (!this.#closed) this.#scheduleUnwatched();
      });
    });
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
