import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { probeCheckpoint } from '@vigie/log-pipeline/checkpoint/store';
import { Lane } from '@vigie/log-pipeline/lane/lane';
import { PushLane } from '@vigie/log-pipeline/lane/push-lane';
import { type AgentMetrics, LaneCounters } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { createPushLane, createTailLane, type RunningLane } from './lane-runtime.ts';
import { type LedgerEntry, ledgerOf } from './ledger.ts';
import { AgentPods } from './metadata/agent-pods.ts';
import type { PodMetadata } from './metadata/pod-metadata.ts';
import { PushSources } from './push-sources.ts';
import { type CreateTransform, laneRoutes, type Route } from './routes.ts';
import { type SinkBuffer, SinkBuffers } from './sink-buffers.ts';
import type { SinkRuntime } from './sink-runtime.ts';
import { isTailed, tailedSources } from './source-config.ts';
import { type NodeIdentity, SourceRuntime } from './source-runtime.ts';
import { Tap, type TappedRecord } from './tap.ts';
import { type TapPoint, tapPointsOf } from './tap-points.ts';

export interface AgentDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: AgentMetrics;
  readonly identity: NodeIdentity;
  /** Where the line `listening on …` of a source goes. */
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly kernel: WebAssembly.Module | undefined;
  readonly createTransform: CreateTransform;
  readonly createSink: (name: string, config: AgentConfig['sinks'][string]) => SinkRuntime;
}

export type OnceOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'sink_down'; readonly sink: string; readonly detail: string };

const ONCE_POLL_MS = 10;

/** The node agent: sources, sinks, and a lane for every source that leads to a sink. */
export class NodeAgent {
  readonly #deps: AgentDeps;
  #config: AgentConfig;
  readonly #sources = new Map<string, SourceRuntime>();
  #sinks = new Map<string, SinkRuntime>();
  readonly #buffers: SinkBuffers;
  readonly #pods: AgentPods;
  readonly #pushed: PushSources;
  #lanes: RunningLane[] = [];
  /** With the component that each looks at. */
  readonly #taps = new Map<Tap, string | undefined>();
  #tapped: readonly TapPoint[] = [];
  #changing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  readonly #once: boolean;

  constructor(config: AgentConfig, deps: AgentDeps, { once = false }: { readonly once?: boolean } = {}) {
    this.#config = config;
    this.#deps = deps;
    this.#once = once;
    this.#pushed = new PushSources(deps, once);
    this.#pods = new AgentPods(
      deps,
      () => this.#sources.values(),
      ({ name }, log) => {
        for (const { lane } of this.#lanes) if (lane instanceof Lane && lane.source === name) lane.refresh(log);
      },
    );
    this.#buffers = new SinkBuffers({
      ...deps,
      ledger: (source, sink) => this.#lanes.find((one) => isBetween(one.route, source, sink))?.counters.ledger,
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
  get pushed(): PushSources {
    return this.#pushed;
  }

  get buffers(): Iterable<SinkBuffer> {
    return this.#buffers.all;
  }

  get lanes(): readonly RunningLane[] {
    return this.#lanes;
  }

  /** What is known of the node's pods; undefined where no source asks for it. */
  get podMetadata(): PodMetadata | undefined {
    return this.#pods.metadata;
  }

  /** @throws {VigieError} when a file that the configuration names cannot be used */
  async start(signal: AbortSignal): Promise<void> {
    const { data_dir: dataDir } = this.#config;
    await fsPromises.mkdir(join(dataDir, 'checkpoints'), { recursive: true });
    this.#sinks = await this.#startSinks(this.#config, signal);
    const exchangeBuffers = await this.#buffers.prepare(this.#config, this.#sinks);
    await exchangeBuffers(signal);
    await this.#pods.configure(this.#config);
    await this.#startSources(this.#config);
    await this.#startLanes(this.#config);
  }

  /** Puts another configuration in place. Open files stay open and positions are kept, so nothing is lost;
   *  what cannot start leaves the old one running.
   *  @throws {VigieError} as `start` */
  reload(config: AgentConfig, signal: AbortSignal): Promise<void> {
    const change = this.#changing.then(async () => {
      if (this.#closed !== undefined) return;
      await this.#probeCheckpoints(config);
      const sinks = await this.#startSinks(config, signal);
      await this.#configurePods({ ...config, data_dir: this.#config.data_dir }, sinks);
      const exchangeBuffers = await this.#prepareBuffers(config, sinks);
      await this.#withGrace(signal, async (grace) => {
        await this.#closeLanes(grace);
        await exchangeBuffers(grace);
      });
      await Promise.all([...this.#sinks.values()].map((sink) => sink.close()));
      this.#sinks = sinks;
      this.#config = { ...config, data_dir: this.#config.data_dir };
      await this.#startSources(this.#config);
      await this.#startLanes(this.#config);
    });
    this.#changing = change.catch(() => undefined);
    return change;
  }

