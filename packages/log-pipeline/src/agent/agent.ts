import * as fsPromises from 'node:fs/promises';
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import type { Route } from '@vigie/core/http-server/routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { CheckpointFs } from '../checkpoint/store.ts';
import { untilQuiet } from '../tail/quiet.ts';
import type { TappedRecord } from '../tap/tap.ts';
import { Taps } from '../tap/taps.ts';
import type { RuntimeConfig, SinkConfig } from './config.ts';
import { withGrace } from './grace.ts';
import type { BatchTimes, RunningLane } from './lane-runtime.ts';
import { Lanes } from './lanes.ts';
import { type LedgerEntry, ledgerOf } from './ledger.ts';
import type { PodFacts } from './pod-facts.ts';
import { type PushedSections, PushSources } from './push-sources.ts';
import type { CreateTransform } from './routes.ts';
import { type SinkBuffer, SinkBuffers } from './sink-buffers.ts';
import type { SinkRuntime } from './sink-runtime.ts';
import { type SelectLogs, SourceRuntime } from './source-runtime.ts';
import { isTailed } from './source-section.ts';

/** @template Config its whole configuration, which is shown to what is handed in */
export interface AgentDeps<Config> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: BatchTimes;
  readonly nodeName: string | undefined;
  /** Where the line `listening on …` of a source goes. */
  readonly print: (line: string) => void;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly kernel: WebAssembly.Module | undefined;
  readonly createTransform: CreateTransform;
  readonly createSink: (name: string, config: SinkConfig) => SinkRuntime;
  /** What is known of the pods whose logs are read. */
  readonly pods: PodFacts<Config>;
  /** Which logs a source of the configuration reads. */
  readonly select: (source: string, config: Config) => SelectLogs;
  /** The sources that read no files. */
  readonly pushed: PushedSections<Config>;
  /** What else the program takes where a source listens for OTLP. */
  readonly besideOtlp?: readonly Route[] | undefined;
  /** Of the checkpoints; node:fs/promises by default. */
  readonly checkpointFs?: CheckpointFs;
}

export type OnceOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'sink_down'; readonly sink: string; readonly detail: string };

const ONCE_POLL_MS = 10;
/** What stands against starting is mostly the machine, out of files or memory: somebody else lets go of some. */
const RETRY_BACKOFF = { baseMs: 500, capMs: 30_000 };

/** A configuration of which everything is open that can be while another one runs. */
interface Prepared<Config> {
  readonly config: Config;
  readonly sinks: Map<string, SinkRuntime>;
  readonly exchangeBuffers: (signal: AbortSignal) => Promise<void>;
}

/** Why no configuration runs. */
interface Outage {
  readonly error: unknown;
  readonly sinceMs: number;
}

/** A log agent, wherever it runs: sources, sinks, and a lane for every source that leads to a sink. */
export class Agent<Config extends RuntimeConfig> {
  readonly #deps: AgentDeps<Config>;
  /** The one that runs, or is to run. */
  #config: Config;
  readonly #sources = new Map<string, SourceRuntime>();
  #sinks = new Map<string, SinkRuntime>();
  readonly #buffers: SinkBuffers;
  readonly #pushed: PushSources<Config>;
  readonly #lanes: Lanes;
  readonly #taps: Taps;
  #changing: Promise<void> = Promise.resolve();
  #outage: Outage | undefined;
  #retry: { cancel(): void } | undefined;
  readonly #backoff: Backoff;
  #isDraining = false;
  #closed: Promise<void> | undefined;

