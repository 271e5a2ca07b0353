import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { askedBy, jobsOf, type ObjectOutcome } from '../../src/operator/object-jobs.ts';
import type { OPERATOR_KINDS } from '../../src/operator/object-kinds.ts';
import { contextOf, GLOBALS } from './world.ts';

const PLACE = { namespace: 'default', name: 'test' };
const jobKind = v.picklist(['ServiceMonitor', 'PodMonitor', 'Probe', 'ScrapeConfig']);
const cases = v.parse(
  v.array(
    v.object({
      name: v.string(),
      object: v.object({ kind: jobKind, spec: v.unknown() }),
      jobs: v.array(v.unknown()),
      refused: v.optional(v.boolean(), false),
    }),
  ),
  parse(readFileSync(new URL('../../testdata/operator/jobs.yaml', import.meta.url), 'utf8')),
);

function outcomeOf(kind: (typeof OPERATOR_KINDS)[number]['kind'], spec: unknown, options = {}): ObjectOutcome {
  const object = { kind, ...PLACE, spec };
  return askedBy(object, contextOf(object, options), GLOBALS);
}

function problemsOf(kind: (typeof OPERATOR_KINDS)[number]['kind'], spec: unknown, options = {}): readonly string[] {
  const outcome = outcomeOf(kind, spec, options);
  return outcome.status === 'refused' ? outcome.problems : [];
}

describe('the jobs that the operator makes', () => {
  it.each(cases)('of $name', ({ object, jobs }) => {
    const made = jobsOf(object.kind, object.spec, contextOf(PLACE));
    if (made.status === 'refused') throw new Error(made.problems.join('\n'));
    expect(made.jobs.map(({ job }) => job)).toEqual(jobs);
    expect(made.warnings).toEqual([]);
  });

  it.each(cases)('of $name are read as those of a prometheus.yml', ({ object, jobs, refused }) => {
    const outcome = outcomeOf(object.kind, object.spec);
    if (outcome.status === 'refused') expect(refused).toBe(true);
    else
      expect(outcome.asked.scrapes.map(({ jobName }) => jobName)).toEqual(
        jobs.map((job) => Reflect.get(Object(job), 'job_name')),
      );
  });

  it('have the intervals and limits of global where they say nothing', () => {
    const outcome = outcomeOf('PodMonitor', { podMetricsEndpoints: [{ port: 'web' }] });
    expect(outcome).toMatchObject({ asked: { scrapes: [{ intervalMs: 30_000, timeoutMs: 10_000 }] } });
  });
});

