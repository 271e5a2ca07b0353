/** What pods and nodes use, metrics.k8s.io: by the queries of an adapter's configuration, or without one from the kubelet's series. */
import type { Clock } from '@vigie/core/clock';
import { RESOURCE_METRICS } from '../metrics-api/api-groups.ts';
import { ApiRefusal, objectNotFound } from '../metrics-api/api-refusal.ts';
import { EVERYTHING, type LabelSelector } from '../metrics-api/label-selector.ts';
import type { NodeUsage, PodUsage, Usage } from '../metrics-api/metric-values.ts';
import { NAMESPACES } from '../metrics-api/request-path.ts';
import type { ResourceRule, ResourceRules } from './adapter-rules.ts';
import type { ClusterObject, ClusterObjects } from './cluster-objects.ts';
import type { KubeletUsage } from './kubelet-usage.ts';
import type { MetricsQuery } from './metrics-query.ts';
import { ParsedQueries } from './parsed-queries.ts';
import type { MappedResource, RestMapper } from './rest-mapper.ts';
import { type Answerer, evaluateRule, lookbackWithin, type RuleValue } from './rule-evaluation.ts';

export interface ResourceMetricsDeps {
  readonly pods: ClusterObjects;
  readonly nodes: ClusterObjects;
  readonly kubelet: KubeletUsage;
  readonly answerer: Answerer;
  readonly mapper: RestMapper;
  readonly clock: Clock;
  /** undefined: from the kubelet's series. */
  readonly rules: ResourceRules | undefined;
  readonly timeoutMs: number;
  readonly maxAgeMs: number;
}

export class ResourceMetrics {
  readonly #parsed = new ParsedQueries();
  readonly #deps: ResourceMetricsDeps;

  constructor(deps: ResourceMetricsDeps) {
    this.#deps = deps;
  }

  /** @param namespace undefined for all
   *  @returns by namespace and name; a pod of which something is not known is left out */
  async pods(
    namespace: string | undefined,
    selector: LabelSelector,
    signal: AbortSignal,
  ): Promise<readonly PodUsage[]> {
    const pods = [...this.#deps.pods.list(namespace, selector)].sort(byNamespaceAndName);
    return pods.length === 0 ? [] : this.#ofPods(pods, namespace, signal);
  }

  /** @throws {ApiRefusal} NotFound */
  async pod(namespace: string, name: string, signal: AbortSignal): Promise<PodUsage> {
    const pod = this.#deps.pods.get(namespace, name);
    const [usage] = pod === undefined ? [] : await this.#ofPods([pod], namespace, signal);
    if (usage !== undefined) return usage;
    throw objectNotFound('pods', RESOURCE_METRICS, name, [
      pod === undefined
        ? { reason: 'NoSuchObject', message: `there is no pod ${namespace}/${name}` }
        : {
            reason: 'NoUsage',
            message: 'two points of each of its containers are needed, from the kubelet of its node',
          },
    ]);
  }

  async nodes(selector: LabelSelector, signal: AbortSignal): Promise<readonly NodeUsage[]> {
    const nodes = [...this.#deps.nodes.list(undefined, selector)].sort(byNamespaceAndName);
    return nodes.length === 0 ? [] : this.#ofNodes(nodes, signal);
  }

  /** @throws {ApiRefusal} NotFound */
  async node(name: string, signal: AbortSignal): Promise<NodeUsage> {
    const node = this.#deps.nodes.get('', name);
    const [usage] = node === undefined ? [] : await this.#ofNodes([node], signal);
    if (usage !== undefined) return usage;
    throw objectNotFound('nodes', RESOURCE_METRICS, name, [
      node === undefined
        ? { reason: 'NoSuchObject', message: `there is no node ${name}` }
        : { reason: 'NoUsage', message: 'two points of it are needed, from its kubelet' },
    ]);
  }

  /** Where the usage of containers comes from, for people. */
  described(resource: 'cpu' | 'memory'): { readonly rule: string; readonly query: string } {
    const { rules } = this.#deps;
    if (rules !== undefined) return { rule: `resourceRules.${resource}`, query: rules[resource].containerQuery.source };
    const query =
      resource === 'cpu'
        ? 'container_cpu_usage_seconds_total{job="kubelet"}'
        : 'container_memory_working_set_bytes{job="kubelet"}';
    return { rule: 'kubelet', query };
  }

  #ofPods(
    pods: readonly ClusterObject[],
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly PodUsage[]> {
    const { rules, kubelet, clock } = this.#deps;
    return rules === undefined
      ? kubelet.ofPods(pods, namespace, clock.nowMs(), signal)
      : this.#podsByRules(pods, rules, signal);
  }

  #ofNodes(nodes: readonly ClusterObject[], signal: AbortSignal): Promise<readonly NodeUsage[]> {
    const { rules, kubelet, clock } = this.#deps;
    return rules === undefined
      ? kubelet.ofNodes(nodes, clock.nowMs(), signal)
      : this.#nodesByRules(nodes, rules, signal);
  }

  /** As the adapter: a query for each namespace. */
  async #podsByRules(
    pods: readonly ClusterObject[],
    rules: ResourceRules,
    signal: AbortSignal,
  ): Promise<readonly PodUsage[]> {
    const object = await this.#mapped('pods');
    const usages: PodUsage[] = [];
    for (const [namespace, within] of groupBy(pods, (pod) => pod.namespace)) {
      const names = within.map(({ name }) => name);
      const ask = (rule: ResourceRule) =>
        this.#ask(rule.containerQuery, { object, namespace, names, extraGroupBy: [rule.containerLabel] }, signal);
      const [cpu, memory] = await Promise.all([ask(rules.cpu), ask(rules.memory)]);
      for (const pod of within) {
        const [cpuOf, memoryOf] = [cpu.get(pod.name) ?? [], memory.get(pod.name) ?? []];
        const usage = containersOf(cpuOf, memoryOf, rules.cpu.containerLabel, rules.memory.containerLabel);
        if (usage === undefined) continue;
        const { name, creationTimestamp, labels } = pod;
        usages.push({ name, namespace, creationTimestamp, labels, windowMs: rules.windowMs, ...usage });
      }
    }
    return usages;
  }