  constructor(config: Config, deps: AgentDeps<Config>, { once = false }: { readonly once?: boolean } = {}) {
    this.#config = config;
    this.#deps = deps;
    this.#backoff = new Backoff(RETRY_BACKOFF, deps.random);
    this.#pushed = new PushSources(deps, once);
    this.#lanes = new Lanes(config.data_dir, { ...deps, once });
    this.#taps = new Taps(() => deps.clock.monotonicMs());
    deps.pods.connect({
      sources: () => this.#sources.values(),
      changed: ({ name }, log) => this.#lanes.refresh(name, log),
    });
    this.#buffers = new SinkBuffers({
      ...deps,
      ledger: (source, sink) => this.#lanes.ledgerOf(source, sink),
      delivered: (source, sink, durationMs) =>
        deps.metrics.observe('batchDuration', { source, sink }, durationMs / 1000),
    });
  }

  get sources(): Iterable<SourceRuntime> {
    return this.#sources.values();
  }

  get sinks(): Iterable<SinkRuntime> {
    return this.#sinks.values();
  }

  /** Sources that read no files. */
  get pushed(): PushSources<Config> {
    return this.#pushed;
  }

  get buffers(): Iterable<SinkBuffer> {
    return this.#buffers.all;
  }

  get lanes(): readonly RunningLane[] {
    return this.#lanes.all;
  }

  /** What keeps it from knowing the pods whose logs it reads. */
  podProblems(monotonicMs: number): readonly string[] {
    return this.#deps.pods.problems(monotonicMs);
  }

  /** Nothing is read or sent: a reload has failed, and so has what was to bring the former configuration back. It is tried
   *  again all the time. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  /** @throws {VigieError} when a file that the configuration names cannot be used */
  async start(signal: AbortSignal): Promise<void> {
    await fsPromises.mkdir(this.#config.data_dir, { recursive: true });
    await this.#replace(await this.#prepare(this.#config, signal), signal);
  }

  /** Puts another configuration in place. Open files stay open and positions are kept, so nothing is lost;
   *  what cannot start leaves the old one running, or brings it back.
   *  @throws {VigieError} as `start` */
  reload(config: Config, signal: AbortSignal): Promise<void> {
    const change = this.#changing.then(async () => {
      if (this.#closed !== undefined || this.#isDraining) return;
      const before = this.#config;
      // Positions and buffers stay in the folder where they are.
      const next = await this.#prepareBeside({ ...config, data_dir: before.data_dir }, before, signal);
      try {
        await this.#replace(next, signal);
      } catch (error) {
        await this.#bringBack(before, signal);
        throw error;
      }
    });
    this.#changing = change.catch(() => undefined);
    return change;
  }

  /** Delivers everything, where nobody writes any more: files up to their ends, once nothing has come for `quietMs`, and what
   *  was pushed until then. `close` is still to be called.
   *  @throws the signal's reason, or that of an outage; what is left then is for the next run */
  async drain(quietMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    this.#isDraining = true;
    await this.#changing;
    if (this.#outage !== undefined) throw this.#outage.error;
    if (this.#closed !== undefined) return;
    const catalogs = Array.from(this.#sources.values(), ({ catalog }) => catalog);
    const quiet = { forMs: quietMs, withinMs: Infinity };
    await untilQuiet(catalogs, () => this.#pushed.takenRecords, quiet, clock, signal);
    const reading = this.#readToEnds(signal);
    this.#changing = reading.catch(() => undefined);
    await reading;
    while (!this.#isDelivered) await clock.sleep(ONCE_POLL_MS, signal);
  }

  /** Stops reading, waits for what is in flight, writes the checkpoints. Idempotent. */
  close(signal: AbortSignal): Promise<void> {
    this.#closed ??= this.#changing.then(async () => {
      this.#retry?.cancel();
      // They wait for what is on its way, which the lanes give up in time.
      await Promise.all([this.#pushed.close(this.#config.shutdown_grace), this.#lanes.close(signal)]);
      await this.#buffers.close(signal);
      await Promise.all([...this.#sources.values()].map((source) => source.catalog.close()));
      await this.#deps.pods.close();
      await closeAll(this.#sinks);
    });
    return this.#closed;
  }

  /** Resolves when everything that there is has been delivered, or a sink has been down for too long. */
  async delivered(sinkTimeoutMs: number, signal: AbortSignal): Promise<OnceOutcome> {
    const { clock } = this.#deps;
    for (;;) {
      if (this.#isDelivered) return { status: 'done' };
      for (const { name, health } of this.#sinks.values()) {
        const { trouble } = health;
        if (trouble !== undefined && clock.monotonicMs() - trouble.sinceMs >= sinkTimeoutMs) {
          return { status: 'sink_down', sink: name, detail: trouble.detail };
        }
      }
      await clock.sleep(ONCE_POLL_MS, signal);
    }
  }

  get #isDelivered(): boolean {
    return this.#pushed.areDone && this.lanes.every(({ lane }) => lane.isIdle) && this.#buffers.areEmpty;
  }

  ledger(): LedgerEntry[] {
    return this.lanes.map(({ lane }) => ledgerOf(lane));
  }

  /** Shows a sample of the records that pass a component: a source, a transform or a sink.
   *  @param component undefined: what leaves for the first sink of each source
   *  @returns ends it */
  tap(listener: (record: TappedRecord) => void, recordsPerSecond: number, component?: string): () => void {
    return this.#taps.open(listener, recordsPerSecond, component);
  }

  /** Names that `tap` takes. */
  get components(): string[] {
    const { sources, transforms, sinks } = this.#config;
    return [...Object.keys(sources), ...Object.keys(transforms), ...Object.keys(sinks)];
  }

  /** Opens what a configuration needs, beside what runs.
   *  @throws {VigieError} as `start`; nothing has changed then but what is asked for of pods */
  async #prepare(config: Config, signal: AbortSignal): Promise<Prepared<Config>> {
    await this.#lanes.prepare(config);
    const sinks = await this.#startSinks(config, signal);
    try {
      await this.#deps.pods.configure(config);
      return { config, sinks, exchangeBuffers: await this.#buffers.prepare(config, sinks) };
    } catch (error) {
      await closeAll(sinks);
      throw error;
    }
  }

  /** @param running whose pods are asked for again where it fails */
  async #prepareBeside(config: Config, running: Config, signal: AbortSignal): Promise<Prepared<Config>> {
    try {
      return await this.#prepare(config, signal);
    } catch (error) {
      await this.#deps.pods.configure(running).catch(() => undefined);
      throw error;
    }
  }

  /** Ends what runs, and starts what is prepared.
   *  @throws where part of it cannot start; nothing may be relied on to run then */
  async #replace({ config, sinks, exchangeBuffers }: Prepared<Config>, signal: AbortSignal): Promise<void> {
    await withGrace(this.#config.shutdown_grace, this.#deps.clock, signal, async (grace) => {
      await this.#lanes.close(grace);
      await exchangeBuffers(grace);
    });
    // What they were still at is done now: nobody writes to a file beside the next ones.
    const before = this.#sinks;
    for (const [name, { sink }] of sinks) {
      const former = before.get(name)?.sink;
      if (former !== undefined) sink.adopt?.(former);
    }
    this.#sinks = sinks;
    this.#config = config;
    await this.#closeFormer(before);
    await this.#startSources(config);
    this.#lanes.create({ config, sources: this.#sources, sinks, buffers: this.#buffers });
    this.#taps.moveTo(this.lanes);
    this.#buffers.start(config, sinks);
    await this.#lanes.start();
    await this.#pushed.configure(config, (source) => this.#lanes.pushedInto(source));
    this.#lanes.settle();
    await this.#endOtherSources(config);
    this.#outage = undefined;
    this.#retry?.cancel();
  }

  async #bringBack(config: Config, signal: AbortSignal): Promise<void> {
    this.#config = config;
    try {
      await this.#replace(await this.#prepare(config, signal), signal);
      this.#backoff.reset();
    } catch (error) {
      this.#retry?.cancel();
      const retryInMs = Math.round(this.#backoff.nextMs());
      this.#config = config;
      this.#outage = { error, sinceMs: this.#outage?.sinceMs ?? this.#deps.clock.monotonicMs() };
      this.#deps.log.error('nothing is read or sent: the former configuration cannot be brought back', {
        error,
        retryInMs,
      });
      this.#retry = this.#deps.clock.setTimer(retryInMs, () => this.#tryAgain(config, signal));
    }
  }

  #tryAgain(config: Config, signal: AbortSignal): void {
    this.#changing = this.#changing.then(async () => {
      if (this.#closed !== undefined || this.#outage === undefined) return;
      await this.#bringBack(config, signal);
      if (this.#outage === undefined) this.#deps.log.info('the former configuration runs again');
    });
  }

  async #readToEnds(signal: AbortSignal): Promise<void> {
    // Its senders are answered when their records have arrived: `close` waits for it.
    this.#pushed.close(this.#config.shutdown_grace).catch(() => undefined);
    const ends = { config: this.#config, sources: this.#sources, sinks: this.#sinks, buffers: this.#buffers };
    await this.#lanes.readToEnds(ends, signal);
    this.#taps.moveTo(this.lanes);
  }

  async #startSinks(config: Config, signal: AbortSignal): Promise<Map<string, SinkRuntime>> {
    const sinks = new Map<string, SinkRuntime>();
    try {
      for (const [name, section] of Object.entries(config.sinks)) {
        const sink = this.#deps.createSink(name, section);
        sinks.set(name, sink);
        await sink.start(signal);
      }
    } catch (error) {
      await closeAll(sinks);
      throw error;
    }
    return sinks;
  }

  /** Every record of them is acknowledged or taken back: what goes wrong now is worth a line and no more. */
  async #closeFormer(sinks: ReadonlyMap<string, SinkRuntime>): Promise<void> {
    const closing = Array.from(sinks.values(), async (sink) => {
      try {
        await sink.close();
      } catch (error) {
        this.#deps.log.warn('a sink of the former configuration was not closed cleanly', { sink: sink.name, error });
      }
    });
    await Promise.all(closing);
  }

  async #startSources(config: Config): Promise<void> {
    const { clock, log, nodeName, pods, select } = this.#deps;
    for (const [name, section] of Object.entries(config.sources)) {
      if (!isTailed(section)) continue;
      const known = this.#sources.get(name);
      if (known !== undefined) {
        await known.reconfigure(section, select(name, config));
        pods.attach(known, config);
        continue;
      }
      const source = new SourceRuntime(name, section, select(name, config), { clock, log, nodeName });
      this.#sources.set(name, source);
      pods.attach(source, config);
      await source.catalog.start();
    }
  }

  /** Not before the others run: files without a name are open in them, and would be lost if they were wanted again. */
  async #endOtherSources(config: Config): Promise<void> {
    for (const [name, source] of this.#sources) {
      const section = config.sources[name];
      if (section !== undefined && isTailed(section)) continue;
      this.#sources.delete(name);
      await source.catalog.close();
    }
  }
}

async function closeAll(sinks: ReadonlyMap<string, SinkRuntime>): Promise<void> {
  await Promise.all(Array.from(sinks.values(), (sink) => sink.close()));
}