describe('an object that is wrong', () => {
  const endpoint = (fields: object) => ({ endpoints: [{ port: 'ok' }, { port: 'web', ...fields }] });

  it.each([
    [{ interval: 'often' }, 'spec.endpoints[1].interval: expected a duration'],
    [
      { interval: '10s', scrapeTimeout: '20s' },
      'spec.endpoints[1].scrapeTimeout: expected at most the scrape interval',
    ],
    [
      { relabelings: [{ targetLabel: 'a' }, { targetLabel: 'a', regex: '(' }] },
      'spec.endpoints[1].relabelings[1].regex: expected',
    ],
    [{ metricRelabelings: [{ action: 'no' }] }, 'spec.endpoints[1].metricRelabelings[0].action: expected'],
    [{ port: 8080 }, 'spec.endpoints[1].port: expected'],
    [{ proxyConnectHeader: { a: [] } }, 'spec.endpoints[1].proxyConnectHeader: expected a proxy'],
    [{ bearerTokenFile: '/t' }, 'spec.endpoints[1].bearerTokenFile: files of this process may not be named'],
    [{ tlsConfig: { caFile: '/t' } }, 'spec.endpoints[1].tlsConfig.caFile: files of this process may not be named'],
  ])('is told with the path of what is: %j', (fields, problem) => {
    expect(problemsOf('ServiceMonitor', endpoint(fields))).toEqual([expect.stringContaining(problem)]);
  });

  it('is told of its limits where they stand', () => {
    expect(problemsOf('ServiceMonitor', { ...endpoint({}), sampleLimit: -1 })).toEqual([
      'spec.sampleLimit: expected a whole number, 0 or more',
      'spec.sampleLimit: expected a whole number, 0 or more',
    ]);
  });

  it.each([
    ['Probe', { prober: { url: 'b' }, targets: {} }, 'spec.targets: expected staticConfig or ingress'],
    ['Probe', { targets: {} }, 'spec.prober: expected'],
    ['ScrapeConfig', { ec2SDConfigs: [{}] }, 'spec.ec2SDConfigs: expected one of the discoveries that Vigie has'],
    ['ScrapeConfig', { fileSDConfigs: [{ files: ['/f.json'] }] }, 'spec.fileSDConfigs: files of the collector'],
    ['ScrapeConfig', { kubernetesSDConfigs: [{ role: 'Galaxy' }] }, 'spec.kubernetesSDConfigs[0].role: expected'],
    [
      'PrometheusRule',
      { groups: [{ name: 'g', rules: [{ record: 'a', expr: 'b +' }] }] },
      'spec.groups[0].rules[0].expr',
    ],
    ['PrometheusRule', { groups: 'many' }, 'spec.groups: expected a list of groups'],
  ] as const)('of any kind: %s %j', (kind, spec, problem) => {
    expect(problemsOf(kind, spec)[0]).toContain(problem);
  });

  it('may name files where that is allowed', () => {
    const spec = endpoint({ bearerTokenFile: '/t', tlsConfig: { caFile: '/c' } });
    const outcome = outcomeOf('ServiceMonitor', spec, { fileAccess: true });
    expect(outcome).toMatchObject({
      status: 'accepted',
      asked: { scrapes: [{}, { client: { authorization: { credentials: { file: '/t' } }, tls: { caFile: '/c' } } }] },
    });
  });

  it('never has a value of its Secrets in what is told', () => {
    const store = { get: () => ({ status: 'read', values: { k: 'hunter2' } }) as const };
    const spec = endpoint({
      basicAuth: { username: { name: 's', key: 'k' } },
      authorization: { credentials: { name: 's', key: 'k' } },
      tlsConfig: { keySecret: { name: 's', key: 'k' } },
    });
    const problems = problemsOf('ServiceMonitor', spec, { store });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('is told which Secret it has not got, and why', () => {
    const spec = endpoint({ bearerTokenSecret: { name: 's', key: 'k' } });
    const forbidden = { get: () => ({ status: 'unreadable', why: '403 Forbidden' }) as const };
    expect(problemsOf('ServiceMonitor', spec, { store: forbidden })).toEqual([
      'spec.endpoints[1].bearerTokenSecret: the Secret default/s cannot be read: 403 Forbidden',
    ]);
    const other = { get: () => ({ status: 'read', values: {} }) as const };
    expect(problemsOf('ServiceMonitor', spec, { store: other })).toEqual([
      'spec.endpoints[1].bearerTokenSecret: the Secret default/s has no key k',
    ]);
  });
});

it('warns of what has no effect', () => {
  const spec = { scrapeClass: 'istio', endpoints: [{ port: 'web', newerThanUs: 1 }] };
  expect(outcomeOf('ServiceMonitor', spec)).toMatchObject({
    status: 'accepted',
    warnings: [
      'spec.scrapeClass: not supported, has no effect',
      'spec.endpoints[0].newerThanUs: not supported, has no effect',
    ],
  });
});

it('takes the recording rules of a PrometheusRule, and counts the others', () => {
  const groups = [
    {
      name: 'g',
      interval: '1m',
      partial_response_strategy: 'warn',
      rules: [
        { record: 'a', expr: 1 },
        { alert: 'A', expr: 'up == 0', for: '5m' },
      ],
    },
  ];
  expect(outcomeOf('PrometheusRule', { groups })).toMatchObject({
    status: 'accepted',
    asked: {
      scrapes: [],
      rules: {
        groups: [{ name: 'g', file: 'PrometheusRule default/test', intervalMs: 60_000, rules: [{ name: 'a' }] }],
        left: 1,
      },
    },
  });
});
