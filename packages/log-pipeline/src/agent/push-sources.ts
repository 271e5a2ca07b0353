import * as fsPromises from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@vigie/core/clock';
import { HttpListener, type ListenerOptions } from '@vigie/core/http-server/listener';
import type { Route } from '@vigie/core/http-server/routes';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { Outlet } from '../sources/intake.ts';
import type { PlaceFacts } from '../sources/origins.ts';
import { Receiver, type ReceiverConfig } from '../sources/receiver.ts';
import type { PushSource, PushSourceDeps } from '../sources/source.ts';

/** A source that reads no files, and what it is made of. */
export interface PushedSection {
  /** Another value makes it another source. */
  readonly settings: unknown;
  /** Where its routes are served, if it has some. */
  readonly listener?: ListenerOptions;
  create(name: string, deps: PushSourceDeps): PushSource;
}

/** Those of a configuration, by name. */
export type PushedSections<Config> = (config: Config) => ReadonlyMap<string, PushedSection>;

export interface PushSourcesDeps<Config> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeName: string | undefined;
  readonly pushed: PushedSections<Config>;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
  /** What else the program takes where it listens for OTLP. */
  readonly besideOtlp?: readonly Route[] | undefined;
}

interface Running {
  readonly settings: unknown;
  readonly source: PushSource;
  readonly listener: HttpListener | undefined;
}

/** The sources that read no files: each with its listener, where it has one, and its way to the lanes. */
export class PushSources<Config> {
  /** Records by source and outcome. */
  readonly counts = new Map<string, Map<string, number>>();
  readonly #deps: PushSourcesDeps<Config>;
  readonly #once: boolean;
  readonly #log: Log;
  readonly #running = new Map<string, Running>();
  #closed: Promise<void> | undefined;

  constructor(deps: PushSourcesDeps<Config>, once: boolean) {
    this.#deps = deps;
    this.#once = once;
    this.#log = limitRepeats(deps.log, deps.clock);
  }

  get problems(): { readonly source: string; readonly problem: string }[] {
    return [...this.#running.values()].flatMap(({ source: { name, problem } }) =>
      problem === undefined ? [] : [{ source: name, problem }],
    );
  }

  /** Since the start. */
  get takenRecords(): number {
    let records = 0;
    for (const counts of this.counts.values()) records += counts.get('accepted') ?? 0;
    return records;
  }

  /** Nothing more is to be read, where the agent reads everything once. */
  get areDone(): boolean {
    return [...this.#running.values()].every(({ source }) => source.isDone);
  }

  /** Starts what is configured, ends what is not any more, and connects all to the lanes that run now. What did not change
   *  goes on, its port with it.
   *  @throws {VigieError} where one cannot start; the others run */
  async configure(config: Config, outletsOf: (source: string) => readonly Outlet[]): Promise<void> {
    const sections = this.#deps.pushed(config);
    for (const [name, running] of this.#running) {
      if (isDeepStrictEqual(sections.get(name)?.settings, running.settings)) continue;
      this.#running.delete(name);
      await end(running, 0);
    }
    for (const [name, section] of sections) {
      const known = this.#running.get(name);
      const running = known ?? (await this.#start(name, section));
      this.#running.set(name, running);
      running.source.connect(outletsOf(name));
      if (known === undefined) await running.listener?.start();
    }
  }

  /** Takes nothing more in; what is on its way is the lanes', and its senders are answered when it has arrived.
   *  @param graceMs how long that may take. Idempotent */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((running) => end(running, graceMs)));
  }

  async #start(name: string, section: PushedSection): Promise<Running> {
    const { clock, random, nodeName, log, print } = this.#deps;
    const { settings, listener: options } = section;
    const source = section.create(name, {
      clock,
      random,
      fs: fsPromises,
      nodeName,
      once: this.#once,
      events: {
        count: (of, outcome, records) => this.#count(of, outcome, records),
        warn: (of, message, fields) => this.#log.warn(message, { source: of, ...fields }),
      },
    });
    await source.start();
    // Whoever asks an agent that ends with the end of the files has come too late.
    if (source.routes === undefined || this.#once || options === undefined) {
      return { settings, source, listener: undefined };
    }
    const beside = options.name === 'otlp' ? (this.#deps.besideOtlp ?? []) : [];
    const routes = [...source.routes, ...beside];
    return { settings, source, listener: new HttpListener(options, routes, { clock, log, print }) };
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

/** A source that applications push to.
 *  @param place what is known of all that can reach it */
export function receiverSection(config: ReceiverConfig, place: () => PlaceFacts): PushedSection {
  return {
    settings: config,
    listener: { name: config.type === 'otlp' ? 'otlp' : 'loki', ...config.listen },
    create: (name, deps) => new Receiver(name, config, place, deps),
  };
}
