/** Targets in files, which are read again when they change. Source: Prometheus, discovery/file. */
import { dirname, extname } from 'node:path';
import type { Log } from '@vigie/core/log';
import type { FileDiscoveryConfig } from './discovery-config.ts';
import type { DiscoveryCounts } from './discovery-counters.ts';
import { parseJsonGroups, parseYamlGroups } from './group-file.ts';
import type { RefreshSource } from './refreshed-discovery.ts';
import type { TargetGroup } from './target-group.ts';

/** The file system, as far as it is needed. */
export interface DiscoveryFiles {
  /** @param pattern absolute */
  glob(pattern: string): Promise<readonly string[]>;
  /** @throws what the system says */
  read(file: string): Promise<string>;
  /** Calls `changed` at whatever happens in the folder; does nothing where it cannot be watched.
   *  @returns ends that */
  watch(folder: string, changed: () => void): () => void;
}

export interface FileDiscoveryDeps {
  readonly files: DiscoveryFiles;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
}

const FILE_LABEL = '__meta_filepath';

export class FileSource implements RefreshSource {
  readonly intervalMs: number;
  readonly #patterns: readonly string[];
  readonly #folders: readonly string[];
  readonly #deps: FileDiscoveryDeps;
  /** What each file had when it could be read. */
  #last: ReadonlyMap<string, readonly TargetGroup[]> = new Map();
  #changed: (() => void) | undefined;
  #unwatch: () => void = () => undefined;

  constructor({ files, refreshIntervalMs }: FileDiscoveryConfig, deps: FileDiscoveryDeps) {
    this.#patterns = files;
    this.#folders = [...new Set(files.map((pattern) => dirname(pattern)))];
    this.intervalMs = refreshIntervalMs;
    this.#deps = deps;
  }

  async refresh(): Promise<readonly TargetGroup[]> {
    const { files, log, counts } = this.#deps;
    // Before they are read: what changes from now on is seen.
    this.#rewatch();
    const found = await Promise.all(this.#patterns.map((pattern) => files.glob(pattern)));
    const next = new Map<string, readonly TargetGroup[]>();
    for (const file of new Set(found.flat())) {
      try {
        next.set(file, await this.#read(file));
      } catch (error) {
        counts.failures++;
        log.warn('a file of targets cannot be read, what it had before stays', { file, error });
        next.set(file, this.#last.get(file) ?? []);
      }
    }
    this.#last = next;
    return [...next.values()].flat();
  }

  watch(changed: () => void): () => void {
    this.#changed = changed;
    return () => {
      this.#changed = undefined;
      this.#unwatch();
    };
  }

  /** Anew each time: a folder may have come, or have been replaced by another. */
  #rewatch(): void {
    const changed = this.#changed;
    if (changed === undefined) return;
    const ends = this.#folders.map((folder) => this.#deps.files.watch(folder, changed));
    this.#unwatch();
    this.#unwatch = () => {
      for (const end of ends) end();
    };
  }

  async #read(file: string): Promise<readonly TargetGroup[]> {
    const text = await this.#deps.files.read(file);
    const isJson = extname(file).toLowerCase() === '.json';
    const groups = isJson ? parseJsonGroups(text, file) : parseYamlGroups(text, file);
    return groups.map(({ targets, labels }, index) => ({
      source: `${file}:${index}`,
      labels: { ...labels, [FILE_LABEL]: file },
      targets: targets.map((address) => ({ __address__: address })),
    }));
  }
}
