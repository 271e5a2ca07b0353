/** Targets that DNS names. Source: Prometheus, discovery/dns. */
import { assertNever, errorCode } from '@vigie/core/errors';
import { formatHostPort } from '@vigie/core/host-port';
import type { Log } from '@vigie/core/log';
import type { DnsDiscoveryConfig } from './discovery-config.ts';
import type { DiscoveryCounts } from './discovery-counters.ts';
import type { RefreshSource } from './refreshed-discovery.ts';
import type { TargetGroup } from './target-group.ts';

/** As node:dns has them. Each throws what the resolver says. */
export interface DnsResolver {
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  resolveMx(name: string): Promise<readonly { readonly exchange: string }[]>;
  resolveNs(name: string): Promise<readonly string[]>;
  resolveSrv(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
}

export interface DnsDiscoveryDeps {
  readonly resolver: DnsResolver;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
}

type Target = Readonly<Record<string, string>>;

/** There is no such name, or nothing of the type: an answer too. */
const NOTHING: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

export class DnsSource implements RefreshSource {
  readonly intervalMs: number;
  readonly #config: DnsDiscoveryConfig;
  readonly #deps: DnsDiscoveryDeps;
  /** What each name led to when it could be looked up. */
  readonly #last = new Map<string, TargetGroup>();

  constructor(config: DnsDiscoveryConfig, deps: DnsDiscoveryDeps) {
    this.intervalMs = config.refreshIntervalMs;
    this.#config = config;
    this.#deps = deps;
  }

  async refresh(): Promise<readonly TargetGroup[]> {
    await Promise.all(this.#config.names.map((name) => this.#lookUp(name)));
    return this.#config.names.flatMap((name) => this.#last.get(name) ?? []);
  }

  async #lookUp(name: string): Promise<void> {
    try {
      const found = await this.#targets(name);
      const targets = found.map((target) => ({ ...target, __meta_dns_name: name }));
      this.#last.set(name, { source: name, labels: {}, targets });
    } catch (error) {
      if (NOTHING.has(errorCode(error) ?? '')) {
        this.#last.set(name, { source: name, labels: {}, targets: [] });
        return;
      }
      this.#deps.counts.failures++;
      this.#deps.log.warn('a name cannot be looked up, its targets of before stay', { name, error });
    }
  }

  async #targets(name: string): Promise<readonly Target[]> {
    const { resolver } = this.#deps;
    const { type, port } = this.#config;
    switch (type) {
      case 'A':
        return (await resolver.resolve4(name)).map((host) => address(host, port));
      case 'AAAA':
        return (await resolver.resolve6(name)).map((host) => address(host, port));
      case 'MX':
        return (await resolver.resolveMx(name)).map(({ exchange }) => ({
          ...address(exchange, port),
          __meta_dns_mx_record_target: rooted(exchange),
        }));
      case 'NS':
        return (await resolver.resolveNs(name)).map((host) => ({
          ...address(host, port),
          __meta_dns_ns_record_target: rooted(host),
        }));
      case 'SRV':
        return (await resolver.resolveSrv(name)).map((record) => ({
          ...address(record.name, record.port),
          __meta_dns_srv_record_target: rooted(record.name),
          __meta_dns_srv_record_port: String(record.port),
        }));
      default:
        return assertNever(type);
    }
  }
}

/** As the record has it, and so Prometheus' label: with the dot of the root, which Node.js leaves out. */
function rooted(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

/** Without the dot of the root. */
function address(host: string, port: number): Target {
  return { __address__: formatHostPort({ host: host.replace(/\.$/, ''), port }) };
}
