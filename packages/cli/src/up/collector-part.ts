/** The collector inside of `vigie up`: what the program tells of itself, recorded and answered below /prometheus. */
import { hostname } from 'node:os';
import { ownDiscovery, ownMetricsConfig } from '@vigie/collector/own-metrics';
import { Collector, type CollectorDeps } from '@vigie/collector/service';
import type { HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Mount } from '@vigie/core/http-server/mount';
import type { Exposition } from '@vigie/core/telemetry';
import type { UpMetrics } from './up.ts';

export interface CollectorPartOptions {
  /** Of the database. */
  readonly folder: string;
  /** Of Vigie. */
  readonly version: string;
}

const PREFIX = '/prometheus';
/** A laptop or one node: some 100,000 series for the six hours of retention. At it, the oldest samples go first. */
const MAX_BYTES = 512 * 1024 ** 2;
const NO_RULES = { groups: [], left: 0 };

export class CollectorPart implements UpMetrics {
  readonly mount: Mount;
  readonly #folder: string;
  readonly #collector: Collector;

  constructor(
    { folder, version }: CollectorPartOptions,
    deps: Pick<CollectorDeps, 'clock' | 'random' | 'log' | 'env'>,
  ) {
    this.#folder = folder;
    const collector = new Collector(
      { config: this.#configAt(undefined), rules: NO_RULES },
      // Whoever has just started Vigie asks for a rate, which needs two samples.
      { version, prefix: PREFIX, isEager: true, configYaml: () => '', flags: {} },
      { ...deps, hostName: hostname(), discover: ownDiscovery, pageOf: () => undefined },
    );
    this.#collector = collector;
    this.mount = { prefix: PREFIX, serve: (incoming, outgoing) => collector.serve(incoming, outgoing) };
  }

  /** Brings back what was recorded before, and answers queries.
   *  @throws {VigieError} METRICS_DATA */
  start(): Promise<void> {
    return this.#collector.start();
  }

  /** Resolves when the first scrape is recorded; the others follow by themselves. */
  async record(address: HostPort): Promise<void> {
    await this.#collector.apply({ config: this.#configAt(address), rules: NO_RULES });
    await this.#collector.firstScrapes();
  }

  ready(): readonly HealthCheck[] {
    return this.#collector.ready();
  }

  expose(): Promise<Exposition> {
    return this.#collector.expose();
  }

  stop(): void {
    this.#collector.stop();
  }

  close(): Promise<void> {
    return this.#collector.close();
  }

  #configAt(address: HostPort | undefined) {
    return ownMetricsConfig({ folder: this.#folder, maxBytes: MAX_BYTES, address });
  }
}
