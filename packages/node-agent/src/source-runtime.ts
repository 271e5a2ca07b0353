import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { NO_POD_METADATA, type RecordFacts } from '@vigie/log-pipeline/encode/document';
import { Catalog, type CatalogOptions } from '@vigie/log-pipeline/tail/catalog';
import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import { createSelector, type SelfPod } from './selection.ts';
import type { KubernetesLogsConfig } from './source-config.ts';

export type FileOperation = 'list' | 'stat' | 'gzip' | 'watch' | 'read';

export interface NodeIdentity {
  readonly nodeName: string | undefined;
  readonly self: SelfPod;
}

/** One configured source: its catalog of files, and what is said of a container in every record. */
export class SourceRuntime {
  readonly name: string;
  readonly catalog: Catalog;
  config: KubernetesLogsConfig;
  rotations = 0;
  readonly errors = new Map<FileOperation, number>();
  readonly #identity: NodeIdentity;
  readonly #log: Log;

  constructor(name: string, config: KubernetesLogsConfig, identity: NodeIdentity, clock: Clock, log: Log) {
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
  async reconfigure(config: KubernetesLogsConfig): Promise<void> {
    this.config = config;
    await this.catalog.reconfigure(this.#catalogOptions(config));
  }

  facts(log: ContainerLog): Omit<RecordFacts, 'idPrefix'> {
    const { pod, container } = log;
    return {
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
  }

  #catalogOptions(config: KubernetesLogsConfig): CatalogOptions {
    return {
      paths: config.paths,
      reconcileIntervalMs: config.reconcile_interval,
      maxOpenFiles: config.max_open_files,
      deletedBytesLimit: config.deleted_bytes_limit,
      accepts: createSelector(config.include, config.exclude, this.#identity.self),
    };
  }
}
