/** `vigie up` as a process component: the agent, the demo where there is nothing else to read, and one port for all. */
import type { Clock } from '@vigie/core/clock';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { textReply } from '@vigie/core/http-server/exchange';
import { healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import { mountRoutes, type Route } from '@vigie/core/http-server/routes';
import type { Component, ExitCode } from '@vigie/core/lifecycle';
import type { Log } from '@vigie/core/log';
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

export class Up implements Component {
  readonly finished: Promise<ExitCode>;
  readonly reload: () => Promise<void>;
  readonly #service: AgentService;
  readonly #display: Display;
  readonly #listener: HttpListener;
  readonly #demo: DemoNode | undefined;
  readonly #outputLost = new AbortController();

  constructor(
    settings: UpSettings,
    listen: HostPort,
    service: AgentService,
    display: Display,
    { clock, random, log, print }: UpDeps,
  ) {
    this.#service = service;
    this.#display = display;
    this.reload = service.reload;
    this.finished = new Promise((resolve) => {
      this.#outputLost.signal.addEventListener('abort', () => resolve(0), { once: true });
    });
    const routes = [INDEX, ...healthRoutes(service), ...mountRoutes('/agent', service.routes)];
    this.#listener = new HttpListener({ name: 'http', address: listen, auth: { type: 'none' } }, routes, {
      clock,
      log,
      print,
    });
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
    await this.#demo?.start();
    await this.#service.startAgent(signal);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    await this.#demo?.close();
    await this.#service.close(options);
    this.#display.close();
    await this.#listener.close({ graceMs: 0 });
  }
}

const INDEX: Route = {
  methods: ['GET'],
  path: '/',
  handler: () => textReply('vigie\n\n/agent/ledger\n/metrics\n/livez\n/readyz\n'),
};
