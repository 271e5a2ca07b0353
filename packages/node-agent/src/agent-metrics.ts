import type { Clock } from '@vigie/core/clock';
import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import { type Report, Telemetry } from '@vigie/core/telemetry';
import { reportRuntime } from '@vigie/log-pipeline/agent/agent-metrics';
import type { NodeAgent } from './agent.ts';
import type { HostMetricsCounters } from './host-metrics/host-metrics-counters.ts';
import { ANNOTATION_PROBLEMS } from './metadata/annotations.ts';
import type { PodMetadata } from './metadata/pod-metadata.ts';
import { PLAN_DROP_REASONS } from './metadata/pod-plans.ts';
import { SourcePods } from './metadata/source-pods.ts';
import { AGENT_METRICS } from './telemetry.ts';

const METRICS = { ...AGENT_METRICS, ...PROCESS_METRICS };

export type AgentMetrics = Telemetry<typeof METRICS>;
type AgentReport = Report<typeof METRICS>;

export function createAgentMetrics(): AgentMetrics {
  const metrics = new Telemetry(METRICS);
  metrics.collect(collectProcessMetrics);
  return metrics;
}

/** Reports everything the agent counts; called at a scrape. Cost: one walk over the containers. */
export function reportAgent(agent: NodeAgent, clock: Clock, report: AgentReport): void {
  reportRuntime(agent, PLAN_DROP_REASONS, clock, report);
  for (const { name: source, pods } of agent.sources) {
    if (pods instanceof SourcePods) reportSourcePods(pods, { source }, report);
  }
  if (agent.podMetadata !== undefined) reportPods(agent.podMetadata, report);
}

function reportPods({ directory, counters, state, from, cacheWrites }: PodMetadata, report: AgentReport): void {
  report('pods', { state: 'live' }, directory.size - directory.tombstones);
  report('pods', { state: 'gone' }, directory.tombstones);
  report('podSourceUp', { from }, state === 'synced' ? 1 : 0);
  report('podSourceRequests', { from, kind: 'list' }, counters.lists);
  report('podSourceRequests', { from, kind: 'watch' }, counters.watches);
  report('podSourceFailures', { from }, counters.failures);
  report('podSourceBytes', { from }, counters.receivedBytes);
  for (const result of ['written', 'failed'] as const) report('podCacheWrites', { result }, cacheWrites[result]);
}

function reportSourcePods(pods: SourcePods, labels: { readonly source: string }, report: AgentReport): void {
  const { incomplete, leftOut, annotationProblems } = pods.counters;
  report('metadataIncomplete', labels, incomplete);
  report('metadataLeftOut', labels, leftOut);
  for (const reason of ANNOTATION_PROBLEMS) {
    report('annotationErrors', { ...labels, reason }, annotationProblems.get(reason) ?? 0);
  }
  report('excludedLogs', labels, pods.excludedLogs());
}

export function reportHostMetrics(counters: HostMetricsCounters, report: AgentReport): void {
  report('hostScrapes', {}, counters.scrapes);
  for (const { collector, reason, count } of counters.failures())
    report('hostCollectorFailures', { collector, reason }, count);
}
