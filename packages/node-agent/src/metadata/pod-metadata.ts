/** What the agent knows of the node's pods: told by a source, remembered on disk, and given to all sources of logs. */
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import type { Timer } from '@vigie/core/clock';
import { PodDirectory } from './directory.ts';
import { PodCache } from './pod-cache.ts';
import type { PodSource, PodSourceCounters, PodSourceDeps, PodSourceOptions, PodSourceState } from './pod-source.ts';

export interface PodMetadataOptions extends Omit<PodSourceOptions, 'keepsAnnotation'> {
  /** Patterns of the annotations that go into documents. */
  readonly copiedAnnotations: readonly string[];
}

export interface PodMetadataDeps extends PodSourceDeps {
  readonly keepsAnnotation: (patterns: readonly string[]) => (annotation: string) => boolean;
}

/** Pods change in bursts; one write serves them all. What came within it is unknown to the run after a crash. */
const REMEMBER_AFTER_MS = 1000;

const NOTHING_YET: PodSourceCounters = { lists: 0, watches: 0, failures: 0, receivedBytes: 0 };

export class PodMetadata {
  readonly directory: PodDirectory;
  readonly cacheWrites = { written: 0, failed: 0 };
  readonly #deps: PodMetadataDeps;
  readonly #cache: PodCache;
  readonly #ending = new AbortController();
  #options: PodMetadataOptions;
  #source: PodSource | undefined;
  #startedAtMs = 0;
  #timer: Timer | undefined;
  #closed = false;

  /** @param podChanged @param namespacesChanged what was made of them is to be made anew */
  constructor(
    options: PodMetadataOptions,
    dataDir: string,
    deps: PodMetadataDeps,
    podChanged: (pathUid: string) => void,
    namespacesChanged: (names: ReadonlySet<string>) => void,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.directory = new PodDirectory((pathUid) => {
      this.#remember();
      podChanged(pathUid);
    }, namespacesChanged);
    this.#cache = new PodCache(join(dataDir, 'pods.cache'), fsPromises, () => this.directory.remembered());
  }

  get from(): 'api' | 'kubelet' {
    return this.#options.from;
  }

  get state(): PodSourceState {
    return this.#source?.state ?? 'connecting';
  }

  get counters(): PodSourceCounters {
    return this.#source?.counters ?? NOTHING_YET;
  }

  /** Since when nothing has been heard at all, monotonic; undefined once something was. */
  get silentSinceMs(): number | undefined {
    return this.state === 'connecting' ? this.#startedAtMs : undefined;
  }

  /** Does not wait until pods are known: logs do, each for itself.
   *  @throws {VigieError} where the configuration does not lead to a server, or its credentials cannot be read */
  async start(): Promise<void> {
    const { log } = this.#deps;
    const read = await this.#cache.read();
    if (read.status === 'ok') this.directory.restore(read.pods);
    if (read.status === 'unusable') log.warn('what was known of pods cannot be read', { reason: read.reason });
    await this.#startSource();
  }

  /** Takes a changed configuration over; what is known stays. */
  async reconfigure(options: PodMetadataOptions): Promise<void> {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    const before = this.#source;
    const optionsBefore = this.#options;
    this.#options = options;
    try {
      await this.#startSource();
    } catch (error) {
      this.#options = optionsBefore;
      throw error;
    }
    await before?.close();
  }

  /** Somebody waits for this pod. */
  want(): void {
    this.#source?.want();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#ending.abort(new DOMException('the agent ends', 'AbortError'));
    await this.#source?.close();
    await this.#write();
  }

  async #startSource(): Promise<void> {
    const { startPods } = await import('./kube-pods.ts');
    const keepsAnnotation = this.#deps.keepsAnnotation(this.#options.copiedAnnotations);
    this.#startedAtMs = this.#deps.clock.monotonicMs();
    this.directory.awaitsNamespaces = this.#options.namespaceLabels;
    this.#source = startPods(
      { ...this.#options, keepsAnnotation },
      {
        replaced: (pods) => this.directory.replaced(pods),
        applied: (pod) => this.directory.applied(pod),
        removed: (pod) => {
          this.directory.removed(pod);
          this.#remember();
        },
        namespaces: (all) => this.directory.namespaces(all),
      },
      this.#deps,
      this.#ending.signal,
    );
  }

  #remember(): void {
    if (this.#closed) return;
    this.#timer ??= this.#deps.clock.setTimer(REMEMBER_AFTER_MS, () => {
      this.#timer = undefined;
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    const written = await this.#cache.write();
    this.cacheWrites[written.status]++;
    if (written.status === 'failed') {
      this.#deps.log.warn(
        'what is known of pods cannot be written; logs of pods deleted while the agent is down miss it',
        {
          error: written.error,
        },
      );
    }
  }
}
