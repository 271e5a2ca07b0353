import { hostname } from 'node:os';
import type { Log } from '@vigie/core/log';
import type { Outlet } from '@vigie/log-pipeline/sources/intake';
import type { PushSource, PushSourceDeps } from '@vigie/log-pipeline/sources/source';
import type { KubernetesEventsConfig } from './events-config.ts';
import type { KubeEvents } from './kube-events.ts';

export interface EventsSourceDeps extends PushSourceDeps {
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

export interface EventsSourceOptions {
  readonly kubeconfig: string | undefined;
  readonly clusterName: string | undefined;
}

/** The cluster's events, as a source of the agent. */
export class KubernetesEventsSource implements PushSource {
  readonly type = 'kubernetes_events';
  readonly name: string;
  readonly #config: KubernetesEventsConfig;
  readonly #options: EventsSourceOptions;
  readonly #deps: EventsSourceDeps;
  #outlets: readonly Outlet[] = [];
  #events: KubeEvents | undefined;

  constructor(name: string, config: KubernetesEventsConfig, options: EventsSourceOptions, deps: EventsSourceDeps) {
    this.name = name;
    this.#config = config;
    this.#options = options;
    this.#deps = deps;
  }

  get problem(): string | undefined {
    return this.#events?.problem;
  }

  get isDone(): boolean {
    return this.#events?.isDone ?? false;
  }

  connect(outlets: readonly Outlet[]): void {
    this.#outlets = outlets;
    this.#events?.connect(outlets);
  }

  async start(): Promise<void> {
    const { KubeEvents: Reader } = await import('./kube-events.ts');
    const { clock, random, log, env, version, once, events, nodeName } = this.#deps;
    this.#events = new Reader(
      {
        ...this.#options,
        config: this.#config,
        once,
        // A pod's name is the same after its container was restarted: it need not wait for its own lease to run out.
        identity: `${env.POD_NAME || nodeName || hostname()}_${this.name}`,
      },
      {
        clock,
        random,
        log: log.child({ source: this.name }),
        env,
        version,
        accepted: (records) => events.count(this.name, 'accepted', records),
      },
    );
    this.#events.connect(this.#outlets);
    this.#events.start();
  }

  async close(): Promise<void> {
    await this.#events?.close();
  }
}
