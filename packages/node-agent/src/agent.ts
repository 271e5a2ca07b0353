import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { Agent, type AgentDeps as RuntimeDeps } from '@vigie/log-pipeline/agent/agent';
import type { SelectLogs } from '@vigie/log-pipeline/agent/source-runtime';
import { allFilesBut } from '@vigie/log-pipeline/agent/source-section';
import type { AgentMetrics } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { AgentPods } from './metadata/agent-pods.ts';
import type { PodMetadata } from './metadata/pod-metadata.ts';
import { pushedSections } from './pushed-sections.ts';
import { createSelector, type SelfPod } from './selection.ts';
import { tailedSources } from './source-config.ts';

export interface NodeIdentity {
  readonly nodeName: string | undefined;
  readonly self: SelfPod;
}

export interface AgentDeps extends Omit<RuntimeDeps<AgentConfig>, 'nodeName' | 'pods' | 'select' | 'pushed'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: AgentMetrics;
  readonly identity: NodeIdentity;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** The agent of a node: it knows the pods of its node, by the API server or the kubelet. */
export class NodeAgent extends Agent<AgentConfig> {
  readonly #pods: AgentPods;

  constructor(config: AgentConfig, deps: AgentDeps, options: { readonly once?: boolean } = {}) {
    const { nodeName, self } = deps.identity;
    const pods = new AgentPods(deps);
    const select = (source: string, { sources }: AgentConfig): SelectLogs => selectionOf(source, sources, self);
    super(config, { ...deps, nodeName, pods, select, pushed: pushedSections(deps) }, options);
    this.#pods = pods;
  }

  /** What is known of the node's pods; undefined where no source asks for it. */
  get podMetadata(): PodMetadata | undefined {
    return this.#pods.metadata;
  }
}

function selectionOf(source: string, sources: AgentConfig['sources'], self: SelfPod): SelectLogs {
  const section = tailedSources(sources)[source];
  if (section === undefined) throw bug(`${source} is no source that reads files`);
  if (section.type === 'file') return () => allFilesBut(section.exclude_paths);
  const { include, exclude } = section;
  return (labelsOf) => ({
    accepts: createSelector(include, exclude, self, labelsOf),
    byLabels: include.labels !== undefined || exclude.labels !== undefined,
  });
}
