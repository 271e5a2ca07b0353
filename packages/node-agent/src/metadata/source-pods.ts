/** What one source of logs knows of the pods behind them: whether to wait for one, what to say of it, and what its
 *  annotations ask for. */
import type { Log } from '@vigie/core/log';
import type { PlannedLane, SourcePodFacts } from '@vigie/log-pipeline/agent/pod-facts';
import type { AskedRates } from '@vigie/log-pipeline/agent/rate-limits';
import { boundMetadata } from '@vigie/log-pipeline/encode/bounded-facts';
import type { ContainerLog, Generation } from '@vigie/log-pipeline/tail/generation';
import type { ContainerFacts } from '@vigie/log-pipeline/transforms/transform';
import {
  type AnnotationKey,
  type AnnotationProblem,
  type AnnotationProblemReason,
  type ContainerAnnotations,
  type PodAnnotations,
  readAnnotations,
} from './annotations.ts';
import { createParser, multilineNamed } from './named-parts.ts';
import type { PodEntry } from './pod.ts';
import type { PodMetadata } from './pod-metadata.ts';
import { PodPlans } from './pod-plans.ts';

export interface SourcePodsOptions {
  readonly waitMs: number;
  /** Nothing is read of a pod before it is known: its labels decide whether it is to be read at all. */
  readonly mustBeKnown: boolean;
  readonly clusterName: string | undefined;
  readonly copiesAnnotation: (annotation: string) => boolean;
  readonly allowed: ReadonlySet<AnnotationKey>;
  /** A pod gets more than the operator's limit only up to this, in bytes a second; undefined: never. */
  readonly maxRateLimit: number | undefined;
  /** Names that annotations may use. */
  readonly knows: (kind: 'parser' | 'multiline' | 'sink', name: string, dialect: 'vigie' | 'fluentbit') => boolean;
}

/** Since the start. */
export interface SourcePodsCounters {
  /** Logs that were begun with no more than what their paths say. */
  incomplete: number;
  /** Labels, annotations and images left out because they are too long. */
  leftOut: number;
  readonly annotationProblems: Map<AnnotationProblemReason, number>;
}

interface Waiting {
  readonly sinceMs: number;
  gaveUp: boolean;
}

export class SourcePods implements SourcePodFacts {
  readonly counters: SourcePodsCounters = { incomplete: 0, leftOut: 0, annotationProblems: new Map() };
  readonly #source: string;
  readonly metadata: PodMetadata;
  readonly #log: Log;
  #options: SourcePodsOptions;
  readonly #logs = new Map<string, Set<ContainerLog>>();
  readonly #waiting = new Map<ContainerLog, Waiting>();
  #annotations = new WeakMap<PodEntry, PodAnnotations>();
  readonly #bounded = new WeakSet<PodEntry>();

  constructor(source: string, options: SourcePodsOptions, metadata: PodMetadata, log: Log) {
    this.#source = source;
    this.#options = options;
    this.metadata = metadata;
    this.#log = log;
  }

  reconfigure(options: SourcePodsOptions): void {
    this.#options = options;
    this.#annotations = new WeakMap();
  }

  /** The catalog has a log, or more of it. */
  changed(log: ContainerLog): void {
    if (log.pod === undefined) return;
    const { podUid } = log.pod;
    const logs = this.#logs.get(podUid);
    if (logs?.has(log) === true) return;
    if (logs === undefined) this.#logs.set(podUid, new Set([log]));
    else logs.add(log);
    this.metadata.directory.retain(podUid);
  }

  removed(log: ContainerLog): void {
    if (log.pod === undefined) return;
    const { podUid } = log.pod;
    const logs = this.#logs.get(podUid);
    this.#waiting.delete(log);
    if (logs?.delete(log) !== true) return;
    if (logs.size === 0) this.#logs.delete(podUid);
    this.metadata.directory.release(podUid);
  }

  /** It reads nothing, so nothing waits for it. */
  finished(): boolean {
    return true;
  }

