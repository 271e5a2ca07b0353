/** The agent in a pod: the runtime of every agent, with what is particular to a pod. */
import { bug } from '@vigie/core/errors';
import { Agent, type AgentDeps } from '@vigie/log-pipeline/agent/agent';
import { type PushedSections, receiverSection } from '@vigie/log-pipeline/agent/push-sources';
import type { SelectLogs } from '@vigie/log-pipeline/agent/source-runtime';
import { allFilesBut } from '@vigie/log-pipeline/agent/source-section';
import type { ShipConfig } from './config.ts';
import { OwnPod } from './own-pod.ts';
import type { PodEnvironment } from './pod-identity.ts';

export interface ShipAgentDeps extends Omit<AgentDeps<ShipConfig>, 'nodeName' | 'pods' | 'select' | 'pushed'> {
  readonly env: PodEnvironment;
}

export function createShipAgent(config: ShipConfig, deps: ShipAgentDeps, once: boolean): Agent<ShipConfig> {
  const pods = new OwnPod(deps);
  const pushed: PushedSections<ShipConfig> = ({ sources }) =>
    new Map(
      Object.entries(sources).flatMap(([name, section]) =>
        section.type === 'file' ? [] : [[name, receiverSection(section, () => pods.facts())]],
      ),
    );
  return new Agent(config, { ...deps, nodeName: deps.env.NODE_NAME, pods, select, pushed }, { once });
}

/** Its own checkpoints and buffers may stand in the volume that it reads. */
function select(source: string, { sources, data_dir: dataDir }: ShipConfig): SelectLogs {
  const section = sources[source];
  if (section?.type !== 'file') throw bug(`${source} is no source that reads files`);
  const others = allFilesBut(section.exclude_paths);
  return () => ({ ...others, accepts: (log) => !log.key.startsWith(`${dataDir}/`) && others.accepts(log) });
}
