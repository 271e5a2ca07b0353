/** The one pod of a sidecar, as the pipeline wants to know of pods: its identity stands in all records of all sources. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { FILE_CHECK_INTERVAL_MS } from '@vigie/core/reloaded-files';
import type { PodFacts, PodFactsUser, SourcePodFacts } from '@vigie/log-pipeline/agent/pod-facts';
import type { SourceRuntime } from '@vigie/log-pipeline/agent/source-runtime';
import type { ContainerLog, Generation } from '@vigie/log-pipeline/tail/generation';
import type { ContainerFacts } from '@vigie/log-pipeline/transforms/transform';
import type { ShipConfig } from './config.ts';
import { type PodEnvironment, PodIdentity, type PodIdentityFacts } from './pod-identity.ts';

export interface OwnPodDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: PodEnvironment;
}

export class OwnPod implements PodFacts<ShipConfig> {
  readonly #deps: OwnPodDeps;
  #agent: PodFactsUser | undefined;
  #identity: PodIdentity | undefined;
  #shown: PodIdentityFacts | undefined;
  #timer: Timer | undefined;

  constructor(deps: OwnPodDeps) {
    this.#deps = deps;
  }

  connect(agent: PodFactsUser): void {
    this.#agent = agent;
  }

  async configure({ cluster, pod, sinks }: ShipConfig): Promise<void> {
    const { clock, log, env } = this.#deps;
    this.#identity = new PodIdentity(
      {
        clusterName: cluster,
        container: pod.container,
        labelsFile: pod.labels_file,
        annotationsFile: pod.annotations_file,
        annotations: pod.annotations,
      },
      env,
      clock,
      log,
    );
    this.#shown = this.#identity.facts();
    const asksForIds = Object.values(sinks).some((sink) => sink.type === 'elasticsearch' && sink.id !== 'none');
    if (this.#shown.podUid === undefined && asksForIds) {
      log.warn(
        'POD_UID is not set: lines of files that begin alike in two pods have the same ids, and one of them is lost',
      );
    }
    this.#look();
  }

  /** Before `configure`: nothing. */
  facts(): Partial<PodIdentityFacts> {
    return this.#identity?.facts() ?? NOTHING;
  }

  attach(source: SourceRuntime, config: ShipConfig): void {
    const section = config.sources[source.name];
    const container = section?.type === 'file' ? section.container : undefined;
    const root = this.#deps.env.CONTAINER_LOGS_DIR;
    source.usePods(
      new OwnPodLogs(
        () => this.facts(),
        (log) => container ?? containerBelow(root, log),
      ),
    );
  }

  problems(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
  }

  /** Labels of a running pod may be changed: records from then on have the new ones. */
  #look(): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.setTimer(FILE_CHECK_INTERVAL_MS, () => {
      const facts = this.#identity?.facts();
      if (facts !== this.#shown) {
        this.#shown = facts;
        for (const source of this.#agent?.sources() ?? []) {
          for (const log of source.catalog.logs.values()) this.#agent?.changed(source, log);
        }
      }
      this.#look();
    });
  }
}

const NOTHING = {};

/** Injection mounts what a container has at PATH at `ROOT/CONTAINER/PATH`. */
function containerBelow(root: string | undefined, { displayPath }: ContainerLog): string | undefined {
  if (root === undefined || !displayPath.startsWith(`${root}/`)) return undefined;
  const [container, ...path] = displayPath.slice(root.length + 1).split('/');
  return path.length === 0 || container === '' ? undefined : container;
}

/** What one source says of its files. It remembers nothing of them. */
class OwnPodLogs implements SourcePodFacts {
  readonly askedRates = undefined;
  readonly #pod: () => Partial<PodIdentityFacts>;
  readonly #containerOf: (log: ContainerLog) => string | undefined;

  constructor(pod: () => Partial<PodIdentityFacts>, containerOf: (log: ContainerLog) => string | undefined) {
    this.#pod = pod;
    this.#containerOf = containerOf;
  }

  labelsOf(): Readonly<Record<string, string>> | undefined {
    return this.#pod().labels;
  }

  facts(log: ContainerLog, base: ContainerFacts): ContainerFacts {
    const pod = this.#pod();
    return { ...base, ...pod, containerName: this.#containerOf(log) ?? pod.containerName };
  }

  plans(): undefined {
    return undefined;
  }

  changed(): void {
    // Nothing to do.
  }

  removed(): void {
    // Nothing to forget.
  }

  finished(): boolean {
    return true;
  }

  position({ sizeBytes }: Generation): number {
    return sizeBytes;
  }

  close(): void {
    // Nothing to let go of.
  }
}
