/** `vigie up` as a process component: the agent, its metrics, the demo where there is nothing else to read, and one port for
 *  all. */
import type { Clock } from '@vigie/core/clock';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { textReply } from '@vigie/core/http-server/exchange';
import { type HealthCheck, type HealthSource, healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import type { Mount } from '@vigie/core/http-server/mount';
import { mountRoutes, type Route } from '@vigie/core/http-server/routes';
import type { Component, ExitCode } from '@vigie/core/lifecycle';
import type { Log } from '@vigie/core/log';
import type { Exposition } from '@vigie/core/telemetry';
import type { AgentService } from '@vigie/node-agent/service';
import { DemoNode } from './demo/demo-node.ts';
import type { Display } from './display.ts';
import type { UpSettings } from './settings.ts';

export interface UpDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
}

/** The metrics behind the port. They are loaded apart: an agent by itself does not pay for their engine and server. */
export interface UpMetrics {
  readonly mount: Mount;
  start(): Promise<void>;
  /** Records what /metrics tells there, from now on. */
  record(address: HostPort): Promise<void>;
  ready(): readonly HealthCheck[];
  expose(): Promise<Exposition>;
  /** Nothing is recorded any more; what is there is still told. */
  stop(): void;
  /** Idempotent; also after a start that failed, or none. */
  close(): Promise<void>;
}

export class Up implements Component {
  readonly finished: Promise<ExitCode>;
  readonly reload: () => Promise<void>;
  readonly #service: AgentService;
  readonly #metrics: UpMetrics;
  readonly #log: Log;
  readonly #display: Display;
  readonly #listener: HttpListener;
  readonly #demo: DemoNode | undefined;
  readonly #outputLost = new AbortController();

  constructor(
    settings: UpSettings,
    listen: HostPort,
    service: AgentService,
    metrics: UpMetrics,
    display: Display,
    { clock, random, log, print }: UpDeps,
  ) {
    this.#service = service;
    this.#metrics = metrics;
    this.#log = log;
    this.#display = display;
    this.reload = service.reload;
    this.finished = new Promise((resolve) => {
      this.#outputLost.signal.addEventListener('abort', () => resolve(0), { once: true });
    });
    const health: HealthSource = {
      live: () => service.live(),
      ready: () => [...service.ready(), ...metrics.ready()],
      metrics: () => this.#expose(),
      reload: service.reload,
    };
    const routes = [INDEX, ...healthRoutes(health), ...mountRoutes('/agent', service.routes)];
    const options = { name: 'http', address: listen, auth: { type: 'none' } } as const;
    this.#listener = new HttpListener(options, routes, { clock, log, print }, [metrics.mount]);
    if (settings.demoRoot !== undefined) {
      const failed = (container: string, error: unknown): void =>
        log.warn('a demo container cannot write its log, it tries again', { container, error });
      this.#demo = new DemoNode(settings.demoRoot, { clock, random, failed });
    }
  }

  /** @throws when the port is not open */
  get url(): string {
    return `http://${formatHostPort(this.#listener.address)}`;
  }

  /** Ends it as a signal would: nobody reads its output any more. */
  outputLost(): void {
    this.#outputLost.abort();
  }

  async start(signal: AbortSignal): Promise<void> {
    // The port first: a second `vigie up` must not write into the folders of the first.
    await this.#listener.start();
    // Before the agent, or the first records would pass unseen.
    this.#display.start();
    await this.#metrics.start();
    await this.#demo?.start();
    await this.#service.startAgent(signal);
    await this.#metrics.record(this.#listener.address);
    this.#log.info('metrics are recorded', { url: `${this.url}${this.#metrics.mount.prefix}` });
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#metrics.stop();
    await this.#demo?.close();
    await this.#service.close(options);
    this.#display.close();
    await this.#listener.close({ graceMs: 0 });
    await this.#metrics.close();
  }

  /** The sum of what the parts tell. */
  async #expose(): Promise<Exposition> {
    const [agent, metrics] = await Promise.all([this.#service.metrics(), this.#metrics.expose()]);
    return { contentType: agent.contentType, body: agent.body + metrics.body };
  }
}

const INDEX: Route = {
  methods: ['GET'],
  path: '/',
  handler: () => textReply('vigie\n\n/agent/ledger\n/prometheus/api/v1/query\n/metrics\n/livez\n/readyz\n'),
};
