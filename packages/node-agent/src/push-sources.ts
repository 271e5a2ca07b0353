import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import { HttpListener } from '@vigie/core/http-server/listener';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { Outlet } from '@vigie/log-pipeline/sources/intake';
import { JournaldSource } from '@vigie/log-pipeline/sources/journald/source';
import { Receiver } from '@vigie/log-pipeline/sources/receiver';
import type { PushSource } from '@vigie/log-pipeline/sources/source';
import type { AgentConfig } from './config.ts';
import { type EventsSourceDeps, type EventsSourceOptions, KubernetesEventsSource } from './events/events-source.ts';
import { isTailed, type PushedConfig } from './source-config.ts';
import type { NodeIdentity } from './source-runtime.ts';

export interface PushSourcesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly identity: NodeIdentity;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
}

/** Of a source, and what it needs of the whole agent's. */
interface PushedSection {
  readonly config: PushedConfig;
  readonly cluster: EventsSourceOptions;
}

interface Running {
  readonly section: PushedSection;
  readonly source: PushSource;
  readonly listener: HttpListener | undefined;
}

/** The sources that read no files: each with its listener, where it has one, and its way to the lanes. */
export class PushSources {
  /** Records by source and outcome. */
  readonly counts = new Map<string, Map<string, number>>();
  readonly #deps: PushSourcesDeps;
  readonly #once: boolean;
  readonly #log: Log;
  readonly #running = new Map<string, Running>();

  constructor(deps: PushSourcesDeps, once: boolean) {
    this.#deps = deps;
    this.#once = once;
    this.#log = limitRepeats(deps.log, deps.clock);
  }

  get problems(): { readonly source: string; readonly problem: string }[] {
    return [...this.#running.values()].flatMap(({ source: { name, problem } }) =>
      problem === undefined ? [] : [{ source: name, problem }],
    );
  }

  /** Nothing more is to be read, where the agent reads everything once. */
  get areDone(): boolean {
    return [...this.#running.values()].every(({ source }) => source.isDone);
  }

  /** Starts what is configured, ends what is not any more, and connects all to the lanes that run now. What did not change
   *  goes on, its port with it.
   *  @throws {VigieError} where one cannot start; the others run */
  async configure(
    config: Pick<AgentConfig, 'sources' | 'data_dir' | 'cluster' | 'kubernetes'>,
    outletsOf: (source: string) => readonly Outlet[],
  ): Promise<void> {
    const sections = sectionsOf(config);
    for (const [name, running] of this.#running) {
      if (isDeepStrictEqual(sections.get(name), running.section)) continue;
      this.#running.delete(name);
      await end(running, 0);
    }
    for (const [name, section] of sections) {
      const known = this.#running.get(name);
      const running = known ?? (await this.#start(name, section, config.data_dir));
      this.#running.set(name, running);
      running.source.connect(outletsOf(name));
      if (known === undefined) await running.listener?.start();
    }
  }

  /** Takes nothing more in; what is on its way is the lanes', and its senders are answered when it has arrived.
   *  @param graceMs how long that may take */
  async close(graceMs: number): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((running) => end(running, graceMs)));
  }

  async #start(name: string, section: PushedSection, dataDir: string): Promise<Running> {
    const { clock, random, identity, log, env, version, print } = this.#deps;
    const { config } = section;
    const source = create(name, section, dataDir, {
      clock,
      random,
      log,
      env,
      version,
      fs: fsPromises,
      nodeName: identity.nodeName,
      once: this.#once,
      events: {
        count: (of, outcome, records) => this.#count(of, outcome, records),
        warn: (of, message, fields) => this.#log.warn(message, { source: of, ...fields }),
      },
    });
    await source.start();
    // Whoever asks an agent that ends with the end of the files has come too late.
    if (source.routes === undefined || this.#once || !('listen' in config))
      return { section, source, listener: undefined };
    const listenerName = config.type === 'otlp' ? 'otlp' : 'loki';
    const listener = new HttpListener({ name: listenerName, ...config.listen }, source.routes, { clock, log, print });
    return { section, source, listener };
  }

  #count(source: string, outcome: string, records: number): void {
    const counts = this.counts.get(source) ?? new Map<string, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + records);
    this.counts.set(source, counts);
  }
}

async function end({ source, listener }: Running, graceMs: number): Promise<void> {
  await listener?.close({ graceMs });
  await source.close();
}

function sectionsOf({ sources, cluster, kubernetes }: Pick<AgentConfig, 'sources' | 'cluster' | 'kubernetes'>) {
  const sections = new Map<string, PushedSection>();
  for (const [name, config] of Object.entries(sources)) {
    if (isTailed(config)) continue;
    sections.set(name, { config, cluster: { clusterName: cluster, kubeconfig: kubernetes.kubeconfig } });
  }
  return sections;
}

function create(name: string, { config, cluster }: PushedSection, dataDir: string, deps: EventsSourceDeps): PushSource {
  switch (config.type) {
    case 'kubernetes_events':
      return new KubernetesEventsSource(name, config, cluster, deps);
    case 'journald':
      return new JournaldSource(name, config, join(dataDir, 'sources', `${name}.position`), deps);
    case 'otlp':
    case 'loki_push':
      return new Receiver(name, config, deps);
    default:
      return assertNever(config);
  }
}
