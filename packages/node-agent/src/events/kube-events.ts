/** Reads the cluster's events where this agent leads all that would. Loaded only where such a source is configured. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { LeaseElector } from '@vigie/kube/lease';
import type { Outlet } from '@vigie/log-pipeline/sources/intake';
import { EventFeed, type EventFeedOptions } from './event-feed.ts';
import type { KubernetesEventsConfig } from './events-config.ts';

export interface KubeEventsOptions extends Pick<EventFeedOptions, 'once' | 'clusterName'> {
  readonly config: KubernetesEventsConfig;
  readonly kubeconfig: string | undefined;
  /** Of this source in this process, and of no other. */
  readonly identity: string;
}

export interface KubeEventsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly accepted: (records: number) => void;
}

/** How far events are read, by namespace, with `*` for all: whoever leads next goes on from there. */
const POSITIONS = 'vigie.io/events-read';
const ALL = '*';
/** A lease is taken over within twenty seconds. */
const NOBODY_AFTER_MS = 60_000;

export class KubeEvents {
  readonly #options: KubeEventsOptions;
  readonly #deps: KubeEventsDeps;
  readonly #client: KubeClient;
  readonly #elector: LeaseElector;
  readonly #leaseName: string;
  readonly #startedAtMs: number;
  #outlets: readonly Outlet[] = [];
  #feeds = new Map<string, EventFeed>();
  #running: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} where the configuration does not lead to a server, or its credentials cannot be read */
  constructor(options: KubeEventsOptions, deps: KubeEventsDeps) {
    this.#options = options;
    this.#deps = deps;
    const { clock, env, log, version } = deps;
    this.#client = new KubeClient(loadKubeConfig({ kubeconfig: options.kubeconfig }, { env }), {
      clock,
      env,
      userAgent: `vigie/${version} node-agent`,
      reloadFailed: (detail) => log.warn('changed certificate or token not usable', { detail }),
    });
    this.#client.check();
    const { namespace = env.POD_NAMESPACE || this.#client.namespace, name } = options.config.lease;
    this.#leaseName = `${namespace}/${name}`;
    this.#startedAtMs = clock.monotonicMs();
    this.#elector = new LeaseElector(
      this.#client,
      { namespace, name, identity: options.identity },
      {
        started: (signal) => this.#lead(signal),
        stopped: () => this.#stop(),
        annotations: () => this.#positions(),
      },
      deps,
    );
  }

  /** Does not wait for anything. */
  start(): void {
    this.#elector.start(new AbortController().signal);
  }

  connect(outlets: readonly Outlet[]): void {
    this.#outlets = outlets;
    for (const feed of this.#feeds.values()) feed.connect(outlets);
  }

  get problem(): string | undefined {
    const { clock } = this.#deps;
    if (this.#elector.leader === '' && clock.monotonicMs() - this.#startedAtMs > NOBODY_AFTER_MS)
      return `nobody holds the lease ${this.#leaseName}`;
    return [...this.#feeds.values()].map(({ problem }) => problem).find((problem) => problem !== undefined);
  }

  /** What there was is delivered, or is another agent's to deliver. */
  get isDone(): boolean {
    if (this.#feeds.size > 0) return [...this.#feeds.values()].every(({ isDone }) => isDone);
    const { leader } = this.#elector;
    return leader !== '' && leader !== this.#options.identity;
  }

  /** What is on its way is waited for; whoever leads next goes on behind it. */
  close(): Promise<void> {
    this.#closed ??= this.#elector.close().then(() => this.#client.close());
    return this.#closed;
  }

  #lead(signal: AbortSignal): void {
    const { config, once, clusterName } = this.#options;
    const positions = readPositions(this.#elector.annotations[POSITIONS]);
    const deps = { ...this.#deps, client: this.#client };
    const names = config.namespaces.length === 0 ? [ALL] : config.namespaces;
    this.#feeds = new Map(
      names.map((name) => {
        const namespace = name === ALL ? undefined : name;
        const options = { namespace, readFrom: config.read_from, once, clusterName };
        return [name, new EventFeed(options, positions.get(name) ?? positions.get(ALL), deps)];
      }),
    );
    this.#running = Promise.all(
      Array.from(this.#feeds.values(), (feed) => {
        feed.connect(this.#outlets);
        return feed.run(signal);
      }),
    );
  }

  /** A leader that is closed lets what is on its way arrive; one that has lost the lease has nobody to tell. */
  async #stop(): Promise<void> {
    await this.#running;
    const feeds = [...this.#feeds.values()];
    if (this.#closed !== undefined) await Promise.all(feeds.map((feed) => feed.settled()));
    else this.#feeds = new Map();
  }

  #positions(): Readonly<Record<string, string>> {
    const known = [...this.#feeds].flatMap(([name, { version }]) => (version === undefined ? [] : [[name, version]]));
    return known.length === 0 ? {} : { [POSITIONS]: JSON.stringify(Object.fromEntries(known)) };
  }
}

/** @returns none from what nobody of us wrote */
function readPositions(written: string | undefined): ReadonlyMap<string, string> {
  try {
    const positions: unknown = JSON.parse(written ?? '{}');
    if (typeof positions !== 'object' || positions === null) return new Map();
    return new Map(Object.entries(positions).filter((entry): entry is [string, string] => isVersion(entry[1])));
  } catch {
    return new Map();
  }
}

function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[1-9]\d*$/.test(value);
}
