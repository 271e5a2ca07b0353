import { reportProcess } from '@vigie/log-pipeline/agent/agent-metrics';
import { AgentComponent, type ComponentDeps, type ComponentOptions } from '@vigie/log-pipeline/agent/component';
import { type AgentDeps, NodeAgent } from './agent.ts';
import { type AgentMetrics, reportAgent } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';

export interface ServiceDeps extends AgentDeps, ComponentDeps<AgentConfig> {
  readonly metrics: AgentMetrics;
}

/** The node agent as a process component. */
export class AgentService extends AgentComponent<AgentConfig, NodeAgent> {
  constructor(config: AgentConfig, deps: ServiceDeps, options: ComponentOptions = {}) {
    super(new NodeAgent(config, deps, { once: options.once !== undefined }), config, deps, options);
    deps.metrics.collect((report) => {
      reportAgent(this.agent, deps.clock, report);
      reportProcess(this.reloads, deps, report);
    });
  }
}
