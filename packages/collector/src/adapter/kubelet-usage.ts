/** What containers and nodes use, from the series of the job `kubelet`: those of /metrics/resource, or of cAdvisor where the former are
 *  not scraped. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier, StoredSeries } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { NodeUsage, PodUsage } from '../metrics-api/metric-values.ts';
import type { ClusterObject } from './cluster-objects.ts';
import { type ScrapeIntervals, subjectMatchers } from './default-metrics.ts';
import { type CpuReading, readCpu, readMemory } from './usage-points.ts';

const JOB = 'kubelet';
const WINDOW_INTERVALS = 4;
/** However often they are asked, kubelets look at containers every 10 to 20 s: two points are needed. */
const SHORTEST_WINDOW_MS = 60_000;
/** cAdvisor's control group of all that runs on a node. */
const ROOT_GROUP = '/';
/** cAdvisor's series of what is no container of a pod's spec. */
const NO_CONTAINER = new Set(['', 'POD']);

interface ContainerPoints {
  cpu?: CpuReading | 'incomplete';
  memoryBytes?: number;
}

export class KubeletUsage {
  readonly #querier: Querier;
  readonly #intervals: ScrapeIntervals;
  readonly #columns = new SampleColumns();

  constructor(querier: Querier, intervals: ScrapeIntervals) {
    this.#querier = querier;
    this.#intervals = intervals;
  }

