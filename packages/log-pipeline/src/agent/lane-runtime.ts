import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { createKernel } from '../kernel/kernel.ts';
import { Lane } from '../lane/lane.ts';
import type { CheckpointKey } from '../lane/lane-checkpoint.ts';
import { PushLane } from '../lane/push-lane.ts';
import type { LaneSink, RequestReports } from '../lane/requests.ts';
import type { LaneCounters } from './agent-metrics.ts';
import type { RuntimeConfig } from './config.ts';
import { kernelSizes, PUSHED_MESSAGE_BYTES } from './kernel-sizes.ts';
import type { TakenCheckpoint } from './lane-checkpoints.ts';
import { RateLimits } from './rate-limits.ts';
import type { CreateTransform, Route } from './routes.ts';
import type { SourceRuntime } from './source-runtime.ts';
import type { SourceSection } from './source-section.ts';

export interface RunningLane {
  readonly route: Route;
  readonly lane: Lane | PushLane;
  /** Of a lane that reads files. */
  readonly limits: RateLimits | undefined;
  readonly counters: LaneCounters;
  /** Of a lane that reads files: what it writes of where it is in them. */
  readonly store: CheckpointStore<CheckpointKey> | undefined;
}

/** Where it is told how long requests took. */
export interface BatchTimes {
  observe(metric: 'batchDuration', lane: { readonly source: string; readonly sink: string }, seconds: number): void;
}

export interface LaneDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: BatchTimes;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly kernel: WebAssembly.Module | undefined;
  readonly createTransform: CreateTransform;
  readonly once: boolean;
}

const PARTIAL_BUDGET_BYTES = 16 * 1024 * 1024;

export function createTailLane(
  config: RuntimeConfig,
  route: Route,
  source: SourceRuntime,
  sink: LaneSink,
  counters: LaneCounters,
  { store, entries }: TakenCheckpoint,
  deps: LaneDeps,
): RunningLane {
  const { clock, log } = deps;
  const from = source.config;
  const { batch } = route.sinkConfig;
  const limits = rateLimitsOf(source, clock);
  const plans = source.pods?.plans({
    sink: route.sink,
    multiline: route.multiline,
    transforms: config.transforms,
    createTransform: deps.createTransform,
  });
  // A pod may ask for a parser before the route's transforms.
  const addingTransforms = route.transforms.length + (plans === undefined ? 0 : 1);
  const where = { source: route.source, sink: route.sink };
  const lane = new Lane(
    {
      ...where,
      readBytes: from.read_bytes,
      maxLineBytes: from.max_line_bytes,
      once: deps.once,
      readFrom: from.read_from,
      ignoreOlderMs: from.ignore_older,
      batchBytes: batch.max_bytes,
      lingerMs: batch.timeout,
      partialTimeoutMs: from.partial_timeout,
      partialBudgetBytes: Math.max(PARTIAL_BUDGET_BYTES, from.max_line_bytes * 2),
      checkpointIntervalMs: config.checkpoint_interval,
      format: from.type === 'file' ? 'plain' : 'detect',
      multiline: route.multiline,
    },
    {
      clock,
      kernel: createKernel({ ...kernelSizes(from, route.sinkConfig, addingTransforms), wasm: deps.kernel }),
      catalog: source.catalog,
      sink,
      transforms: route.transforms,
      store,
      entries,
      ledger: counters.ledger,
      facts: (of) => source.facts(of),
      buckets: (of) => limits.of(of),
      forget: (of) => limits.forget(of),
      plans,
      reports: {
        ...reportsOf(route, counters, deps),
        readError: (generation, error) => source.failed('read', generation.path, error),
        lost: (path, bytes, reason) =>
          log.error('log bytes vanished before they could be read', { ...where, path, bytes, reason }),
        checkpoint: (outcome) => {
          counters.checkpoint(outcome);
          if (outcome.status === 'failed') {
            log.error('the checkpoint cannot be written; after a crash more would be sent again', {
              checkpoint: store.path,
              code: outcome.code,
              error: outcome.error,
            });
          }
        },
      },
    },
  );
  return { route, lane, limits, counters, store };
}

export function createPushLane(
  source: SourceSection,
  route: Route,
  sink: LaneSink,
  counters: LaneCounters,
  deps: LaneDeps,
): RunningLane {
  const { batch } = route.sinkConfig;
  const lane = new PushLane(
    {
      source: route.source,
      sink: route.sink,
      maxMessageBytes: PUSHED_MESSAGE_BYTES,
      batchBytes: batch.max_bytes,
      lingerMs: batch.timeout,
    },
    {
      clock: deps.clock,
      kernel: createKernel({ ...kernelSizes(source, route.sinkConfig, route.transforms.length), wasm: deps.kernel }),
      sink,
      transforms: route.transforms,
      ledger: counters.ledger,
      reports: reportsOf(route, counters, deps),
    },
  );
  return { route, lane, limits: undefined, counters, store: undefined };
}

function reportsOf(
  { source, sink }: Route,
  counters: LaneCounters,
  { log, metrics }: LaneDeps,
): RequestReports & { transformKept(transform: string, reason: string, records: number): void } {
  const where = { source, sink };
  return {
    delivered: (_records, durationMs) => metrics.observe('batchDuration', where, durationMs / 1000),
    transformKept: (transform, reason, records) => counters.kept(transform, reason, records),
    fault: (error) => {
      counters.fault = error;
      log.error('a lane has stopped', { ...where, error });
    },
  };
}

function rateLimitsOf({ pods, config }: SourceRuntime, clock: Clock): RateLimits {
  const { per_pod: perPod, per_namespace: perNamespace } = config.limits;
  return new RateLimits(rateLimit(perPod), rateLimit(perNamespace), () => clock.monotonicMs(), pods?.askedRates);
}

function rateLimit(
  config: { readonly bytes_per_second: number; readonly burst?: number | undefined } | undefined,
): { readonly bytesPerSecond: number; readonly burstBytes: number } | undefined {
  if (config === undefined) return undefined;
  const { bytes_per_second: bytesPerSecond, burst = bytesPerSecond } = config;
  return { bytesPerSecond, burstBytes: burst };
}
