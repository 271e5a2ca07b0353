/** `GET /metrics/node`. What makes the page is loaded when it is first asked for: an agent whose host nobody scrapes does not
 *  pay for it. */
import type { Clock } from '@vigie/core/clock';
import type { Route } from '@vigie/core/http-server/routes';
import type { Log } from '@vigie/core/log';
import { EXPOSITION_TYPE } from '@vigie/log-pipeline/sinks/log-to-metric/exposition';
import type { HostMetrics } from './host-metrics.ts';
import type { HostMetricsConfig } from './host-metrics-config.ts';
import { HostMetricsCounters } from './host-metrics-counters.ts';

export interface HostMetricsPageDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: { readonly nodeName: string | undefined };
}

export class HostMetricsPage {
  readonly counters = new HostMetricsCounters();
  readonly #config: HostMetricsConfig;
  readonly #deps: HostMetricsPageDeps;
  #metrics: Promise<HostMetrics> | undefined;

  constructor(config: HostMetricsConfig, deps: HostMetricsPageDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get route(): Route {
    return {
      methods: ['GET'],
      path: '/metrics/node',
      access: 'reader',
      handler: async () => {
        this.#metrics ??= this.#load();
        const body = await (await this.#metrics).expose();
        return { headers: { 'content-type': EXPOSITION_TYPE }, body };
      },
    };
  }

  async #load(): Promise<HostMetrics> {
    const { clock, log, identity } = this.#deps;
    const [{ HostMetrics }, { systemFacts, systemFs }] = await Promise.all([
      import('./host-metrics.ts'),
      import('./system-host.ts'),
    ]);
    const facts = systemFacts(identity.nodeName);
    return new HostMetrics(this.#config, { clock, log, fs: systemFs, facts, counters: this.counters });
  }
}
