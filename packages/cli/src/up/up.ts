/** `vigie up` as a process component: the agent, metrics and alerts, the demo where there is nothing else to read, and one port for
 *  all. */
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
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

/** What there is beside the agent. It is loaded apart: an agent by itself does not pay for engines and servers. */
export interface UpParts {
  readonly mounts: readonly Mount[];
  readonly routes: readonly Route[];
  /** @param address where the program listens */
  start(address: HostPort, signal: AbortSignal): Promise<void>;
  /** Records what /metrics tells there, from now on. */
  record(address: HostPort): Promise<void>;
  ready(): readonly HealthCheck[];
  /** As of HealthSource. */
  nextStart(): readonly string[];
  /** In the text format. */
  expose(): Promise<string>;
  /** Nothing is recorded any more; what is there is still told. */
  stop(): void;
  /** What is on its way has graceMs to end. */
  drain(options: { readonly graceMs: number }): Promise<void>;
  /** Idempotent; also after a start that failed, or none. */
  close(): Promise<void>;
}

export class Up implements Component {
  readonly finished: Promise<ExitCode>;
  readonly reload: () => Promise<void>;
  readonly #service: AgentService;
  readonly #parts: UpParts;
  readonly #log: Log;
  readonly #display: Display;
  readonly #listener: HttpListener;
  readonly #demo: DemoNode | undefined;
  readonly #outputLost = new AbortController();

  /** @param reload reads the configuration again, for all of its parts */
  constructor(
    { demoRoot }: Pick<UpSettings<unknown>, 'demoRoot'>,
    listen: HostPort,
    service: AgentService,
    parts: UpParts,
    display: Display,
    reload: () => Promise<void>,
    { clock, random, log, print }: UpDeps,
  ) {
    this.#service = service;
    this.#parts = parts;
    this.#log = log;
    this.#display = display;
    this.reload = coalesce(reload);
    this.finished = new Promise((resolve) => {
      this.#outputLost.signal.addEventListener('abort', () => resolve(0), { once: true });
    });
    const health: HealthSource = {
      live: () => service.live(),
      ready: () => [...service.ready(), ...parts.ready()],
      metrics: () => this.#expose(),
      reload: this.reload,
      nextStart: () => parts.nextStart(),
    };
    const routes = [INDEX, ...healthRoutes(health, log), ...mountRoutes('/agent', service.routes), ...parts.routes];
    const options = { name: 'http', address: listen, auth: { type: 'none' } } as const;
    this.#listener = new HttpListener(options, routes, { clock, log, print }, parts.mounts);
    if (demoRoot !== undefined) {
      const failed = (container: string, error: unknown): void =>
        log.warn('a demo container cannot write its log, it tries again', { container, error });
      this.#demo = new DemoNode(demoRoot, { clock, random, failed });
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
    await this.#parts.start(this.#listener.address, signal);
    await this.#demo?.start();
    await this.#service.startAgent(signal);
    await this.#parts.record(this.#listener.address);
    this.#log.info('metrics are recorded', { url: `${this.url}/prometheus` });
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#parts.stop();
    await this.#demo?.close();
    // Side by side: each may take the whole of the time that there is.
    await Promise.all([this.#service.close(options), this.#parts.drain(options)]);
    this.#display.close();
    await this.#listener.close({ graceMs: 0 });
    await this.#parts.close();
  }

  /** The sum of what the parts tell. */
  async #expose(): Promise<Exposition> {
    const [agent, parts] = await Promise.all([this.#service.metrics(), this.#parts.expose()]);
    return { contentType: agent.contentType, body: agent.body + parts };
  }
}

const PATHS = [
  '/agent/ledger',
  '/prometheus/api/v1/query',
  '/prometheus/api/v1/targets',
  '/prometheus/probe',
  '/alertmanager/api/v2/alerts',
  '/alertmanager/history',
  '/metrics',
  '/livez',
  '/readyz',
];
const INDEX: Route = {
  methods: ['GET'],
  path: '/',
  handler: () => textReply(`vigie\n\n${PATHS.join('\n')}\n`),
};
