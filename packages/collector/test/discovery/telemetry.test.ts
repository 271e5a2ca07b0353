import { Telemetry } from '@vigie/core/telemetry';
import { expect, it } from 'vitest';
import { createDiscoveryCounters } from '../../src/discovery/discovery-counters.ts';
import { DISCOVERY_METRICS, reportDiscovery } from '../../src/discovery/telemetry.ts';

it('shows what discoveries counted, and the failures of the watches with those of Kubernetes', async () => {
  const counters = createDiscoveryCounters();
  counters.file.updates = 2;
  counters.kubernetes.failures = 1;
  const telemetry = new Telemetry(DISCOVERY_METRICS);
  telemetry.collect((report) => reportDiscovery(report, counters, { failures: 4, size: 3 }));
  const { body } = await telemetry.expose();
  expect(body).toContain('vigie_discovery_updates_total{kind="file"} 2');
  expect(body).toContain('vigie_discovery_failures_total{kind="kubernetes"} 5');
  expect(body).toContain('vigie_discovery_watches 3');
});
