/** A cluster whose APIServices are looked at, and what is found of them. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { onTestFinished } from 'vitest';
import { ApiServiceOwners } from '../../src/metrics-api/api-service-owners.ts';

/** @param namespace of whoever looks */
export async function apiServiceBed(namespace: string) {
  const kube = await TestApiServer.start();
  onTestFinished(() => kube.stop());
  const clock = new FakeClock();
  const client = new KubeClient(kube.config({ namespace }), {
    clock,
    env: {},
    userAgent: 'vigie/test',
    reloadFailed: () => undefined,
  });
  onTestFinished(() => client.close());
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  return { kube, clock, client, lines, log, owners: new ApiServiceOwners() };
}
