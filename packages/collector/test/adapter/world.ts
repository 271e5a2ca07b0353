/** An adapter over a storage of the test, for the tests of one file. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer, type TestApiServerOptions } from '@vigie/kube/testing/api-server';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import { onTestFinished } from 'vitest';
import { ObjectIndex } from '../../src/adapter/cluster-objects.ts';
import type { CustomQuestion } from '../../src/adapter/custom-metrics.ts';
import { MetricsAdapter } from '../../src/adapter/metrics-adapter.ts';
import type { SharedEndpoint } from '../../src/adapter/repeated-series.ts';
import { DiscoveredResources } from '../../src/adapter/rest-mapper.ts';
import type { AdapterConfig, AdapterRule } from '../../src/config/adapter-config.ts';
import { EVERYTHING, parseLabelSelector } from '../../src/metrics-api/label-selector.ts';
import type { ObjectValue } from '../../src/metrics-api/metric-values.ts';

export const never = new AbortController().signal;

/** MemoryStorage knows of no types. */
class TypedStorage extends MemoryStorage {
  readonly types = new Map<string, string>();

  override async metadata(query: { readonly metric: string | undefined } = { metric: undefined }) {
    const type = this.types.get(query.metric ?? '');
    return type === undefined ? [] : ([{ metric: query.metric ?? '', type, help: '', unit: '' }] as MetricMetadata[]);
  }
}

interface Life {
  readonly maxAgeMs?: number;
  /** Whom metrics are delegated to. */
  readonly delegate?: TestApiServer;
}

export class World {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 21, 10));
  readonly storage = new TypedStorage();
  readonly pods = new ObjectIndex();
  readonly nodes = new ObjectIndex();
  /** By the label instance. */
  readonly endpoints = new Map<string, SharedEndpoint>();
  readonly kube: TestApiServer;
  readonly adapter: MetricsAdapter;

  private constructor(kube: TestApiServer, config: AdapterConfig | undefined, { maxAgeMs = 300_000, delegate }: Life) {
    this.kube = kube;
    const { clock, storage, pods, nodes } = this;
    const clientOf = (server: TestApiServer): KubeClient => {
      const client = new KubeClient(server.config(), {
        clock,
        env: {},
        userAgent: 'test',
        reloadFailed: () => undefined,
      });
      onTestFinished(() => client.close());
      return client;
    };
    const client = clientOf(kube);
    const log = createLog('error', { write: () => undefined });
    this.adapter = new MetricsAdapter(
      { config, queryTimeoutMs: 5000, maxAgeMs },
      {
        answerer: {
          kind: 'embedded',
          engine: new Engine({}, { clock, pause: async () => undefined }),
          querier: storage,
        },
        pods,
        nodes,
        mapper: new DiscoveredResources(client, { clock, log }, never),
        client,
        delegate: delegate && clientOf(delegate),
        intervals: { ofJob: () => 15_000, longestMs: 15_000 },
        endpoints: { of: (instance) => this.endpoints.get(instance) },
        clock,
        log,
        signal: never,
      },
    );
  }

  static async create(config?: AdapterConfig, options: TestApiServerOptions = {}, life: Life = {}): Promise<World> {
    const kube = await TestApiServer.start(options);
    onTestFinished(() => kube.stop());
    return new World(kube, config, life);
  }

  /** `web-0`, an hour old unless said otherwise. */
  pod(name: string, { ageMs = 3_600_000, labels = { app: 'web' } } = {}): void {
    const startedAtMs = this.clock.nowMs() - ageMs;
    const creationTimestamp = new Date(startedAtMs).toISOString();
    this.pods.applied(name, { namespace: 'shop', name, labels, creationTimestamp, startedAtMs });
  }

  node(name: string): void {
    this.nodes.applied(name, { namespace: '', name, labels: {}, creationTimestamp: '', startedAtMs: Number.NaN });
  }

  /** Samples 15 s apart, the newest now. */
  add(labels: Readonly<Record<string, string>>, values: readonly (number | 'stale')[], agoMs = 0): void {
    const newestMs = this.clock.nowMs() - agoMs;
    const samples = values.map((value, index) => ({
      timestampMs: newestMs - (values.length - 1 - index) * 15_000,
      value,
      startTimestampMs: 0,
    }));
    this.storage.append(LabelSet.of({ namespace: 'shop', job: 'app', ...labels }), samples);
  }

  async custom(metric: string, changes: Partial<CustomQuestion> & { readonly selector?: string } = {}) {
    const { selector = '', ...rest } = changes;
    const values = await this.adapter.custom.values(
      {
        object: { resource: 'pods', group: '' },
        namespace: 'shop',
        name: '*',
        metric,
        objectSelector: parseLabelSelector(selector) ?? EVERYTHING,
        metricSelector: EVERYTHING,
        ...rest,
      },
      never,
    );
    return valuesByName(values);
  }
}

export function valuesByName(values: readonly ObjectValue[]): Readonly<Record<string, number>> {
  return Object.fromEntries(values.map(({ object, value }) => [object.name, value]));
}

export function writtenRule(changes: Partial<AdapterRule>): AdapterRule {
  return {
    seriesQuery: '{namespace!="",pod!=""}',
    seriesFilters: [],
    resources: { template: '<<.Resource>>', overrides: {}, namespaced: true },
    name: { matches: '', as: '' },
    metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)',
    ...changes,
  };
}

export function configOf(changes: Partial<AdapterConfig>): AdapterConfig {
  return { rules: [], externalRules: [], resourceRules: undefined, ...changes };
}
