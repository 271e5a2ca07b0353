/** The node agent's sources that read no files. */
import { join } from 'node:path';
import { assertNever } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { type PushedSection, type PushedSections, receiverSection } from '@vigie/log-pipeline/agent/push-sources';
import { JournaldSource } from '@vigie/log-pipeline/sources/journald/source';
import type { AgentConfig } from './config.ts';
import { KubernetesEventsSource } from './events/events-source.ts';
import { isTailed, type PushedConfig } from './source-config.ts';

export interface PushedSectionsDeps {
  readonly identity: { readonly nodeName: string | undefined };
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

export function pushedSections(deps: PushedSectionsDeps): PushedSections<AgentConfig> {
  const place = { nodeName: deps.identity.nodeName };
  return (config) => {
    const sections = new Map<string, PushedSection>();
    for (const [name, source] of Object.entries(config.sources)) {
      if (!isTailed(source))
        sections.set(
          name,
          sectionOf(source, config, () => place, deps),
        );
    }
    return sections;
  };
}

function sectionOf(
  source: PushedConfig,
  { data_dir: dataDir, cluster, kubernetes }: AgentConfig,
  place: () => { readonly nodeName: string | undefined },
  { log, env, version }: PushedSectionsDeps,
): PushedSection {
  switch (source.type) {
    case 'kubernetes_events': {
      const options = { clusterName: cluster, kubeconfig: kubernetes.kubeconfig };
      return {
        settings: { source, options },
        create: (name, deps) => new KubernetesEventsSource(name, source, options, { ...deps, log, env, version }),
      };
    }
    case 'journald':
      return {
        settings: source,
        create: (name, deps) => new JournaldSource(name, source, join(dataDir, 'sources', `${name}.position`), deps),
      };
    case 'otlp':
    case 'loki_push':
      return receiverSection(source, place);
    default:
      return assertNever(source);
  }
}
