import type { Clock } from '@vigie/core/clock';
import type { Report } from '@vigie/core/telemetry';
import type { FlushOutcome } from '../checkpoint/store.ts';
import { LaneLedger } from '../delivery/ledger.ts';
import type { LogCursor } from '../lane/log-cursor.ts';
import type { GoneReason } from '../tail/generation.ts';
import type { Agent } from './agent.ts';
import type { RuntimeConfig } from './config.ts';
import type { RunningLane } from './lane-runtime.ts';
import type { SinkBuffer } from './sink-buffers.ts';
import { LAGGING_CONTAINERS, type RUNTIME_METRICS } from './telemetry.ts';

type AgentReport = Report<typeof RUNTIME_METRICS>;

/** What runs, for the labels of its build. */
export interface Build {
  readonly version: string;
  /** Compiled kernel; undefined runs the TypeScript twin. */
  readonly kernel: WebAssembly.Module | undefined;
}

/** Why bytes may go missing whatever the configuration. Each stands at 0 from the start: Prometheus takes no notice of
 *  the first value of a series, and would not see the first loss. */
const LOSS_REASONS: readonly (GoneReason | 'deleted_while_down')[] = [
  'deleted',
  'deleted_budget',
  'deleted_while_down',
  'truncated',
  'corrupt_gzip',
];
const DROP_REASONS = ['buffer_corrupt', 'buffer_full', 'dead_letter', 'record_too_large', 'rejected', 'truncated'];

/** What one lane counts; it outlives the lane where a reload puts another in its place. */
export class LaneCounters {
  readonly ledger = new LaneLedger();
  readonly checkpointWrites = { written: 0, failed: 0 };
  readonly #kept = new Map<string, { readonly transform: string; readonly reason: string; records: number }>();
  /** Why the lane has stopped, if it has: a defect. */
  fault: unknown;

  checkpoint(outcome: FlushOutcome): void {
    if (outcome.status !== 'unchanged') this.checkpointWrites[outcome.status]++;
  }

  kept(transform: string, reason: string, records: number): void {
    const key = `${transform} ${reason}`;
    const entry = this.#kept.get(key) ?? { transform, reason, records: 0 };
    entry.records += records;
    this.#kept.set(key, entry);
  }

  get keptRecords(): Iterable<{ readonly transform: string; readonly reason: string; readonly records: number }> {
    return this.#kept.values();
  }
}

/** Reports everything an agent counts; called at a scrape. Cost: one walk over the containers.
 *  @param dropReasons those that there are beside the runtime's own */
export function reportRuntime<Config extends RuntimeConfig>(
  agent: Agent<Config>,
  dropReasons: readonly string[],
  clock: Clock,
  report: AgentReport,
): void {
  for (const running of agent.lanes) reportLane(running, dropReasons, clock, report);
  for (const source of agent.sources) {
    const labels = { source: source.name };
    let files = 0;
    for (const log of source.catalog.logs.values()) files += log.generations.length;
    report('files', labels, files);
    report('openFiles', labels, source.catalog.descriptors.size);
    report('activeLogs', labels, source.catalog.hot.size);
    report('watchedFolders', labels, source.catalog.watchedFolders);
    report('rotations', labels, source.rotations);
    for (const [operation, count] of source.errors) report('fileErrors', { ...labels, operation }, count);
  }
  for (const sink of agent.sinks) {
    const { name: sinkName, health } = sink;
    for (const [reason, count] of sink.retries) report('retries', { sink: sinkName, reason }, count);
    for (const [event, count] of sink.events) report('sinkEvents', { sink: sinkName, event }, count);
    report('sinkUp', { sink: sinkName }, health.trouble === undefined ? 1 : 0);
    if (health.trouble?.kind === 'held') report('sinkHeld', { sink: sinkName, reason: health.trouble.reason }, 1);
    report('deadLetters', { sink: sinkName }, sink.deadLettered);
  }
  for (const [source, counts] of agent.pushed.counts) {
    for (const [outcome, records] of counts) report('pushedRecords', { source, outcome }, records);
  }
  for (const buffer of agent.buffers) reportBuffer(buffer, clock, report);
}

/** What the process around an agent counts. */
export function reportProcess(
  reloads: { readonly success: number; readonly failure: number; readonly lastFailed: boolean },
  { version, kernel }: Build,
  report: AgentReport,
): void {
  report('reloads', { result: 'success' }, reloads.success);
  report('reloads', { result: 'failure' }, reloads.failure);
  report('reloadSuccess', {}, reloads.lastFailed ? 0 : 1);
  const runs = kernel === undefined ? 'typescript' : 'simd';
  report('buildInfo', { version, node: process.version, kernel: runs }, 1);
}

