import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { FolderListings } from './folder-listings.ts';
import type { ContainerLog } from './generation.ts';
import { expandGlob, type GlobMatch } from './glob.ts';
import { LogLinks } from './log-links.ts';
import { type ContainerLinkFacts, parseContainerLink } from './pod-path.ts';
import { parseRotatedName } from './rotated-name.ts';

export interface DiscoveryDeps {
  readonly clock: Clock;
  /** By key. */
  readonly logs: ReadonlyMap<string, ContainerLog>;
  /** A pattern leads to a log that is not known.
   *  @param key real path of the live file */
  readonly found: (key: string, lead: Lead) => void;
  readonly failed: (folder: string, error: unknown) => void;
  /** Lets other work run, on a tree of 10,000 folders. */
  readonly breathe: () => Promise<void> | undefined;
}

/** What leads to a log says of it. */
export interface Lead {
  readonly displayPath: string;
  readonly container: ContainerLinkFacts | undefined;
}

/** Some passes: a writer that renames its file and makes the next one when it has something to write may leave no live file to
 *  be found at any of them. */
const FRESH_MS = 60_000;

/** Finds the logs that patterns lead to: through links, passing over what rotation made of the files beside them. */
export class Discovery {
  readonly #deps: DiscoveryDeps;
  readonly #listings: FolderListings;
  readonly #links = new LogLinks();
  /** The log that a match led to. A link changes with its folder, and then matches are other objects. */
  readonly #leads = new WeakMap<GlobMatch, string>();
  readonly #missing = new Map<string, Lead>();

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
    this.#listings = new FolderListings(deps.clock);
  }

  /** Of a log whose live file the last pass did not find where a link leads: it may have been renamed a moment before. */
  leadTo(key: string): Lead | undefined {
    return this.#missing.get(key);
  }

  /** @returns folders whose listings decided what was found: watching them tells of more */
  async pass(patterns: readonly string[]): Promise<ReadonlySet<string>> {
    const folders = new Set<string>();
    this.#missing.clear();
    for (const pattern of patterns) {
      const found = await expandGlob(pattern, this.#listings, this.#deps.breathe);
      for (const folder of found.folders) folders.add(folder);
      for (const { folder, error } of found.errors) this.#deps.failed(folder, error);
      this.#take(found.matches);
    }
    this.#learnContainerIds();
    this.#listings.keepOnly(folders);
    return folders;
  }

  #take(matches: readonly GlobMatch[]): void {
    const { logs, found } = this.#deps;
    let matched: ReadonlySet<string> | undefined;
    for (const match of matches) {
      const lead = this.#leads.get(match);
      if (lead !== undefined && logs.has(lead)) continue;
      const { path, isLink, renamedTo } = match;
      if (!isLink && logs.has(path)) continue;
      if (renamedTo !== undefined && !this.#isFresh(renamedTo)) continue;
      const rotated = parseRotatedName(basename(path));
      if (rotated !== undefined) {
        matched ??= new Set(matches.map((one) => one.path));
        const live = join(dirname(path), rotated.base);
        // Between a rename and the next file's making there is no live one.
        if (matched.has(live) || logs.has(live)) continue;
      }
      if (path.endsWith('.tmp') || path.endsWith('.gz')) continue;
      const target = isLink ? this.#links.resolve(path) : { resolved: path, display: path, exists: true };
      if (target === undefined) continue;
      const { resolved, display, exists } = target;
      const existing = logs.get(resolved);
      if (existing !== undefined) existing.container ??= parseContainerLink(path);
      else if (exists) found(resolved, { displayPath: display, container: parseContainerLink(path) });
      else this.#missing.set(resolved, { displayPath: display, container: parseContainerLink(path) });
      if (exists) this.#leads.set(match, resolved);
    }
  }

  /** Whether it was written to just now: else it may be what is left of a log that nobody writes any more. */
  #isFresh(path: string): boolean {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && this.#deps.clock.nowMs() - stat.mtimeMs < FRESH_MS;
  }

  /** /var/log/pods does not tell the container id; the links beside it do. */
  #learnContainerIds(): void {
    const { logs } = this.#deps;
    const roots = new Set<string>();
    for (const log of logs.values()) {
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
        const target = this.#links.resolve(path);
        const log = target === undefined ? undefined : logs.get(target.resolved);
        if (log !== undefined) log.container ??= parseContainerLink(path);
      }
    }
  }
}
