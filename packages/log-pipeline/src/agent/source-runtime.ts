import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import type { Log } from '@vigie/core/log';
import { NO_POD_METADATA } from '../encode/document.ts';
import { Catalog, type CatalogOptions } from '../tail/catalog.ts';
import type { ContainerLog } from '../tail/generation.ts';
import type { ContainerFacts } from '../transforms/transform.ts';
import type { SourcePodFacts } from './pod-facts.ts';
import type { TailedSection } from './source-section.ts';

export type FileOperation = 'list' | 'stat' | 'gzip' | 'watch' | 'read';

/** Which of the logs behind its paths a source reads. */
export interface LogSelection {
  accepts(log: ContainerLog): boolean;
  /** Labels of pods decide: what was decided is asked again when they change. */
  readonly byLabels: boolean;
}

/** @param labelsOf undefined for the log of a pod that is not known */
export type SelectLogs = (
  labelsOf: (log: ContainerLog) => Readonly<Record<string, string>> | undefined,
) => LogSelection;

export interface SourceRuntimeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string | undefined;
}

/** One configured source: its catalog of files, and what is said of a container in every record. */
export class SourceRuntime {
  readonly name: string;
  readonly catalog: Catalog;
  config: TailedSection;
  rotations = 0;
  readonly errors = new Map<FileOperation, number>();
  #pods: SourcePodFacts | undefined;
  #selection: LogSelection;
  readonly #reselect = coalesce(() => this.catalog.reconfigure(this.#catalogOptions(this.config)));
  readonly #nodeName: string | undefined;
  readonly #log: Log;

  constructor(name: string, config: TailedSection, select: SelectLogs, { clock, log, nodeName }: SourceRuntimeDeps) {
    this.name = name;
    this.config = config;
    this.#selection = select((of) => this.#labelsOf(of));
    this.#nodeName = nodeName;
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
  get pods(): SourcePodFacts | undefined {
    return this.#pods;
  }

  /** Before the catalog is started, or while it runs. */
  usePods(pods: SourcePodFacts | undefined): void {
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
    if (this.#selection.byLabels) void this.#reselect();
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
  async reconfigure(config: TailedSection, select: SelectLogs): Promise<void> {
    this.config = config;
    this.#selection = select((log) => this.#labelsOf(log));
    await this.catalog.reconfigure(this.#catalogOptions(config));
  }

  facts(log: ContainerLog): ContainerFacts {
    const { pod, container } = log;
    const facts: ContainerFacts = {
      ...NO_POD_METADATA,
      namespace: pod?.namespace ?? container?.namespace,
      podName: pod?.podName ?? container?.podName,
      podUid: pod?.podUid,
      containerName: pod?.containerName ?? container?.containerName,
      restartCount: pod?.restartCount,
      containerId: container?.containerId,
      nodeName: this.#nodeName,
      labels: this.config.static_labels,
      path: log.displayPath,
    };
    return this.#pods?.facts(log, facts) ?? facts;
  }

  #catalogOptions(config: TailedSection): CatalogOptions {
    return {
      paths: config.paths,
      reconcileIntervalMs: config.reconcile_interval,
      maxOpenFiles: config.max_open_files,
      deletedBytesLimit: config.deleted_bytes_limit,
      accepts: (log) => this.#selection.accepts(log),
    };
  }

  #labelsOf(log: ContainerLog): Readonly<Record<string, string>> | undefined {
    const labels = this.#pods?.labelsOf(log);
    return labels === undefined ? undefined : { ...labels, ...this.config.static_labels };
  }
}
