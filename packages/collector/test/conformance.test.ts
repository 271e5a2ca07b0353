/** kube-prometheus' configuration of prometheus-adapter. It is read from ../shared/conformance/adapter beside the checkout and not part
 *  of it: without it these tests are skipped. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AdapterConfig } from '../src/config/adapter-config.ts';
import { EVERYTHING } from '../src/metrics-api/label-selector.ts';
import { never, World } from './adapter/world.ts';

const file = fileURLToPath(
  new URL('../../../../shared/conformance/adapter/prometheusAdapter-configMap.yaml', import.meta.url),
);

const resource = v.object({
  containerQuery: v.string(),
  nodeQuery: v.string(),
  containerLabel: v.string(),
  resources: v.pipe(
    v.object({ overrides: v.record(v.string(), v.object({ resource: v.string() })) }),
    v.transform(({ overrides }) => ({
      template: '',
      overrides: Object.fromEntries(Object.entries(overrides).map(([label, of]) => [label, { group: '', ...of }])),
      namespaced: true,
    })),
  ),
});
const configSchema = v.object({
  resourceRules: v.object({ cpu: resource, memory: resource, window: v.literal('5m') }),
});

function configuration(): AdapterConfig {
  const { data } = v.parse(
    v.object({ data: v.object({ 'config.yaml': v.string() }) }),
    parse(readFileSync(file, 'utf8')),
  );
  const { resourceRules } = v.parse(configSchema, parse(data['config.yaml']));
  return { rules: [], externalRules: [], resourceRules: { ...resourceRules, windowMs: 300_000 } };
}

describe.skipIf(!existsSync(file))("kube-prometheus' adapter (skipped without ../shared/conformance)", () => {
  it('answers what pods use', async () => {
    const w = await World.create(configuration());
    for (const [index, name] of ['web-0', 'web-1', 'web-2'].entries()) {
      w.pod(name);
      for (const container of ['app', 'proxy']) {
        w.add({ __name__: 'container_cpu_usage_seconds_total', pod: name, container }, [0, 15 * (index + 1)]);
        // Of the last one the memory of a container is missing.
        if (index < 2 || container === 'app')
          w.add({ __name__: 'container_memory_working_set_bytes', pod: name, container }, [2 ** 20]);
      }
      w.add({ __name__: 'container_cpu_usage_seconds_total', pod: name, container: '' }, [0, 1000]);
    }
    expect(await w.adapter.resources.pods('shop', EVERYTHING, never)).toMatchObject(
      ['web-0', 'web-1'].map((name, index) => ({
        name,
        timestampMs: w.clock.nowMs(),
        windowMs: 300_000,
        containers: ['app', 'proxy'].map((container) => ({ name: container, cpu: index + 1, memoryBytes: 2 ** 20 })),
      })),
    );
  });

  it('answers what nodes use', async () => {
    const w = await World.create(configuration());
    w.node('n1');
    const exporter = { job: 'node-exporter', namespace: 'monitoring', pod: 'exporter-0', instance: 'n1' };
    w.add({ __name__: 'node_cpu_seconds_total', mode: 'idle', cpu: '0', ...exporter }, [0, 3]);
    w.add({ __name__: 'node_cpu_seconds_total', mode: 'idle', cpu: '1', ...exporter }, [0, 15]);
    w.add(
      { __name__: 'node_namespace_pod:kube_pod_info:', node: 'n1', namespace: 'monitoring', pod: 'exporter-0' },
      [1],
    );
    w.add({ __name__: 'node_memory_MemTotal_bytes', ...exporter }, [1000]);
    w.add({ __name__: 'node_memory_MemAvailable_bytes', ...exporter }, [400]);
    const [node] = await w.adapter.resources.nodes(EVERYTHING, never);
    expect(node).toMatchObject({ name: 'n1', windowMs: 300_000, usage: { memoryBytes: 600 } });
    expect(node?.usage.cpu).toBeCloseTo(0.8);
  });

  it('offers no custom metrics', async () => {
    const w = await World.create(configuration());
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    await expect(w.custom('queue')).rejects.toThrow('could not find the metric queue');
  });
});
