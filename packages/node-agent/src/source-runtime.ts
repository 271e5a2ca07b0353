import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import type { Log } from '@vigie/core/log';
import { NO_POD_METADATA, type RecordFacts } from '@vigie/log-pipeline/encode/document';
import { Catalog, type CatalogOptions } from '@vigie/log-pipeline/tail/catalog';
import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import picomatch from 'picomatch';
import type { SourcePods } from './metadata/source-pods.ts';
import { createSelector, type SelfPod } from './selection.ts';
import type { TailedConfig } from './source-config.ts';

export type FileOperation = 'list' | 'stat' | 'gzip' | 'watch' | 'read';

export interface NodeIdentity {
  readonly nodeName: string | undefined;
  readonly self: SelfPod;
}

/** One configured source: its catalog of files, and what is said of a container in every record. */
export class SourceRuntime {
  readonly name: string;
  readonly catalog: Catalog;
  config: TailedConfig;
  rotations = 0;
  readonly errors = new Map<FileOperation, number>();
  #pods: SourcePods | undefined;
  readonly #reselect = coalesce(() => this.catalog.reconfigure(this.#catalogOptions(this.config)));
  readonly #identity: NodeIdentity;
  readonly #log: Log;

  constructor(name: string, config: TailedConfig, identity: NodeIdentity, clock: Clock, log: Log) {
    this.name = name;
    this.config = config;
    this.#identity = identity;
    this.#log = log;
    this.catalog = new Catalog(this.#catalogOptions(config), {
      clock,
      reports: {
        error: (operation, path, error) => this.failed(operation, path, error),
        rotated: () => {
          this.rotations++;
        },
      },
    });
  }

  /** What it knows of the pods behind its logs; undefined: what their paths say. */
  get pods(): SourcePods | undefined {
    return this.#pods;
  }

  /** Before the catalog is started, or while it runs. */
  usePods(pods: SourcePods | undefined): void {
    if (this.#pods === pods) return;
    if (this.#pods !== undefined) {
      this.catalog.detach(this.#pods);
      this.#pods.close();
    }
    this.#pods = pods;
    if (pods === undefined) return;
    for (const log of this.catalog.logs.values()) pods.changed(log);
    this.catalog.attach(pods);
  }

  /** A pod is known now, or is another: labels may decide otherwise on which logs are read. */
  podsChanged(): void {
    const { include, exclude } = this.config;
    if (include.labels !== undefined || exclude.labels !== undefined) void this.#reselect();
  }

  failed(operation: FileOperation, path: string | undefined, error: unknown): void {
    this.errors.set(operation, (this.errors.get(operation) ?? 0) + 1);
    this.#log.warn('cannot use a log file or its folder', {
      source: this.name,
      operation,
      path: path ?? 'unlinked',
      error,
    });
  }

  /** Takes a new configuration over; open files stay open. */
  async reconfigure(config: TailedConfig): Promise<void> {
    this.config = config;
    await this.catalog.reconfigure(this.#catalogOptions(config));
  }

  facts(log: ContainerLog): Omit<RecordFacts, 'idPrefix'> {
    const { pod, container } = log;
    const facts: Omit<RecordFacts, 'idPrefix'> = {
      ...NO_POD_METADATA,
      namespace: pod?.namespace ?? container?.namespace,
      podName: pod?.podName ?? container?.podName,
      podUid: pod?.podUid,
      containerName: pod?.containerName ?? container?.containerName,
      restartCount: pod?.restartCount,
      containerId: container?.containerId,
      nodeName: this.#identity.nodeName,
      labels: this.config.static_labels,
      path: log.displayPath,
    };
    return this.#pods?.facts(log, facts) ?? facts;
  }

  #catalogOptions(config: TailedConfig): CatalogOptions {
    return {
      paths: config.paths,
      reconcileIntervalMs: config.reconcile_interval,
      maxOpenFiles: config.max_open_files,
      deletedBytesLimit: config.deleted_bytes_limit,
      accepts:
        config.type === 'file'
          ? notMatching(config.exclude_paths)
          : createSelector(config.include, config.exclude, this.#identity.self, (log) => this.#labelsOf(log)),
    };
  }

  #labelsOf(log: ContainerLog): Readonly<Record<string, string>> | undefined {
    const labels = this.#pods?.entryOf(log)?.labels;
    return labels === undefined ? undefined : { ...labels, ...this.config.static_labels };
  }
}

function notMatching(patterns: readonly string[]): (log: ContainerLog) => boolean {
  if (patterns.length === 0) return () => true;
  const matches = picomatch([...patterns]);
  return ({ key, displayPath }) => !matches(key) && !matches(displayPath);
}
