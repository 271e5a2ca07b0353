import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { jsonReply } from '@vigie/core/http-server/exchange';
import { type HealthCheck, type HealthSource, healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener, type ListenerOptions } from '@vigie/core/http-server/listener';
import type { Route } from '@vigie/core/http-server/routes';
import type { Component, ExitCode } from '@vigie/core/lifecycle';
import type { Log } from '@vigie/core/log';
import type { Exposition } from '@vigie/core/telemetry';
import { tapRoute } from '../tap/tap-route.ts';
import type { Agent } from './agent.ts';
import type { RuntimeConfig } from './config.ts';
import { logMetricsRoute } from './log-metrics-route.ts';
import { readinessProblems } from './readiness.ts';

export interface ComponentDeps<Config> {
  readonly clock: Clock;
  readonly log: Log;
  /** What /metrics answers. */
  readonly metrics: { expose(): Promise<Exposition> };
  /** Reads the configuration again, for a reload. */
  readonly readConfig: () => Promise<Config>;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
}

export interface ComponentOptions {
  /** Read everything there is, deliver it, end; undefined runs until it is told to end. */
  readonly once?: { readonly sinkTimeoutMs: number } | undefined;
}

/** An agent as a process component: HTTP around it, reload, and the end of a `--once` run. */
export class AgentComponent<Config extends RuntimeConfig, Runs extends Agent<Config> = Agent<Config>>
  implements Component, HealthSource
{
  readonly agent: Runs;
  readonly finished: Promise<ExitCode>;
  readonly reload: () => Promise<void>;
  readonly #deps: ComponentDeps<Config>;
  readonly #options: ComponentOptions;
  readonly #config: Config;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly reloads = { success: 0, failure: 0, lastFailed: false };
  #finish: ((code: ExitCode) => void) | undefined;
  #listener: HttpListener | undefined;
  #started = false;
  #gaveUp = false;

  constructor(agent: Runs, config: Config, deps: ComponentDeps<Config>, options: ComponentOptions = {}) {
    this.agent = agent;
    this.#deps = deps;
    this.#options = options;
    this.#config = config;
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.reload = coalesce(() => this.#reload());
  }

  /** What the agent serves; `vigie up` mounts it below /agent. */
  get routes(): readonly Route[] {
    return [
      { methods: ['GET'], path: '/ledger', handler: () => jsonReply(this.agent.ledger()) },
      tapRoute(this.agent),
      logMetricsRoute(this.agent),
    ];
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.startAgent(signal);
    const { once } = this.#options;
    if (once === undefined) await this.#listen(this.#config.listen);
    else void this.#deliverOnce(once.sinkTimeoutMs);
  }

  /** As `start`, without a port of its own. */
  async startAgent(signal: AbortSignal): Promise<void> {
    await this.agent.start(AbortSignal.any([signal, this.#ending.signal]));
    this.#started = true;
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    // What a sink that stayed down has not taken by now it will not take within the grace time either.
    await this.agent.close(this.#gaveUp ? AbortSignal.abort() : AbortSignal.timeout(graceMs));
    this.#ending.abort(new DOMException('the agent has ended', 'AbortError'));
    await this.#listener?.close({ graceMs: 0 });
  }

  /** It has ended by itself. */
  protected end(code: ExitCode): void {
    this.#finish?.(code);
  }

  /** A lane that a defect has stopped begins again with a new process; nothing else is mended by a restart. */
  live(): readonly HealthCheck[] {
    const stopped = this.agent.lanes.find(({ counters }) => counters.fault !== undefined);
    if (stopped === undefined) return [{ name: 'lanes' }];
    return [{ name: 'lanes', problem: `${stopped.lane.source} to ${stopped.lane.sink} was stopped by a defect` }];
  }

  ready(): readonly HealthCheck[] {
    if (!this.#started) return [{ name: 'agent', problem: 'it is starting' }];
    const problems = readinessProblems(this.agent, this.#clock.monotonicMs());
    return problems.length === 0 ? [{ name: 'agent' }] : problems.map((problem) => ({ name: 'agent', problem }));
  }

  metrics(): Promise<Exposition> {
    return this.#deps.metrics.expose();
  }

  async #listen(address: Omit<ListenerOptions, 'name'>): Promise<void> {
    const { clock, log, print } = this.#deps;
    const routes = [...healthRoutes(this, log), ...this.routes];
    this.#listener = new HttpListener({ name: 'http', ...address }, routes, { clock, log, print });
    await this.#listener.start();
  }

  async #reload(): Promise<void> {
    try {
      await this.agent.reload(await this.#deps.readConfig(), this.#ending.signal);
      this.reloads.success++;
      this.reloads.lastFailed = false;
    } catch (error) {
      this.reloads.failure++;
      this.reloads.lastFailed = true;
      throw error;
    }
  }

  async #deliverOnce(sinkTimeoutMs: number): Promise<void> {
    try {
      const outcome = await this.agent.delivered(sinkTimeoutMs, this.#ending.signal);
      if (outcome.status === 'sink_down') {
        this.#gaveUp = true;
        this.#log.error('a sink stayed down; what it did not take is sent by the next run', {
          sink: outcome.sink,
          detail: outcome.detail,
        });
      }
      const faulty = this.agent.lanes.some(({ counters }) => counters.fault !== undefined);
      this.end(outcome.status === 'done' && !faulty ? 0 : 1);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#log.error('stopped by an error', { error });
      this.end(1);
    }
  }
}
