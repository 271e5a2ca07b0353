import { bug } from '@vigie/core/errors';
import type { LaneLedger } from '../delivery/ledger.ts';
import { Lane } from '../lane/lane.ts';
import { PushLane } from '../lane/push-lane.ts';
import type { ContainerLog } from '../tail/generation.ts';
import { LaneCounters } from './agent-metrics.ts';
import type { RuntimeConfig } from './config.ts';
import { LaneCheckpoints, type LaneCheckpointsDeps } from './lane-checkpoints.ts';
import { createPushLane, createTailLane, type LaneDeps, type RunningLane } from './lane-runtime.ts';
import { laneRoutes, type Route } from './routes.ts';
import type { SinkBuffers } from './sink-buffers.ts';
import type { SinkRuntime } from './sink-runtime.ts';
import type { SourceRuntime } from './source-runtime.ts';
import { isTailed } from './source-section.ts';

/** What lanes lead from and to. Sources may be among them that this configuration does not ask for. */
export interface LaneEnds {
  readonly config: RuntimeConfig;
  readonly sources: ReadonlyMap<string, SourceRuntime>;
  readonly sinks: ReadonlyMap<string, SinkRuntime>;
  readonly buffers: SinkBuffers;
}

/** The agent's lanes, one for every source that leads to a sink. A reload exchanges them all; what they counted and where
 *  they are in their logs passes on to those that take their place. */
export class Lanes {
  #deps: LaneDeps;
  readonly #checkpoints: LaneCheckpoints;
  readonly #counters = new Map<string, LaneCounters>();
  #all: readonly RunningLane[] = [];
  /** Closed, and still the readers of their catalogs: what they have not read is kept for the next ones. */
  readonly #leaving = new Set<RunningLane>();

  constructor(dataDir: string, deps: LaneDeps & LaneCheckpointsDeps) {
    this.#deps = deps;
    this.#checkpoints = new LaneCheckpoints(dataDir, deps);
  }

  /** Those that were started last; closed where starting others has failed. */
  get all(): readonly RunningLane[] {
    return this.#all;
  }

  ledgerOf(source: string, sink: string): LaneLedger | undefined {
    return this.#counters.get(keyOf({ source, sink }))?.ledger;
  }

  /** Those that records of a source are pushed into. */
  pushedInto(source: string): PushLane[] {
    return this.#all.flatMap(({ lane }) => (lane instanceof PushLane && lane.source === source ? [lane] : []));
  }

  /** Other facts are known of a log, or more. */
  refresh(source: string, log: ContainerLog): void {
    for (const { lane } of this.#all) if (lane instanceof Lane && lane.source === source) lane.refresh(log);
  }

  /** Does beforehand what may fail, beside the lanes that run.
   *  @throws what the file system throws */
  async prepare(config: RuntimeConfig): Promise<void> {
    const routes = laneRoutes(config, this.#deps.createTransform);
    await this.#checkpoints.open(routes.filter(({ source }) => isTailedIn(config, source)));
  }

  /** Makes the lanes of a configuration, in place of those that were closed; what it needs is prepared. */
  create(ends: LaneEnds): void {
    const routes = laneRoutes(ends.config, this.#deps.createTransform);
    this.#all = routes.map((route) => this.#create(ends, route));
  }

  /** Lets those begin that were created.
   *  @throws what reading the folders of their logs throws; some may run then */
  async start(): Promise<void> {
    for (const { lane, store } of this.#all) {
      await lane.start();
      if (store !== undefined) this.#checkpoints.inUse(store);
    }
  }

  /** They stay: what was kept of the ones before, for the case that those are wanted again, is let go. */
  settle(): void {
    for (const { lane } of this.#leaving) if (lane instanceof Lane) lane.leave();
    this.#leaving.clear();
    const routes = this.#all.map(({ route }) => route);
    this.#checkpoints.keepOnly(routes);
    const keys = new Set(routes.map(keyOf));
    for (const key of this.#counters.keys()) if (!keys.has(key)) this.#counters.delete(key);
  }

  /** Files are read to their ends from now on, and last lines count without their newlines: nobody writes any more. Lanes of
   *  what is pushed go on.
   *  @param signal gives up what is in flight; what it was is read again
   *  @throws its reason; what reading the folders of their logs throws */
  async readToEnds(ends: LaneEnds, signal: AbortSignal): Promise<void> {
    const before = this.#all.filter(({ lane }) => lane instanceof Lane);
    await Promise.all(before.map(({ lane }) => lane.close(signal)));
    for (const { counters } of before) counters.ledger.handOver();
    signal.throwIfAborted();
    this.#deps = { ...this.#deps, once: true };
    const routes = new Map(laneRoutes(ends.config, this.#deps.createTransform).map((route) => [keyOf(route), route]));
    this.#all = this.#all.map((running) => {
      if (!before.includes(running)) return running;
      this.#leaving.add(running);
      return this.#create(ends, routes.get(keyOf(running.route)) ?? missing('the lane from', running.route.source));
    });
    for (const { lane, store } of this.#all) {
      if (!(lane instanceof Lane)) continue;
      await lane.start();
      if (store !== undefined) this.#checkpoints.inUse(store);
    }
    this.settle();
  }

  /** Stops them, and writes their checkpoints. Idempotent. */
  async close(signal: AbortSignal): Promise<void> {
    for (const one of this.#all) this.#leaving.add(one);
    await Promise.all(this.#all.map(({ lane }) => lane.close(signal)));
    for (const { counters } of this.#all) counters.ledger.handOver();
  }

  #create({ config, sources, sinks, buffers }: LaneEnds, route: Route): RunningLane {
    const runtime = sinks.get(route.sink) ?? missing('sink', route.sink);
    const sink = buffers.of(route.sink)?.before(runtime.laneSink, route.source) ?? runtime.laneSink;
    const counters = this.#countersOf(route, buffers);
    const section = config.sources[route.source] ?? missing('source', route.source);
    if (!isTailed(section)) return createPushLane(section, route, sink, counters, this.#deps);
    const source = sources.get(route.source) ?? missing('source', route.source);
    const checkpoint = this.#checkpoints.take(route) ?? missing('the checkpoint of source', route.source);
    return createTailLane(config, route, source, sink, counters, checkpoint, this.#deps);
  }

  /** What an earlier process left in the disk buffer of the sink is in flight from the start. */
  #countersOf(route: Route, buffers: SinkBuffers): LaneCounters {
    const known = this.#counters.get(keyOf(route));
    if (known !== undefined) return known;
    const counters = new LaneCounters();
    const held = buffers.of(route.sink)?.disk?.held().of(route.source);
    if (held !== undefined) counters.ledger.restored(held.bytes, held.records);
    this.#counters.set(keyOf(route), counters);
    return counters;
  }
}

function keyOf({ source, sink }: Pick<Route, 'source' | 'sink'>): string {
  return `${source} ${sink}`;
}

function isTailedIn({ sources }: RuntimeConfig, name: string): boolean {
  const section = sources[name];
  return section !== undefined && isTailed(section);
}

function missing(kind: string, name: string): never {
  throw bug(`${kind} ${name} is routed to but does not run`);
}
