/** The discovery of a configuration. */
import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { SharedWatches } from '../cluster/shared-watches.ts';
import { ConsulDiscovery } from './consul-discovery.ts';
import type { DiscoveryConfig } from './discovery-config.ts';
import type { DiscoveryCounters } from './discovery-counters.ts';
import { type DnsResolver, DnsSource } from './dns-discovery.ts';
import { type DiscoveryFiles, FileSource } from './file-discovery.ts';
import { HttpSource, type OpenDiscoveryClient } from './http-discovery.ts';
import { KubernetesDiscovery } from './kubernetes/kubernetes-discovery.ts';
import { RefreshedDiscovery, type RefreshSource } from './refreshed-discovery.ts';
import { StaticDiscovery } from './static-discovery.ts';
import type { Discovery } from './target-group.ts';

/** Shared by all discoveries of a collector. */
export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: DiscoveryCounters;
  readonly files: DiscoveryFiles;
  readonly resolver: DnsResolver;
  /** Of HTTP and Consul discovery. */
  readonly openClient: OpenDiscoveryClient;
  readonly watches: SharedWatches;
}

/** @returns one that is to be run once */
export function createDiscovery(config: DiscoveryConfig, deps: DiscoveryDeps): Discovery {
  const { clock, counters, watches } = deps;
  const counts = counters[config.kind];
  const log = deps.log.child({ discovery: config.kind });
  const refreshed = (source: RefreshSource): Discovery => new RefreshedDiscovery(source, { clock, log, counts });
  switch (config.kind) {
    case 'static':
      return new StaticDiscovery(config, counts);
    case 'file':
      return refreshed(new FileSource(config, { files: deps.files, log, counts }));
    case 'http':
      return refreshed(new HttpSource(config, deps.openClient(config.client)));
    case 'dns':
      return refreshed(new DnsSource(config, { resolver: deps.resolver, log, counts }));
    case 'consul':
      return new ConsulDiscovery(config, { clock, log, counts, client: deps.openClient(config.client) });
    case 'kubernetes':
      return new KubernetesDiscovery(config, { clock, log, counts, watches });
    default:
      return assertNever(config);
  }
}
