import { FakeClock } from '@vigie/core/fake-clock';
import { expect, it } from 'vitest';
import { EndpointTargets } from '../../src/scrape/endpoint-targets.ts';
import { Target } from '../../src/scrape/target.ts';
import { targetLabels } from '../../src/scrape/target-labels.ts';
import { scrapeConfig } from './configs.ts';

function pool(jobName: string, ...targets: readonly Readonly<Record<string, string>>[]) {
  const config = scrapeConfig({ jobName });
  const made = targets.map((target) => {
    const labelled = targetLabels(config, target, {});
    if (labelled.kind !== 'active') throw new Error(labelled.kind);
    return new Target(labelled.labels, { config, target, group: {} });
  });
  return { eachTarget: () => made.values() };
}

it('are those that several targets scrape, with the labels of all of them', () => {
  const pools = [
    pool('pods', { __address__: 'a:1', pod: 'web-0' }, { __address__: 'b:1', pod: 'web-1' }),
    pool(
      'endpoints',
      { __address__: 'a:1', service: 's' },
      { __address__: 'a:1', service: 't', instance: 'web' },
      { __address__: 'b:1', __metrics_path__: '/other' },
    ),
  ];
  const endpoints = new EndpointTargets(() => pools, new FakeClock());
  const shared = { id: 'a:1', labelNames: new Set(['job', 'instance', 'pod', 'service']) };
  expect(endpoints.of('a:1')).toEqual(shared);
  expect(endpoints.of('web')).toEqual(shared);
  expect(['b:1', ''].map((instance) => endpoints.of(instance))).toEqual([undefined, undefined]);
});

it('are looked up again in some seconds, and not for each series', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const endpoints = new EndpointTargets(() => {
    looks++;
    return [];
  }, clock);
  for (let series = 0; series < 100; series++) endpoints.of('a:1');
  expect(looks).toBe(1);
  await clock.advance(5000);
  endpoints.of('a:1');
  expect(looks).toBe(2);
});