  position(generation: Generation): number {
    return generation.sizeBytes;
  }

  /** Lets go of all logs. */
  close(): void {
    for (const logs of [...this.#logs.values()]) for (const log of [...logs]) this.removed(log);
  }

  logsOf(pathUid: string): Iterable<ContainerLog> {
    return this.#logs.get(pathUid) ?? [];
  }

  *logsIn(namespaces: ReadonlySet<string>): Iterable<ContainerLog> {
    for (const logs of this.#logs.values()) {
      for (const log of logs) if (log.pod !== undefined && namespaces.has(log.pod.namespace)) yield log;
    }
  }

  entryOf(log: ContainerLog): PodEntry | undefined {
    return log.pod === undefined ? undefined : this.metadata.directory.find(log.pod.podUid);
  }

  labelsOf(log: ContainerLog): Readonly<Record<string, string>> | undefined {
    return this.entryOf(log)?.labels;
  }

  get askedRates(): AskedRates {
    return {
      of: (log) => this.annotationsOf(log)?.rateLimit,
      maxBytesPerSecond: this.#options.maxRateLimit,
    };
  }

  plans({ sink, multiline, transforms, createTransform }: PlannedLane): PodPlans {
    return new PodPlans(
      this,
      sink,
      {
        createParser: (name) => createParser(transforms, createTransform, name),
        multiline: (name) => multilineNamed(transforms, name),
      },
      multiline,
    );
  }

  /** See LogPlans. */
  heldUntilMs(log: ContainerLog, nowMs: number): number {
    const { pod } = log;
    if (pod === undefined || this.metadata.directory.isSettled(pod.podUid)) return 0;
    let waiting = this.#waiting.get(log);
    if (waiting === undefined) {
      waiting = { sinceMs: nowMs, gaveUp: false };
      this.#waiting.set(log, waiting);
      this.metadata.want();
    }
    const { waitMs, mustBeKnown } = this.#options;
    const untilMs = waiting.sinceMs + waitMs;
    if (nowMs < untilMs) return untilMs;
    const isKnown = this.entryOf(log) !== undefined;
    if (mustBeKnown && !isKnown) return nowMs + Math.max(waitMs, LOOK_AGAIN_MS);
    if (!waiting.gaveUp && !isKnown) {
      waiting.gaveUp = true;
      this.counters.incomplete++;
      this.#log.warn('nothing is known of a pod in time; its logs go out with what their paths say', {
        source: this.#source,
        namespace: pod.namespace,
        pod: pod.podName,
        uid: pod.podUid,
      });
    }
    return 0;
  }