  async #nodesByRules(
    nodes: readonly ClusterObject[],
    rules: ResourceRules,
    signal: AbortSignal,
  ): Promise<readonly NodeUsage[]> {
    const object = await this.#mapped('nodes');
    const names = nodes.map(({ name }) => name);
    const ask = (rule: ResourceRule) =>
      this.#ask(rule.nodeQuery, { object, namespace: undefined, names, extraGroupBy: [] }, signal);
    const [cpu, memory] = await Promise.all([ask(rules.cpu), ask(rules.memory)]);
    return nodes.flatMap(({ name, creationTimestamp, labels }) => {
      const [[cpuOf] = [], [memoryOf] = []] = [cpu.get(name), memory.get(name)];
      if (cpuOf === undefined || memoryOf === undefined) return [];
      const usage: Usage = { cpu: cpuOf.value, memoryBytes: memoryOf.value };
      const timestampMs = Math.min(cpuOf.timestampMs, memoryOf.timestampMs);
      return [{ name, creationTimestamp, labels, timestampMs, windowMs: rules.windowMs, usage }];
    });
  }

  /** By object; what is negative, too old or no number is left out. */
  async #ask(
    template: MetricsQuery,
    asked: {
      readonly object: MappedResource;
      readonly namespace: string | undefined;
      readonly names: readonly string[];
      readonly extraGroupBy: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly RuleValue[]>> {
    const { answerer, clock, timeoutMs, maxAgeMs } = this.#deps;
    const namespaceResource = await this.#mapped(NAMESPACES.resource);
    const built = await template.ofObjects({ ...asked, series: '', namespaceResource, selector: EVERYTHING });
    if (built === undefined) return new Map();
    const { query, label } = built;
    const nowMs = clock.nowMs();
    const rule = { query, parsed: this.#parsed, label, nowMs, timeoutMs, lookbackMs: lookbackWithin(maxAgeMs) };
    const { values } = await evaluateRule(answerer, rule, signal);
    const usable = values.filter(({ value, timestampMs }) => value >= 0 && nowMs - timestampMs <= maxAgeMs);
    return groupBy(usable, ({ labels }) => labels.get(label));
  }

  async #mapped(resource: string): Promise<MappedResource> {
    const mapped = await this.#deps.mapper.resolve({ resource, group: '' });
    if (mapped === undefined) throw new ApiRefusal('ServiceUnavailable', `the cluster does not tell of ${resource}`);
    return mapped;
  }
}

/** @returns undefined where a container lacks one of the two: part of a pod would look like little */
function containersOf(
  cpu: readonly RuleValue[],
  memory: readonly RuleValue[],
  cpuLabel: string,
  memoryLabel: string,
): Pick<PodUsage, 'containers' | 'timestampMs'> | undefined {
  const memoryBy = new Map(memory.map((value) => [value.labels.get(memoryLabel), value]));
  if (cpu.length === 0 || memoryBy.size !== cpu.length) return undefined;
  const containers: PodUsage['containers'][number][] = [];
  let timestampMs = Number.POSITIVE_INFINITY;
  for (const { labels, value, timestampMs: cpuAtMs } of cpu) {
    const name = labels.get(cpuLabel);
    const memoryOf = memoryBy.get(name);
    if (memoryOf === undefined) return undefined;
    containers.push({ name, cpu: value, memoryBytes: memoryOf.value });
    timestampMs = Math.min(timestampMs, cpuAtMs, memoryOf.timestampMs);
  }
  return { containers: containers.sort((a, b) => (a.name < b.name ? -1 : 1)), timestampMs };
}

function byNamespaceAndName(a: ClusterObject, b: ClusterObject): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
