import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { CheckpointStore } from '@vigie/log-pipeline/checkpoint/store';
import { createKernel } from '@vigie/log-pipeline/kernel/kernel';
import { Lane } from '@vigie/log-pipeline/lane/lane';
import type { CheckpointKey } from '@vigie/log-pipeline/lane/lane-checkpoint';
import { PushLane } from '@vigie/log-pipeline/lane/push-lane';
import type { LaneSink, RequestReports } from '@vigie/log-pipeline/lane/requests';
import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import type { AgentMetrics, LaneCounters } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { kernelSizes, PUSHED_MESSAGE_BYTES } from './kernel-sizes.ts';
import type { TakenCheckpoint } from './lane-checkpoints.ts';
import { createParser, multilineNamed } from './metadata/named-parts.ts';
import { PodPlans } from './metadata/pod-plans.ts';
import { RateLimits } from './rate-limits.ts';
import type { CreateTransform, Route } from './routes.ts';
import type { SourceConfig } from './source-config.ts';
import type { SourceRuntime } from './source-runtime.ts';

export interface RunningLane {
  readonly route: Route;
  readonly lane: Lane | PushLane;
  /** Of a lane that reads files. */
  readonly limits: RateLimits | undefined;
  readonly counters: LaneCounters;
  /** Of a lane that reads files: what it writes of where it is in them. */
  readonly store: CheckpointStore<CheckpointKey> | undefined;
}

export interface LaneDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: AgentMetrics;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly kernel: WebAssembly.Module | undefined;
  readonly createTransform: CreateTransform;
  readonly once: boolean;
}

const PARTIAL_BUDGET_BYTES = 16 * 1024 * 1024;

export function createTailLane(
  config: AgentConfig,
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
  const plans = plansOf(config, route, source, deps);
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
  source: SourceConfig,
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

function plansOf(config: AgentConfig, route: Route, { pods }: SourceRuntime, deps: LaneDeps): PodPlans | undefined {
  if (pods === undefined) return undefined;
  return new PodPlans(
    pods,
    route.sink,
    {
      createParser: (name) => createParser(config.transforms, deps.createTransform, name),
      multiline: (name) => multilineNamed(config.transforms, name),
    },
    route.multiline,
  );
}

function rateLimitsOf({ pods, config }: SourceRuntime, clock: Clock): RateLimits {
  const asked =
    pods === undefined
      ? undefined
      : {
          of: (log: ContainerLog) => pods.annotationsOf(log)?.rateLimit,
          maxBytesPerSecond: config.annotations.max_rate_limit,
        };
  const { per_pod: perPod, per_namespace: perNamespace } = config.limits;
  return new RateLimits(rateLimit(perPod), rateLimit(perNamespace), () => clock.monotonicMs(), asked);
}

function rateLimit(
  config: { readonly bytes_per_second: number; readonly burst?: number | undefined } | undefined,
): { readonly bytesPerSecond: number; readonly burstBytes: number } | undefined {
  if (config === undefined) return undefined;
  const { bytes_per_second: bytesPerSecond, burst = bytesPerSecond } = config;
  return { bytesPerSecond, burstBytes: burst };
}