  /** @param pods of one namespace, or of several where that is undefined
   *  @returns in the order of the pods; one of which a container has no second point yet is left out */
  async ofPods(
    pods: readonly ClusterObject[],
    namespace: string | undefined,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly PodUsage[]> {
    const all = namespace === undefined ? undefined : pods.map(({ name }) => name);
    const subjects = [new Matcher('job', '=', JOB), ...subjectMatchers('pod', { namespace, names: all })];
    const find = (name: string) => this.#best(name, subjects, containerKey, nowMs, signal);
    const cpu = await find('container_cpu_usage_seconds_total');
    const memory = await find('container_memory_working_set_bytes');
    const started = await find('container_start_time_seconds');
    const points = new Map<string, Map<string, ContainerPoints>>();
    const pointsOf = (labels: LabelSet): ContainerPoints => {
      const pod = `${labels.get('namespace')}/${labels.get('pod')}`;
      const containers = points.get(pod) ?? new Map<string, ContainerPoints>();
      points.set(pod, containers);
      const found = containers.get(labels.get('container')) ?? {};
      containers.set(labels.get('container'), found);
      return found;
    };
    for (const [key, series] of cpu) {
      const startedAtMs = this.#startOf(started.get(key), nowMs);
      this.#read(series, nowMs);
      if (this.#hasEnded()) continue;
      pointsOf(series.labels).cpu = readCpu(this.#columns, startedAtMs, this.#resolutionMs) ?? 'incomplete';
    }
    for (const series of memory.values()) {
      this.#read(series, nowMs);
      const memoryBytes = readMemory(this.#columns);
      if (memoryBytes !== undefined) pointsOf(series.labels).memoryBytes = memoryBytes;
    }
    return pods.flatMap((pod) => usageOfPod(pod, points.get(`${pod.namespace}/${pod.name}`)) ?? []);
  }

  async ofNodes(nodes: readonly ClusterObject[], nowMs: number, signal: AbortSignal): Promise<readonly NodeUsage[]> {
    const job = [new Matcher('job', '=', JOB)];
    const root = [...job, new Matcher('id', '=', ROOT_GROUP)];
    const find = async (name: string, ofRoot: string): Promise<ReadonlyMap<string, StoredSeries>> =>
      new Map([
        ...(await this.#best(ofRoot, root, nodeOf, nowMs, signal)),
        ...(await this.#best(name, job, nodeOf, nowMs, signal)),
      ]);
    const cpu = await find('node_cpu_usage_seconds_total', 'container_cpu_usage_seconds_total');
    const memory = await find('node_memory_working_set_bytes', 'container_memory_working_set_bytes');
    return nodes.flatMap(({ name, creationTimestamp, labels }) => {
      const [cpuSeries, memorySeries] = [cpu.get(name), memory.get(name)];
      if (cpuSeries === undefined || memorySeries === undefined) return [];
      this.#read(cpuSeries, nowMs);
      const reading = readCpu(this.#columns, Number.NaN, this.#resolutionMs);
      this.#read(memorySeries, nowMs);
      const memoryBytes = readMemory(this.#columns);
      if (reading === undefined || memoryBytes === undefined) return [];
      const { cores, timestampMs, windowMs } = reading;
      return [{ name, creationTimestamp, labels, timestampMs, windowMs, usage: { cpu: cores, memoryBytes } }];
    });
  }

  get #windowMs(): number {
    return Math.max(WINDOW_INTERVALS * this.#resolutionMs, SHORTEST_WINDOW_MS);
  }

  get #resolutionMs(): number {
    return this.#intervals.ofJob(JOB);
  }

  async #select(
    name: string,
    matchers: readonly Matcher[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly StoredSeries[]> {
    const { series } = await this.#querier.select(
      {
        matchers: [new Matcher(METRIC_NAME, '=', name), ...matchers],
        range: { fromMs: nowMs - this.#windowMs, toMs: nowMs },
        hints: { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false },
      },
      signal,
    );
    return series;
  }

  /** One series for each key. */
  async #best(
    name: string,
    matchers: readonly Matcher[],
    keyOf: (labels: LabelSet) => string | undefined,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, StoredSeries>> {
    const found = new Map<string, StoredSeries>();
    for (const one of await this.#select(name, matchers, nowMs, signal)) {
      const key = keyOf(one.labels);
      if (key === undefined) continue;
      const known = found.get(key);
      if (known === undefined || this.#isBetter(one, known, nowMs)) found.set(key, one);
    }
    return found;
  }

  /** /metrics/resource rather than cAdvisor, whose series carry the control group as `id`; of a container that was started again, and has
   *  another group since, the one that goes on. */
  #isBetter(one: StoredSeries, than: StoredSeries, nowMs: number): boolean {
    const hasId = one.labels.has('id');
    if (hasId !== than.labels.has('id')) return !hasId;
    return this.#newestMs(one, nowMs) > this.#newestMs(than, nowMs);
  }

  /** Unix ms; -Infinity of what has ended. */
  #newestMs(series: StoredSeries, nowMs: number): number {
    this.#read(series, nowMs);
    return this.#hasEnded() ? Number.NEGATIVE_INFINITY : this.#columns.timestampsMs[this.#columns.length - 1]!;
  }

  #read(series: StoredSeries, nowMs: number): void {
    this.#columns.clear();
    series.read({ fromMs: nowMs - this.#windowMs, toMs: nowMs }, this.#columns);
  }

  #hasEnded(): boolean {
    const last = this.#columns.length - 1;
    return last < 0 || this.#columns.isStale(last);
  }

  /** Unix ms; NaN where it is not told. */
  #startOf(series: StoredSeries | undefined, nowMs: number): number {
    if (series === undefined) return Number.NaN;
    this.#read(series, nowMs);
    return this.#hasEnded() ? Number.NaN : this.#columns.values[this.#columns.length - 1]! * 1000;
  }
}

/** @returns undefined for a pod of which something is not known yet: part of it would look like little */
function usageOfPod(
  { name, namespace, creationTimestamp, labels }: ClusterObject,
  points: ReadonlyMap<string, ContainerPoints> | undefined,
): PodUsage | undefined {
  if (points === undefined) return undefined;
  let earliest: CpuReading | undefined;
  const containers: PodUsage['containers'][number][] = [];
  for (const [container, { cpu, memoryBytes }] of [...points].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A container that has ended leaves a series or two behind; one that is there has both.
    if (cpu === undefined) continue;
    if (cpu === 'incomplete' || memoryBytes === undefined) return undefined;
    containers.push({ name: container, cpu: cpu.cores, memoryBytes });
    if (earliest === undefined || cpu.timestampMs < earliest.timestampMs) earliest = cpu;
  }
  if (earliest === undefined) return undefined;
  const { timestampMs, windowMs } = earliest;
  return { name, namespace, creationTimestamp, labels, timestampMs, windowMs, containers };
}

function containerKey(labels: LabelSet): string | undefined {
  const container = labels.get('container');
  return NO_CONTAINER.has(container) ? undefined : `${labels.get('namespace')}/${labels.get('pod')}/${container}`;
}

/** The name of the node, from a label of its own or the address that was scraped. */
function nodeOf(labels: LabelSet): string {
  return labels.get('node') || labels.get('instance').replace(/:\d+$/, '');
}
