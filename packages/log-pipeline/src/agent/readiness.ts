import { describeError } from '@vigie/core/errors';
import type { Agent } from './agent.ts';
import type { RuntimeConfig } from './config.ts';

/** A sink that is merely retried counts as down after this: a rolling restart of it takes no longer. */
const SINK_DOWN_AFTER_MS = 30_000;
/** Six reconcile passes: longer, and no event or pass has moved a file that has bytes to read. */
const STALLED_AFTER_MS = 60_000;

/** What of an agent it takes to tell. */
export interface ObservedAgent extends Pick<Agent<RuntimeConfig>, 'outage' | 'sinks' | 'lanes' | 'podProblems'> {
  readonly pushed: Pick<Agent<RuntimeConfig>['pushed'], 'problems'>;
}

/** What keeps the agent from doing its work, in words; empty when it is ready. */
export function readinessProblems(agent: ObservedAgent, monotonicMs: number): string[] {
  const problems: string[] = [];
  if (agent.outage !== undefined) {
    const { error, sinceMs } = agent.outage;
    const lasts = `${Math.round((monotonicMs - sinceMs) / 1000)} s`;
    problems.push(`nothing is read or sent for ${lasts}, since a reload failed: ${describeError(error)}`);
  }
  for (const { name, health } of agent.sinks) {
    const { trouble } = health;
    if (trouble === undefined) continue;
    const lastsMs = monotonicMs - trouble.sinceMs;
    if (trouble.kind === 'retrying' && lastsMs < SINK_DOWN_AFTER_MS) continue;
    problems.push(
      `sink ${name}: ${trouble.kind} (${trouble.reason}) for ${Math.round(lastsMs / 1000)} s: ${trouble.detail}`,
    );
  }
  problems.push(...agent.podProblems(monotonicMs));
  for (const { source, problem } of agent.pushed.problems) problems.push(`source ${source}: ${problem}`);
  for (const { lane, counters } of agent.lanes) {
    const { source, sink } = lane;
    if (counters.fault !== undefined) problems.push(`${source} to ${sink}: stopped by a defect`);
    // Requests that wait explain why nothing is read: the sink's own line says so.
    if (lane.inFlight > 0) continue;
    for (const cursor of lane.cursors) {
      const idleMs = monotonicMs - cursor.movedAtMs;
      if (idleMs < STALLED_AFTER_MS || cursor.unreadBytes() === 0 || cursor.isDelayed(monotonicMs)) continue;
      problems.push(`${source} to ${sink}: ${cursor.log.displayPath} has not moved for ${Math.round(idleMs / 1000)} s`);
    }
  }
  return problems;
}