  /** Before any lane is closed: what could not start again afterwards would leave nothing running. */
  async #probeCheckpoints(config: AgentConfig): Promise<void> {
    for (const route of laneRoutes(config, this.#deps.createTransform)) {
      await probeCheckpoint(this.#checkpointPath(route), { fs: fsPromises });
    }
  }

  /** Positions stay where they are, whatever a reload says: in another folder every file would be read again. */
  #checkpointPath({ source, sink }: Route): string {
    return join(this.#config.data_dir, 'checkpoints', `${source}.${sink}.ckpt`);
  }

  /** Stops reading, waits for what is in flight, writes the checkpoints. Idempotent. */
  close(signal: AbortSignal): Promise<void> {
    this.#closed ??= this.#changing.then(async () => {
      // They wait for what is on its way, which the lanes give up in time.
      await Promise.all([this.#pushed.close(this.#config.shutdown_grace), this.#closeLanes(signal)]);
      await this.#buffers.close(signal);
      await Promise.all([...this.#sources.values()].map((source) => source.catalog.close()));
      await this.#pods.close();
      await Promise.all([...this.#sinks.values()].map((sink) => sink.close()));
    });
    return this.#closed;
  }

  /** Resolves when everything that there is has been delivered, or a sink has been down for too long. */
  async delivered(sinkTimeoutMs: number, signal: AbortSignal): Promise<OnceOutcome> {
    const { clock } = this.#deps;
    for (;;) {
      if (this.#pushed.areDone && this.#lanes.every(({ lane }) => lane.isIdle) && this.#buffers.areEmpty)
        return { status: 'done' };
      for (const { name, health } of this.#sinks.values()) {
        const { trouble } = health;
        if (trouble !== undefined && clock.monotonicMs() - trouble.sinceMs >= sinkTimeoutMs) {
          return { status: 'sink_down', sink: name, detail: trouble.detail };
        }
      }
      await clock.sleep(ONCE_POLL_MS, signal);
    }
  }

  ledger(): LedgerEntry[] {
    return this.#lanes.map(({ lane }) => ledgerOf(lane));
  }

  /** Shows a sample of the records that pass a component: a source, a transform or a sink.
   *  @param component undefined: what leaves for the first sink of each source
   *  @returns ends it */
  tap(listener: (record: TappedRecord) => void, recordsPerSecond: number, component?: string): () => void {
    const tap = new Tap(listener, recordsPerSecond, () => this.#deps.clock.monotonicMs());
    this.#taps.set(tap, component);
    this.#attachTaps();
    return () => {
      this.#taps.delete(tap);
      this.#attachTaps();
    };
  }

  /** Names that `tap` takes. */
  get components(): string[] {
    const { sources, transforms, sinks } = this.#config;
    return [...Object.keys(sources), ...Object.keys(transforms), ...Object.keys(sinks)];
  }

  #attachTaps(): void {
    for (const point of this.#tapped) point.observe(undefined);
    const observers = new Map<TapPoint, Tap[]>();
    for (const [tap, component] of this.#taps) {
      for (const point of tapPointsOf(this.#lanes, component))
        observers.set(point, [...(observers.get(point) ?? []), tap]);
    }
    for (const [point, taps] of observers) {
      point.observe((batch, from, end, facts) => {
        for (const tap of taps) tap.observe(batch, from, end, facts);
      });
    }
    this.#tapped = [...observers.keys()];
  }

  async #startSinks(config: AgentConfig, signal: AbortSignal): Promise<Map<string, SinkRuntime>> {
    const sinks = new Map<string, SinkRuntime>();
    try {
      for (const [name, section] of Object.entries(config.sinks)) {
        const sink = this.#deps.createSink(name, section);
        sinks.set(name, sink);
        await sink.start(signal);
      }
    } catch (error) {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
      throw error;
    }
    return sinks;
  }

  /** What `end` has not done within shutdown_grace, or when `signal` aborts, it is to give up. Not AbortSignal.any of a
   *  timeout: on Node 20 the timeout, which nobody else holds, is collected as garbage and never comes. */
  async #withGrace(signal: AbortSignal, end: (grace: AbortSignal) => Promise<void>): Promise<void> {
    const grace = new AbortController();
    const abort = (): void => grace.abort(signal.reason);
    const timer = this.#deps.clock.setTimer(this.#config.shutdown_grace, () =>
      grace.abort(new DOMException('the grace time is over', 'TimeoutError')),
    );
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    try {
      await end(grace.signal);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  /** Positions and buffers stay in the folder where they are. */
  async #prepareBuffers(
    config: AgentConfig,
    sinks: ReadonlyMap<string, SinkRuntime>,
  ): Promise<(signal: AbortSignal) => Promise<void>> {
    try {
      return await this.#buffers.prepare({ ...config, data_dir: this.#config.data_dir }, sinks);
    } catch (error) {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
      throw error;
    }
  }

  /** What cannot start leaves the old one running. */
  async #configurePods(config: AgentConfig, sinks: ReadonlyMap<string, SinkRuntime>): Promise<void> {
    try {
      await this.#pods.configure(config);
    } catch (error) {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
      throw error;
    }
  }

  async #startSources(config: AgentConfig): Promise<void> {
    const { clock, log, identity } = this.#deps;
    for (const [name, source] of this.#sources) {
      const section = config.sources[name];
      if (section !== undefined && isTailed(section)) continue;
      this.#sources.delete(name);
      await source.catalog.close();
    }
    for (const [name, section] of Object.entries(tailedSources(config.sources))) {
      const known = this.#sources.get(name);
      if (known !== undefined) {
        await known.reconfigure(section);
        this.#pods.attach(known, config);
        continue;
      }
      const source = new SourceRuntime(name, section, identity, clock, log);
      this.#sources.set(name, source);
      this.#pods.attach(source, config);
      await source.catalog.start();
    }
  }

  async #startLanes(config: AgentConfig): Promise<void> {
    const before = this.#lanes;
    const lanes: RunningLane[] = [];
    for (const route of laneRoutes(config, this.#deps.createTransform)) {
      const counters = before.find((one) => sameRoute(one.route, route))?.counters ?? this.#newCounters(route);
      lanes.push(await this.#createLane(config, route, counters));
    }
    this.#lanes = lanes;
    this.#attachTaps();
    this.#buffers.start(config, this.#sinks);
    for (const { lane } of lanes) await lane.start();
    await this.#pushed.configure(config, (source) =>
      lanes.flatMap(({ lane }) => (lane instanceof PushLane && lane.source === source ? [lane] : [])),
    );
  }

  /** What an earlier process left in the disk buffer of the sink is in flight from the start. */
  #newCounters({ source, sink }: Route): LaneCounters {
    const counters = new LaneCounters();
    const held = this.#buffers.of(sink)?.disk?.held().of(source);
    if (held !== undefined) counters.ledger.restored(held.bytes, held.records);
    return counters;
  }

  async #createLane(config: AgentConfig, route: Route, counters: LaneCounters): Promise<RunningLane> {
    const runtime = this.#sinks.get(route.sink) ?? missing('sink', route.sink);
    const sink = this.#buffers.of(route.sink)?.before(runtime.laneSink, route.source) ?? runtime.laneSink;
    const source = this.#sources.get(route.source);
    const deps = { ...this.#deps, once: this.#once };
    if (source === undefined) {
      const section = config.sources[route.source] ?? missing('source', route.source);
      return createPushLane(section, route, sink, counters, deps);
    }
    return createTailLane(config, route, source, sink, counters, this.#checkpointPath(route), deps);
  }

  async #closeLanes(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#lanes.map(({ lane }) => lane.close(signal)));
    for (const { counters } of this.#lanes) counters.ledger.handOver();
  }
}

function sameRoute(a: Route, b: Route): boolean {
  return isBetween(a, b.source, b.sink);
}

function isBetween(route: Route, source: string, sink: string): boolean {
  return route.source === source && route.sink === sink;
}

function missing(kind: string, name: string): never {
  throw bug(`${kind} ${name} is routed to but does not run`);
}
