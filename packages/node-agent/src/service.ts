import type { Route } from '@vigie/core/http-server/routes';
import { reportProcess } from '@vigie/log-pipeline/agent/agent-metrics';
import { AgentComponent, type ComponentDeps, type ComponentOptions } from '@vigie/log-pipeline/agent/component';
import { type AgentDeps, NodeAgent } from './agent.ts';
import { type AgentMetrics, reportAgent, reportHostMetrics } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { HostMetricsPage } from './host-metrics/host-metrics-page.ts';

export interface ServiceDeps extends AgentDeps, ComponentDeps<AgentConfig> {
  readonly metrics: AgentMetrics;
}

/** The node agent as a process component. */
export class AgentService extends AgentComponent<AgentConfig, NodeAgent> {
  /** undefined where host metrics are not configured. */
  readonly #hostMetrics: HostMetricsPage | undefined;

  constructor(config: AgentConfig, deps: ServiceDeps, options: ComponentOptions = {}) {
    super(new NodeAgent(config, deps, { once: options.once !== undefined }), config, deps, options);
    const { host_metrics: hostMetrics } = config;
    this.#hostMetrics = hostMetrics === undefined ? undefined : new HostMetricsPage(hostMetrics, deps);
    deps.metrics.collect((report) => {
      reportAgent(this.agent, deps.clock, report);
      if (this.#hostMetrics !== undefined) reportHostMetrics(this.#hostMetrics.counters, report);
      reportProcess(this.reloads, deps, report);
    });
  }
  override get routes(): readonly Route[] {
    return this.#hostMetrics === undefined ? super.routes : [...super.routes, this.#hostMetrics.route];
  }
}
