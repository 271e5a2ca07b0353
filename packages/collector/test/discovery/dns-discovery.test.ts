import { describe, expect, it } from 'vitest';
import type { DnsRecordType } from '../../src/discovery/discovery-config.ts';
import { type DnsResolver, DnsSource } from '../../src/discovery/dns-discovery.ts';
import { DiscoveryWorld } from './world.ts';

/** A DNS that knows these; a text in place of an answer is the code of an error. */
class TestDns implements DnsResolver {
  answers: Record<string, unknown> = {};

  resolve4 = (name: string) => this.#answer<string[]>(`A ${name}`);
  resolve6 = (name: string) => this.#answer<string[]>(`AAAA ${name}`);
  resolveMx = (name: string) => this.#answer<{ exchange: string }[]>(`MX ${name}`);
  resolveNs = (name: string) => this.#answer<string[]>(`NS ${name}`);
  resolveSrv = (name: string) => this.#answer<{ name: string; port: number }[]>(`SRV ${name}`);

  #answer<T>(question: string): Promise<T> {
    const answer = this.answers[question] ?? 'ENOTFOUND';
    if (typeof answer !== 'string') return Promise.resolve(answer as T);
    return Promise.reject(Object.assign(new Error(`query${question}`), { code: answer }));
  }
}

function source(type: DnsRecordType, names: readonly string[]) {
  const resolver = new TestDns();
  const { log, counters } = new DiscoveryWorld();
  const config = { kind: 'dns', names, type, port: 9100, refreshIntervalMs: 30_000 } as const;
  return {
    dns: resolver,
    counts: counters.dns,
    source: new DnsSource(config, { resolver, log, counts: counters.dns }),
  };
}

describe('targets that DNS names', () => {
  it.each<[DnsRecordType, unknown, Readonly<Record<string, string>>]>([
    ['A', ['10.0.0.1'], { __address__: '10.0.0.1:9100' }],
    ['AAAA', ['fd00::1'], { __address__: '[fd00::1]:9100' }],
    [
      'MX',
      [{ exchange: 'mx.example.' }],
      { __address__: 'mx.example:9100', __meta_dns_mx_record_target: 'mx.example.' },
    ],
    ['NS', ['ns.example'], { __address__: 'ns.example:9100', __meta_dns_ns_record_target: 'ns.example.' }],
    [
      'SRV',
      [{ name: 'a.example', port: 8080 }],
      {
        __address__: 'a.example:8080',
        __meta_dns_srv_record_target: 'a.example.',
        __meta_dns_srv_record_port: '8080',
      },
    ],
  ])('may be records of type %s', async (type, answer, target) => {
    const { dns, source: refreshed } = source(type, ['x.example']);
    dns.answers[`${type} x.example`] = answer;
    expect(await refreshed.refresh()).toEqual([
      { source: 'x.example', labels: {}, targets: [{ ...target, __meta_dns_name: 'x.example' }] },
    ]);
  });

  it('are none for a name that there is not, and stay where the servers fail', async () => {
    const { dns, counts, source: refreshed } = source('A', ['x', 'y']);
    dns.answers = { 'A x': ['10.0.0.1'], 'A y': ['10.0.0.2'] };
    await refreshed.refresh();
    dns.answers = { 'A x': 'ESERVFAIL', 'A y': 'ENOTFOUND' };
    const groups = await refreshed.refresh();
    expect(groups.map(({ targets }) => targets.map(({ __address__ }) => __address__))).toEqual([['10.0.0.1:9100'], []]);
    expect(counts.failures).toBe(1);
  });
});
