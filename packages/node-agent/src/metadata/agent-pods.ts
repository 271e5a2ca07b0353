/** The agent's one view of the node's pods: which source of them the configuration asks for, and what each source of logs
 *  gets of it. */
import { existsSync } from 'node:fs';
import type { Clock } from '@vigie/core/clock';
import { bug, VigieError } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { PodFacts, PodFactsUser } from '@vigie/log-pipeline/agent/pod-facts';
import type { SourceRuntime } from '@vigie/log-pipeline/agent/source-runtime';
import picomatch from 'picomatch';
import type { NodeIdentity } from '../agent.ts';
import type { AgentConfig } from '../config.ts';
import { type TailedConfig, tailedSources } from '../source-config.ts';
import { METADATA_WAIT_MS } from './metadata-config.ts';
import { isMultilineName, isParserName } from './named-parts.ts';
import { PodMetadata, type PodMetadataOptions } from './pod-metadata.ts';
import { SourcePods, type SourcePodsOptions } from './source-pods.ts';

type SourceConfig = TailedConfig;

export interface AgentPodsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly identity: NodeIdentity;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Longer, and it is no API server that restarts but a right that is missing: the rollout is to stop here. */
const UNKNOWN_AFTER_MS = 60_000;

export class AgentPods implements PodFacts<AgentConfig> {
  readonly #deps: AgentPodsDeps;
  readonly #log: Log;
  #agent: PodFactsUser | undefined;
  #metadata: PodMetadata | undefined;

  constructor(deps: AgentPodsDeps) {
    this.#deps = deps;
    // A Deployment of many pods makes one mistake many times.
    this.#log = limitRepeats(deps.log, deps.clock);
  }

  get metadata(): PodMetadata | undefined {
    return this.#metadata;
  }

  connect(agent: PodFactsUser): void {
    this.#agent = agent;
  }

  problems(monotonicMs: number): readonly string[] {
    const { silentSinceMs, from } = this.#metadata ?? {};
    if (silentSinceMs === undefined || monotonicMs - silentSinceMs < UNKNOWN_AFTER_MS) return [];
    return [`metadata: the ${from === 'api' ? 'API server' : 'kubelet'} has not told of any pods yet; see the log`];
  }

  async configure(config: AgentConfig): Promise<void> {
    const options = this.#optionsOf(config);
    const before = this.#metadata;
    if (options === undefined) {
      this.#metadata = undefined;
      await before?.close();
    } else if (before !== undefined) await before.reconfigure(options);
    else {
      const { random, clock, env, version } = this.#deps;
      const metadata = new PodMetadata(
        options,
        config.data_dir,
        { random, clock, env, version, log: this.#log, keepsAnnotation: matcherOf },
        (pathUid) => this.#podChanged(pathUid),
        (names) => this.#namespacesChanged(names),
      );
      await metadata.start();
      this.#metadata = metadata;
    }
  }

  attach(source: SourceRuntime, config: AgentConfig): void {
    const section = tailedSources(config.sources)[source.name];
    if (section === undefined) throw bug(`${source.name} runs and is not configured`);
    const mode = this.#modeOf(section, config);
    const metadata = this.#metadata;
    if (mode === 'none' || metadata === undefined) {
      source.usePods(undefined);
      return;
    }
    const options: SourcePodsOptions = {
      waitMs: section.metadata_wait ?? METADATA_WAIT_MS[mode],
      mustBeKnown: section.include.labels !== undefined,
      clusterName: config.cluster,
      copiesAnnotation: matcherOf(section.annotations.copy),
      allowed: new Set(section.annotations.allow),
      maxRateLimit: section.annotations.max_rate_limit,
      knows: (kind, name, dialect) => {
        if (kind === 'sink') return Object.hasOwn(config.sinks, name);
        if (kind === 'multiline') return isMultilineName(config.transforms, name);
        return isParserName(config.transforms, { name, dialect });
      },
    };
    const known = source.pods;
    if (known instanceof SourcePods && known.metadata === metadata) known.reconfigure(options);
    else source.usePods(new SourcePods(source.name, options, metadata, this.#log));
  }

  async close(): Promise<void> {
    await this.#metadata?.close();
  }

  #optionsOf(config: AgentConfig): PodMetadataOptions | undefined {
    const { identity, env } = this.#deps;
    const asking = Object.values(tailedSources(config.sources)).filter(
      (section) => this.#modeOf(section, config) !== 'none',
    );
    if (asking.length === 0) return undefined;
    if (identity.nodeName === undefined) {
      throw new VigieError('METADATA_NO_NODE', 'metadata needs the name of the node: set NODE_NAME (spec.nodeName)');
    }
    return {
      from: asked(config) ?? 'api',
      nodeName: identity.nodeName,
      nodeIp: env.NODE_IP,
      namespaceLabels: asking.some((section) => section.namespace_labels),
      copiedAnnotations: asking.flatMap((section) => section.annotations.copy),
      kubernetes: config.kubernetes,
    };
  }

  /** A source that says nothing gets what others ask for, and in a cluster the API server's. */
  #modeOf(section: SourceConfig, config: AgentConfig): 'none' | 'api' | 'kubelet' {
    const mode = section.metadata ?? asked(config) ?? (this.#isInCluster() ? 'api' : 'none');
    if (mode === 'none' && (section.include.labels ?? section.exclude.labels) !== undefined) {
      throw new VigieError(
        'METADATA_NEEDED',
        'include.labels and exclude.labels need metadata: set it to api or kubelet',
      );
    }
    return mode;
  }

  /** With an identity that the API server knows: a pod may be deployed without. */
  #isInCluster(): boolean {
    const { env, identity } = this.#deps;
    return (
      env.KUBERNETES_SERVICE_HOST !== undefined && identity.nodeName !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN)
    );
  }

  #podChanged(pathUid: string): void {
    for (const source of this.#agent?.sources() ?? []) {
      const { pods } = source;
      if (pods instanceof SourcePods) for (const log of pods.logsOf(pathUid)) this.#agent?.changed(source, log);
      source.podsChanged();
    }
  }

  #namespacesChanged(names: ReadonlySet<string>): void {
    for (const source of this.#agent?.sources() ?? []) {
      const { pods } = source;
      if (pods instanceof SourcePods) for (const log of pods.logsIn(names)) this.#agent?.changed(source, log);
    }
  }
}

/** Checked when the configuration is read: all that ask for something ask for the same. */
function asked(config: AgentConfig): 'api' | 'kubelet' | undefined {
  for (const { metadata } of Object.values(tailedSources(config.sources))) {
    if (metadata === 'api' || metadata === 'kubelet') return metadata;
  }
  return undefined;
}

/** `example.com/*`; no pattern matches nothing. */
function matcherOf(patterns: readonly string[]): (annotation: string) => boolean {
  return patterns.length === 0 ? () => false : picomatch([...patterns]);
}
