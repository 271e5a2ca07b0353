/** All three metrics APIs over one storage: what the API server's answers are made of, and the explanations beside them. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { onAbort } from '@vigie/core/on-abort';
import type { KubeClient } from '@vigie/kube/client';
import type { AdapterConfig } from '../config/adapter-config.ts';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import { DiscoveryDocuments, type Offered } from '../metrics-api/discovery-documents.ts';
import type { PodUsage } from '../metrics-api/metric-values.ts';
import { milliOf } from '../metrics-api/quantity.ts';
import { describeResource } from '../metrics-api/request-path.ts';
import { compileAdapterRules } from './adapter-rules.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import { CustomMetrics } from './custom-metrics.ts';
import { DefaultMetrics, type ScrapeIntervals } from './default-metrics.ts';
import { DescribedObjects } from './described-objects.ts';
import { EngineQuerier } from './engine-querier.ts';
import { type ExplainQuestion, selectorOf } from './explain-question.ts';
import type { MetricExplanation } from './explanation.ts';
import { ExternalMetrics } from './external-metrics.ts';
import { KubeletUsage } from './kubelet-usage.ts';
import type { ListedMetrics } from './listed-metrics.ts';
import { offeredMetrics } from './offered-metrics.ts';
import type { SharedEndpoints } from './repeated-series.ts';
import { ResourceMetrics } from './resource-metrics.ts';
import type { RestMapper } from './rest-mapper.ts';
import type { Answerer } from './rule-evaluation.ts';
import { RuleSeries } from './rule-series.ts';

export interface MetricsAdapterOptions {
  /** prometheus-adapter's; undefined: every series has its metric. */
  readonly config: AdapterConfig | undefined;
  /** Of one query. */
  readonly queryTimeoutMs: number;
  /** A value whose newest sample is older is left out. */
  readonly maxAgeMs: number;
}

export interface MetricsAdapterDeps {
  readonly answerer: Answerer;
  readonly pods: ClusterObjects;
  readonly nodes: ClusterObjects;
  readonly mapper: RestMapper;
  readonly client: KubeClient;
  /** Another adapter, for external metrics that are not known here. */
  readonly delegate: KubeClient | undefined;
  readonly intervals: ScrapeIntervals;
  readonly endpoints: SharedEndpoints;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends what is asked beside the requests. */
  readonly signal: AbortSignal;
}

/** Of the lists of metrics. */
const LIST_KEPT_MS = 60_000;
const RESOURCES = ['cpu', 'memory'] as const;
/** Whoever lists metrics first waits so long for the list; API servers, which ask whether we are there, wait 5 s. */
const FIRST_LIST_MS = 1000;