  /** @param base what the path and the configuration say */
  facts(log: ContainerLog, base: ContainerFacts): ContainerFacts {
    const { clusterName, copiesAnnotation } = this.#options;
    const entry = this.entryOf(log);
    if (entry === undefined) return { ...base, clusterName, metadataIncomplete: log.pod !== undefined };
    const annotations = Object.entries(entry.annotations).filter(([name]) => copiesAnnotation(name));
    const { facts, leftOut } = boundMetadata<ContainerFacts>({
      ...base,
      clusterName,
      podUid: entry.uid,
      podIp: entry.ip,
      containerImage: entry.images[base.containerName ?? ''],
      owner: entry.owner,
      controller: entry.controller,
      // What the operator writes, no pod overwrites.
      labels: { ...entry.labels, ...base.labels },
      namespaceLabels: this.metadata.directory.namespaceLabels(entry.namespace),
      annotations: Object.fromEntries(annotations),
    });
    if (leftOut.length > 0 && !this.#bounded.has(entry)) {
      this.#bounded.add(entry);
      this.counters.leftOut += leftOut.length;
      this.#log.warn('labels or annotations of a pod are too long for its records and left out', {
        source: this.#source,
        namespace: entry.namespace,
        pod: entry.name,
        leftOut: leftOut.slice(0, NAMED_LEFT_OUT),
        count: leftOut.length,
      });
    }
    return facts;
  }

  /** What its pod asks for; undefined while the pod is not known. */
  annotationsOf(log: ContainerLog): ContainerAnnotations | undefined {
    const entry = this.entryOf(log);
    return entry === undefined ? undefined : this.#read(entry).of(log.pod?.containerName ?? '');
  }

  /** Container logs that annotations leave out, in whole or in part. */
  excludedLogs(): number {
    let excluded = 0;
    for (const logs of this.#logs.values()) {
      for (const log of logs) {
        const { exclude } = this.annotationsOf(log) ?? {};
        if (exclude?.stdout === true || exclude?.stderr === true) excluded++;
      }
    }
    return excluded;
  }

  #read(entry: PodEntry): PodAnnotations {
    let read = this.#annotations.get(entry);
    if (read !== undefined) return read;
    const containers = Object.keys(entry.images);
    const { allowed } = this.#options;
    read = this.#known(readAnnotations(entry.annotations, containers, allowed), containers);
    this.#annotations.set(entry, read);
    for (const problem of read.problems) this.#tell(entry, problem);
    for (const container of containers) this.#tellExclusion(entry, container, read.of(container));
    return read;
  }

  /** Without the names that stand for nothing. */
  #known(read: PodAnnotations, containers: readonly string[]): PodAnnotations {
    const { knows } = this.#options;
    const problems = [...read.problems];
    const checked = new Map<string, ContainerAnnotations>();
    const check = <T>(kind: 'parser' | 'multiline' | 'sink', value: T | undefined, name: string): T | undefined => {
      const dialect = typeof value === 'object' && value !== null && 'dialect' in value ? value.dialect : 'vigie';
      if (value === undefined || knows(kind, name, dialect === 'fluentbit' ? dialect : 'vigie')) return value;
      const annotation = `${dialect === 'fluentbit' ? 'fluentbit' : 'vigie'}.io/${kind}`;
      const isTold = problems.some((one) => one.reason === 'unknown_name' && one.annotation === annotation);
      if (!isTold) problems.push({ reason: 'unknown_name', annotation, expected: `another name than ${name}` });
      return undefined;
    };
    for (const container of containers) {
      const asked = read.of(container);
      const { parser, multiline, sinks } = asked;
      checked.set(container, {
        ...asked,
        parser: {
          stdout: check('parser', parser.stdout, parser.stdout?.name ?? ''),
          stderr: check('parser', parser.stderr, parser.stderr?.name ?? ''),
        },
        multiline: {
          stdout: check('multiline', multiline.stdout, multiline.stdout ?? ''),
          stderr: check('multiline', multiline.stderr, multiline.stderr ?? ''),
        },
        // One that is misspelt must not take the logs away from all sinks.
        sinks: sinks?.every((name) => check('sink', name, name) !== undefined) === true ? sinks : undefined,
      });
    }
    return { of: (container) => checked.get(container) ?? read.of(container), problems };
  }

  #tell({ namespace, name }: PodEntry, { reason, annotation, expected }: AnnotationProblem): void {
    const { annotationProblems } = this.counters;
    annotationProblems.set(reason, (annotationProblems.get(reason) ?? 0) + 1);
    this.#log.warn('what an annotation of a pod asks for is not done', {
      source: this.#source,
      namespace,
      pod: name,
      annotation: annotation.slice(0, 320),
      reason,
      expected,
    });
  }

  #tellExclusion({ namespace, name }: PodEntry, container: string, { exclude }: ContainerAnnotations): void {
    if (exclude.stdout !== true && exclude.stderr !== true) return;
    this.#log.info('an annotation of a pod leaves its logs out', {
      source: this.#source,
      namespace,
      pod: name,
      container,
      stdout: exclude.stdout === true,
      stderr: exclude.stderr === true,
    });
  }
}

/** A pod that must be known and is not wakes its logs when it is: this is for the case that it never is. */
const LOOK_AGAIN_MS = 10_000;
const NAMED_LEFT_OUT = 10;
