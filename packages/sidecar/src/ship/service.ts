/** The agent in a pod as a process component: it ends when its application has, and not before everything is delivered. */
import { VigieError } from '@vigie/core/errors';
import type { Agent } from '@vigie/log-pipeline/agent/agent';
import { reportProcess, reportRuntime } from '@vigie/log-pipeline/agent/agent-metrics';
import { AgentComponent, type ComponentDeps, type ComponentOptions } from '@vigie/log-pipeline/agent/component';
import { withGrace } from '@vigie/log-pipeline/agent/grace';
import { EndWatch } from '../stream/end-watch.ts';
import { createShipAgent, type ShipAgentDeps } from './agent.ts';
import type { ShipConfig } from './config.ts';
import type { ShipMetrics } from './telemetry.ts';

export interface ShipDeps extends ShipAgentDeps, ComponentDeps<ShipConfig> {
  readonly metrics: ShipMetrics;
  readonly version: string;
  readonly ownLines: { readonly dropped: number };
}

export class ShipService extends AgentComponent<ShipConfig, Agent<ShipConfig>> {
  readonly #config: ShipConfig;
  readonly #deps: ShipDeps;
  readonly #isOnce: boolean;
  readonly #endWatch: EndWatch;
  readonly #never = new AbortController();
  #works = false;

  constructor(config: ShipConfig, deps: ShipDeps, options: ComponentOptions = {}) {
    const isOnce = options.once !== undefined;
    super(createShipAgent(config, deps, isOnce), config, deps, options);
    this.#config = config;
    this.#deps = deps;
    this.#isOnce = isOnce;
    this.#endWatch = new EndWatch({ until: config.until, untilExit: config.until_exit }, deps.clock);
    deps.metrics.collect((report) => {
      reportRuntime(this.agent, [], deps.clock, report);
      reportProcess(this.reloads, deps, report);
      report('ownLinesDropped', {}, deps.ownLines.dropped);
    });
  }

  override async start(signal: AbortSignal): Promise<void> {
    await super.start(signal);
    this.#works = true;
    if (this.#isOnce) return;
    this.#endWatch.start((sign) => {
      this.#deps.log.info('the application has ended', { sign });
      this.end(0);
    });
  }

  override async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const { clock } = this.#deps;
    this.#endWatch.close();
    if (this.#isOnce || !this.#works) return super.close({ graceMs });
    const endsAtMs = clock.monotonicMs() + graceMs;
    let failure: unknown;
    await withGrace(graceMs, clock, this.#never.signal, async (over) => {
      failure = await this.#drain(over);
    });
    await super.close({ graceMs: Math.max(0, Math.floor(endsAtMs - clock.monotonicMs())) });
    if (failure !== undefined) throw failure;
  }

  /** @returns why not everything was delivered */
  async #drain(over: AbortSignal): Promise<unknown> {
    try {
      await this.agent.drain(this.#config.drain_quiet, over);
      return undefined;
    } catch (error) {
      if (!over.aborted) return error;
      let bytes = 0;
      for (const { lagBytes, inFlightBytes } of this.agent.ledger()) bytes += Math.max(lagBytes, inFlightBytes);
      return new VigieError(
        'NOT_DRAINED',
        `${bytes} bytes were not delivered in the grace time; they are sent after the next start, if the volume is still there`,
      );
    }
  }
}