export class MetricsAdapter {
  readonly custom: CustomMetrics;
  readonly external: ExternalMetrics;
  readonly resources: ResourceMetrics;
  readonly #deps: MetricsAdapterDeps;
  readonly #list: (signal: AbortSignal) => Promise<Offered>;
  #documents = new DiscoveryDocuments({ custom: [], external: [] });
  #listing: Promise<void> | undefined;
  #listedAtMs = Number.NEGATIVE_INFINITY;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor(options: MetricsAdapterOptions, deps: MetricsAdapterDeps) {
    const { config, queryTimeoutMs: timeoutMs, maxAgeMs } = options;
    const { answerer, pods, nodes, mapper, client, delegate, intervals, endpoints, clock, signal } = deps;
    const querier = answerer.kind === 'embedded' ? answerer.querier : new EngineQuerier(answerer.engine, timeoutMs);
    this.#deps = deps;
    const rules = config && compileAdapterRules(config, mapper);
    const customRules = rules && new RuleSeries(rules.custom, { querier, clock, maxAgeMs, signal });
    const externalRules = rules && new RuleSeries(rules.external, { querier, clock, maxAgeMs, signal });
    const defaults = new DefaultMetrics({ querier, intervals, endpoints });
    const objects = new DescribedObjects({ pods, nodes, client, clock, signal });
    const common = { mapper, answerer, clock, defaults, timeoutMs };
    this.custom = new CustomMetrics({ ...common, objects, rules: customRules });
    this.external = new ExternalMetrics({ ...common, rules: externalRules, delegate });
    this.resources = new ResourceMetrics({
      pods,
      nodes,
      kubelet: new KubeletUsage(querier, intervals),
      answerer,
      mapper,
      clock,
      rules: rules?.resources,
      timeoutMs,
      maxAgeMs,
    });
    this.#list = (until) => offeredMetrics({ querier, clock, customRules, externalRules, delegate, maxAgeMs }, until);
  }

  /** What is listed, as of a minute ago at most while somebody asks. Never fails, and is quick: an API server that gets no answer
   *  takes the APIs away from the whole cluster. */
  async documents(): Promise<DiscoveryDocuments> {
    const { clock, signal } = this.#deps;
    const isFirst = this.#listedAtMs === Number.NEGATIVE_INFINITY;
    if (this.#listing === undefined && clock.monotonicMs() - this.#listedAtMs >= LIST_KEPT_MS) {
      this.#listing = this.#relist();
    }
    if (isFirst && this.#listing !== undefined) {
      const waited = new AbortController();
      const leave = onAbort(signal, () => waited.abort());
      await Promise.race([this.#listing, clock.sleep(FIRST_LIST_MS, waited.signal).catch(() => undefined)]);
      leave();
      waited.abort();
    }
    return this.#documents;
  }

  /** Which rule is behind a metric, what it asks, which series there are, and which objects have no value, and why.
   *  @throws {ApiRefusal} where that cannot be told: its message says why */
  async explainMetric(question: ExplainQuestion, signal: AbortSignal): Promise<MetricExplanation> {
    switch (question.kind) {
      case 'pods':
        return this.custom.explain(
          {
            object: { resource: 'pods', group: '' },
            namespace: question.namespace,
            name: '*',
            metric: question.metric,
            objectSelector: selectorOf(question.podSelector),
            metricSelector: selectorOf(question.metricSelector),
          },
          signal,
        );
      case 'object': {
        const { object, namespace, name, metric } = question;
        const mapped = await this.#deps.mapper.resolve(object);
        const isNamespace = mapped?.group === '' && mapped.resource === 'namespaces';
        if (mapped?.isNamespaced === false && !isNamespace) {
          const message = `${mapped.resource} are in no namespace, and the controller asks for objects in that of the HPA alone`;
          throw new ApiRefusal('NotFound', message);
        }
        return this.custom.explain(
          {
            object,
            namespace: isNamespace ? undefined : namespace,
            // An HPA describes no namespace but its own.
            name: isNamespace ? namespace : name,
            metric,
            objectSelector: selectorOf(''),
            metricSelector: selectorOf(question.metricSelector),
          },
          signal,
        );
      }
      case 'external': {
        const { namespace, metric, metricSelector } = question;
        return this.external.explain({ namespace, metric, selector: selectorOf(metricSelector) }, signal);
      }
      case 'resource':
        return this.#explainResource(question, signal);
    }
  }

  /** All that is offered, with the rules and series behind it, as of now.
   *  @throws what the querier throws
   *  Cost: see offeredMetrics. */
  async listMetrics(signal: AbortSignal): Promise<ListedMetrics> {
    const { custom, external } = await this.#list(AbortSignal.any([signal, this.#deps.signal]));
    return {
      resource: RESOURCES.map((metric) => ({ metric, ...this.resources.described(metric) })),
      custom: custom.map(({ object, metric, origins }) => ({
        resource: describeResource(object),
        metric,
        origins: [...origins],
      })),
      external: external.map(({ metric, origins }) => ({ metric, origins: [...origins] })),
    };
  }

  async #explainResource(
    { namespace, podSelector, resource, container }: Extract<ExplainQuestion, { kind: 'resource' }>,
    signal: AbortSignal,
  ): Promise<MetricExplanation> {
    const selector = selectorOf(podSelector);
    const pods = this.#deps.pods.list(namespace, selector);
    const usages = await this.resources.pods(namespace, selector, signal);
    const known = new Map(usages.map((usage) => [usage.name, usage]));
    const values: MetricExplanation['values'][number][] = [];
    const missing: MetricExplanation['missing'][number][] = [];
    for (const name of pods.map((pod) => pod.name).sort()) {
      const usage = known.get(name);
      const value = usage && usageValue(usage, resource, container);
      if (usage !== undefined && value !== undefined) {
        values.push({ name, value, timestampMs: usage.timestampMs, windowMs: usage.windowMs });
      } else if (usage === undefined) {
        const message = 'a container of it has no two points yet, or its kubelet is not scraped';
        missing.push({ name, reason: 'NoUsage', message });
      } else missing.push({ name, reason: 'NoContainer', message: `it has no container ${container}` });
    }
    const { rule, query } = this.resources.described(resource);
    return { metric: resource, rule, query, series: [], wanted: pods.length, values, missing };
  }

  async #relist(): Promise<void> {
    const { clock, log, signal } = this.#deps;
    try {
      this.#documents = new DiscoveryDocuments(await this.#list(signal));
    } catch (error) {
      if (!signal.aborted) log.warn('the metrics cannot be listed; the list before stays', { error });
    } finally {
      this.#listedAtMs = clock.monotonicMs();
      this.#listing = undefined;
    }
  }
}

/** As the controller has it: of each container rounded up to a thousandth, and added up. */
function usageValue(usage: PodUsage, resource: 'cpu' | 'memory', container: string | undefined): number | undefined {
  const counted = usage.containers.filter(({ name }) => container === undefined || name === container);
  if (counted.length === 0) return undefined;
  return counted.reduce((sum, { cpu, memoryBytes }) => sum + milliOf(resource === 'cpu' ? cpu : memoryBytes), 0) / 1000;
}