function reportBuffer({ sinkName, disk, damagedBytes }: SinkBuffer, clock: Clock, report: AgentReport): void {
  if (disk === undefined) return;
  const labels = { sink: sinkName };
  report('bufferBytes', labels, disk.bytes);
  report('bufferLimit', labels, disk.maxBytes);
  report('bufferRecords', labels, disk.held().records);
  const { oldestAtMs } = disk;
  report('bufferAge', labels, oldestAtMs === undefined ? 0 : Math.max(0, (clock.nowMs() - oldestAtMs) / 1000));
  for (const reason of ['torn', 'corrupt'] as const) {
    report('bufferDamaged', { ...labels, reason }, damagedBytes[reason]);
  }
}

function reportLane(
  { lane, counters }: RunningLane,
  dropReasons: readonly string[],
  clock: Clock,
  report: AgentReport,
): void {
  const labels = { source: lane.source, sink: lane.sink };
  const { ledger } = counters;
  report('readRecords', labels, ledger.readRecords);
  report('readBytes', labels, ledger.readBytes);
  report('ackedRecords', labels, ledger.ackedRecords);
  report('ackedBytes', labels, ledger.ackedBytes);
  report('sentBytes', labels, ledger.sentBytes);
  report('inFlightBytes', labels, ledger.inFlightBytes);
  report('unparsedRecords', labels, ledger.unparsedRecords);
  report('truncatedRecords', labels, ledger.truncatedRecords);
  report('partialRecords', labels, ledger.partialRecords);
  report('joinedRecords', labels, ledger.joinedRecords);
  report('cutRecords', labels, ledger.cutRecords);
  for (const reason of LOSS_REASONS) report('lostBytes', { ...labels, reason }, 0);
  for (const reason of [...DROP_REASONS, ...dropReasons]) {
    report('droppedBytes', { ...labels, reason }, 0);
    report('droppedRecords', { ...labels, reason }, 0);
  }
  for (const [reason, bytes] of ledger.droppedBytes) report('droppedBytes', { ...labels, reason }, bytes);
  for (const [reason, records] of ledger.droppedRecords) report('droppedRecords', { ...labels, reason }, records);
  for (const [reason, bytes] of ledger.lostBytes) report('lostBytes', { ...labels, reason }, bytes);
  for (const { transform, reason, records } of counters.keptRecords) {
    report('transformKept', { sink: lane.sink, transform, reason }, records);
  }
  for (const result of ['written', 'failed'] as const) {
    report('checkpointWrites', { ...labels, result }, counters.checkpointWrites[result]);
  }
  reportLag(lane.source, lane.sink, lane.cursors, clock.nowMs(), report);
}

/** The most lagging containers by name, all others as one: a node's series stay few whatever runs on it. */
function reportLag(
  source: string,
  sink: string,
  cursors: Iterable<LogCursor>,
  nowMs: number,
  report: AgentReport,
): void {
  const behind: { cursor: LogCursor; bytes: number }[] = [];
  for (const cursor of cursors) {
    const bytes = cursor.lagBytes();
    if (bytes > 0) behind.push({ cursor, bytes });
  }
  behind.sort((a, b) => b.bytes - a.bytes);
  const other = { bytes: 0, seconds: 0 };
  for (const [index, { cursor, bytes }] of behind.entries()) {
    const seconds = lagSeconds(cursor, nowMs);
    if (index >= LAGGING_CONTAINERS) {
      other.bytes += bytes;
      other.seconds = Math.max(other.seconds, seconds);
      continue;
    }
    const pod = cursor.log.pod ?? cursor.log.container;
    const labels = {
      source,
      sink,
      namespace: pod?.namespace ?? '',
      pod: pod?.podName ?? cursor.log.base,
      container: pod?.containerName ?? '',
    };
    report('lagBytes', labels, bytes);
    report('lagSeconds', labels, seconds);
  }
  const rest = { source, sink, namespace: '', pod: '', container: 'other' };
  report('lagBytes', rest, other.bytes);
  report('lagSeconds', rest, other.seconds);
}

/** Age of the newest record read, while there is more behind it; 0 for a container that is read to its end. */
function lagSeconds(cursor: LogCursor, nowMs: number): number {
  if (cursor.unreadBytes() === 0 || cursor.recordTimeMs === undefined) return 0;
  return Math.max(0, (nowMs - cursor.recordTimeMs) / 1000);
}
