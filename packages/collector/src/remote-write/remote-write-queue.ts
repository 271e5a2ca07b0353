/** Sends what the database takes on to one receiver: reads its log, so that nothing waits in memory that could not be read again, and
 *  keeps on disk how far it has come. Source: Prometheus, storage/remote/queue_manager.go. */
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { assertNever, bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { Report } from '@vigie/core/telemetry';
import { CUSTOM_BUCKETS_SCHEMA } from '@vigie/promql/histogram/histogram';
import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import type { SeriesRef } from '@vigie/tsdb/head/series-table';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import type { LogFollower, LogPosition, LogRecord } from '@vigie/tsdb/wal/follow';
import type { Batch, BatchKind, ItemCounts } from './batch.ts';
import { Delivery } from './delivery.ts';
import { type MetadataSource, metadataOfName, metadataRequests } from './metadata-sender.ts';
import { type OutgoingSeries, OutgoingSeriesTable } from './outgoing-series.ts';
import { PositionFile, type PositionFs, type SentPosition } from './position-file.ts';
import { type Mark, Progress } from './progress.ts';
import type { RemoteWriteOptions } from './remote-write-options.ts';
import { Shard } from './shard.ts';
import { SHARD_UPDATE_INTERVAL_MS, ShardCount } from './shard-count.ts';
import { type REMOTE_WRITE_METRICS, RemoteWriteCounts, receiverLabels } from './telemetry.ts';
import type { WriteClient } from './write-client.ts';

export interface RemoteWriteDeps {
  readonly tsdb: Tsdb;
  /** For the position of each receiver; made if it is missing. */
  readonly folder: string;
  readonly fs: PositionFs;
  readonly client: WriteClient;
  readonly clock: Clock;
  readonly random: Random;
  /** One that limits repeats. */
  readonly log: Log;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  readonly observeSeconds: (seconds: number) => void;
}

/** After a kill, what was sent since is sent again. */
const SAVE_INTERVAL_MS = 5_000;
const READ_RETRY_MS = 1_000;
const DRAIN_CHECK_MS = 50;
/** Of a log that is read from its beginning. */
const OLDEST: LogPosition = { segment: 0, byte: 16 };

interface Running {
  readonly shard: Shard;
  readonly ended: Promise<void>;
}

export class RemoteWriteQueue {
  readonly counts = new RemoteWriteCounts();
  readonly #config: RemoteWriteOptions;
  readonly #deps: RemoteWriteDeps;
  readonly #position: PositionFile;
  readonly #delivery: Delivery;
  readonly #metadata: MetadataSource;
  readonly #progress = new Progress();
  readonly #reading = new AbortController();
  readonly #sending = new AbortController();
  readonly #timers = new Set<Timer>();
  readonly #save = coalesce(() => this.#savePosition());
  #follower: LogFollower | undefined;
  #series: OutgoingSeriesTable | undefined;
  #shards: readonly Running[] = [];
  readonly #shardCount: ShardCount;
  #wantedShards = 0;
  #loadBefore = { readItems: 0, sentItems: 0, sendMs: 0 };
  /** Segments before it were there when this process began: an earlier one may have sent them. */
  #ownSegments = 0;
  #cleanedAt = 0;
  /** Behind the last record that has been handed to shards. */
  #readTo: LogPosition = OLDEST;
  #saved: SentPosition | undefined;
  #reader: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(config: RemoteWriteOptions, deps: RemoteWriteDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#position = new PositionFile(deps.folder, config.name, deps.fs);
    this.#shardCount = new ShardCount(config.queue, config.queue.minShards);
    const { metadata } = deps.tsdb.head;
    const all = { metric: undefined, limit: undefined, limitPerMetric: undefined };
    this.#metadata = {
      all: () => metadata.query(all),
      of: (metric) => metadata.query({ ...all, metric })[0],
    };
    this.#delivery = new Delivery(config, {
      ...deps,
      counts: this.counts,
      metadataOf: (name) => metadataOfName(this.#metadata, name),
    });
  }

  /** Goes on where it stood; the first time, with what comes from now on. To be called when the database has started and nothing has
   *  been appended yet: what labels the series of the log had is known then.
   *  @throws what the file system throws */
  async start(): Promise<void> {
    const { tsdb, log } = this.#deps;
    const read = await this.#position.read();
    if (read.status === 'corrupt')
      log.error('the position of remote write is damaged: all that is left of the log is sent', {
        file: this.#position.path,
      });
    const from = read.status === 'ok' ? read.position : read.status === 'corrupt' ? OLDEST : undefined;
    this.#follower = tsdb.follow(from);
    this.#readTo = this.#follower.position;
    this.#series = new OutgoingSeriesTable(this.#config, this.#follower);
    this.#ownSegments = from === undefined ? 0 : this.#follower.end.segment;
    const { minShards, maxShards } = this.#config.queue;
    const shards = read.status === 'ok' ? Math.min(maxShards, Math.max(minShards, read.position.shards)) : minShards;
    this.#begin(shards);
    // From now on, what is not sent before the next start is what that one begins with.
    await this.#save();
    this.#every(SAVE_INTERVAL_MS, () => this.#save());
    this.#every(SHARD_UPDATE_INTERVAL_MS, async () => this.#countShards());
    this.#every(this.#config.metadata.sendIntervalMs, () => this.#sendMetadata());
    this.#reader = this.#read();
  }

  /** Resolves when all that is logged is sent, or dropped. @throws the signal's reason */
  async drained(signal: AbortSignal): Promise<void> {
    while (!this.#log().isAtEnd || this.pending > 0) await this.#deps.clock.sleep(DRAIN_CHECK_MS, signal);
  }

  /** Sends what is in memory, at most for so long; the rest is in the log for the next start. */
  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  report(report: Report<typeof REMOTE_WRITE_METRICS>): void {
    const { queue } = this.#config;
    const labels = receiverLabels(this.#config);
    this.counts.report(report, labels);
    report('samplesPending', labels, this.pending);
    report('shards', labels, this.#shards.length);
    report('shardsDesired', labels, this.#shardCount.desired);
    report('shardsMax', labels, queue.maxShards);
    report('shardsMin', labels, queue.minShards);
    report('protocol', { ...labels, version: this.#delivery.version }, 1);
    const follower = this.#follower;
    if (follower === undefined) return;
    report('damagedBytes', labels, follower.counts.damagedBytes);
    report('missingSegments', labels, follower.counts.missingSegments);
    report('samplesDropped', { ...labels, reason: 'log_bound' }, follower.counts.lostSamples);
    report('heldSegments', labels, follower.end.segment - follower.keptFrom);
  }

  /** Rows that wait in memory. */
  get pending(): number {
    return this.#shards.reduce((sum, { shard }) => sum + shard.pending, 0);
  }

  async #close(graceMs: number): Promise<void> {
    this.#reading.abort();
    for (const timer of this.#timers) timer.cancel();
    // The reader may be waiting for what is under way, too.
    const grace = this.#deps.clock.setTimer(graceMs, () => this.#sending.abort());
    await this.#reader;
    for (const { shard } of this.#shards) shard.flush();
    await Promise.all(this.#shards.map(({ ended }) => ended));
    grace.cancel();
    this.#sending.abort();
    if (this.#follower !== undefined) await this.#save();
    await this.#follower?.close();
    this.#deps.client.close();
  }

  #begin(shards: number): void {
    this.#wantedShards = shards;
    this.#shards = Array.from({ length: shards }, () => {
      const shard = new Shard(this.#config.queue, this.#deps.clock, (batch, signal) => this.#deliver(batch, signal));
      return { shard, ended: shard.run(this.#sending.signal) };
    });
  }

  /** A defect costs a batch and not all that is behind it. */
  async #deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      await this.#delivery.deliver(batch, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.counts.drop('unsendable', batch.counts());
      this.#deps.log.error('samples could not be made into a write request: they are lost', { error });
    }
  }

  async #read(): Promise<void> {
    const { signal } = this.#reading;
    const { log, clock } = this.#deps;
    while (!signal.aborted) {
      try {
        if (this.#wantedShards !== this.#shards.length) await this.#reshard(signal);
        await this.#take(await this.#log().next(signal), signal);
      } catch (error) {
        if (signal.aborted) return;
        log.error('the log cannot be read for remote write; it is tried again', { error });
        await clock.sleep(READ_RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  #log(): LogFollower {
    if (this.#follower === undefined) throw bug('remote write has not been started');
    return this.#follower;
  }

  /** All that is under way is sent first: a series goes to another shard with nothing of it left in this one. */
  async #reshard(signal: AbortSignal): Promise<void> {
    const shards = this.#wantedShards;
    for (const { shard } of this.#shards) shard.flush();
    await Promise.all(this.#shards.map(({ ended }) => ended));
    signal.throwIfAborted();
    this.#begin(shards);
    await this.#save();
  }

  async #take(record: LogRecord, signal: AbortSignal): Promise<void> {
    const mark = this.#progress.begin(record.position);
    await this.#enqueue(record, mark, signal);
    this.#progress.read(mark);
    this.#readTo = this.#log().position;
    this.#clean(record.position.segment);
  }

  async #enqueue(record: LogRecord, mark: Mark, signal: AbortSignal): Promise<void> {
    const { sendExemplars } = this.#config;
    const mayBeKnown = record.position.segment < this.#ownSegments;
    switch (record.kind) {
      case 'series':
        for (const { ref, labels } of record.series) this.#table().declare(ref, labels);
        return;
      case 'floats':
        await this.#enqueueFloats(record, { isLate: record.isLate, mayBeKnown }, mark, signal);
        return;
      case 'histograms':
        await this.#enqueueHistograms(record, { isLate: record.isLate, mayBeKnown }, mark, signal);
        return;
      case 'exemplar': {
        if (!sendExemplars) {
          this.counts.drop('not_configured', { exemplars: 1 });
          return;
        }
        const series = this.#find(record.ref, { exemplars: 1 });
        if (series === undefined) return;
        const shard = this.#shardOf(record.ref);
        if (!shard.hasRoom) await this.#roomIn(shard, signal);
        shard.batchFor({ isLate: false, mayBeKnown }).addExemplar(series, record.exemplar, mark);
        shard.added();
        return;
      }
      case 'metadata':
        return;
      default:
        assertNever(record);
    }
  }

  async #enqueueFloats(
    { columns }: Extract<LogRecord, { kind: 'floats' }>,
    kind: BatchKind,
    mark: Mark,
    signal: AbortSignal,
  ): Promise<void> {
    const { count, refs, timestampsMs, values, startTimestampsMs } = columns;
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
    for (let row = 0; row < count; row++) {
      const ref = refs[row]!;
      const series = this.#find(ref, { samples: 1 });
      if (series === undefined) continue;
      const shard = this.#shardOf(ref);
      if (!shard.hasRoom) await this.#roomIn(shard, signal);
      const timeMs = timestampsMs[row]!;
      const startMs = startTimestampsMs?.[row] ?? 0;
      if (series.endsWithHistogram && isStale(words, row)) {
        shard.batchFor(kind).addHistogram(series, timeMs, 'stale', startMs, mark);
      } else {
        // Receivers may read the floats of a request before its histograms.
        if (series.endsWithHistogram) shard.cut();
        series.endsWithHistogram = false;
        shard.batchFor(kind).addFloat(series, timeMs, words, row, startMs, mark);
      }
      shard.added();
      if (!kind.isLate && !series.endsWithHistogram) {
        series.lastMs = timeMs;
        series.lastValue = values[row]!;
      }
      this.#noteRead(timeMs);
    }
  }

  async #enqueueHistograms(
    { samples }: Extract<LogRecord, { kind: 'histograms' }>,
    kind: BatchKind,
    mark: Mark,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#config.sendNativeHistograms) {
      this.counts.drop('not_configured', { histograms: samples.length });
      return;
    }
    for (const { ref, timestampMs, histogram, startTimestampMs } of samples) {
      if (histogram.schema === CUSTOM_BUCKETS_SCHEMA && this.#delivery.version === '1.0') {
        this.counts.drop('nhcb_in_rw1_not_supported', { histograms: 1 });
        continue;
      }
      const series = this.#find(ref, { histograms: 1 });
      if (series === undefined) continue;
      const shard = this.#shardOf(ref);
      if (!shard.hasRoom) await this.#roomIn(shard, signal);
      shard.batchFor(kind).addHistogram(series, timestampMs, histogram, startTimestampMs, mark);
      shard.added();
      series.lastMs = Number.NaN;
      series.endsWithHistogram = true;
      this.#noteRead(timestampMs);
    }
  }

  #find(ref: SeriesRef, items: Partial<ItemCounts>): OutgoingSeries | undefined {
    const found = this.#table().find(ref);
    if (typeof found === 'object') return found;
    this.counts.drop(found === 'dropped' ? 'dropped_series' : 'unintentionally_dropped_series', items);
    return undefined;
  }

  #table(): OutgoingSeriesTable {
    if (this.#series === undefined) throw bug('remote write has not been started');
    return this.#series;
  }

  #shardOf(ref: SeriesRef): Shard {
    const mixed = Math.imul(ref, 0x9e37_79b1);
    const running = this.#shards[((mixed ^ (mixed >>> 15)) >>> 0) % this.#shards.length];
    if (running === undefined) throw bug('remote write has no shards');
    return running.shard;
  }

  async #roomIn(shard: Shard, signal: AbortSignal): Promise<void> {
    while (!shard.hasRoom) {
      this.counts.enqueueRetries++;
      await shard.room(signal);
      signal.throwIfAborted();
    }
  }

  #noteRead(timeMs: number): void {
    this.counts.readItems++;
    if (timeMs > this.counts.highestMs) this.counts.highestMs = timeMs;
  }

  /** Once a segment, and only where nothing of what has gone can come any more. */
  #clean(segment: number): void {
    if (segment === this.#cleanedAt || !this.#log().isAtEnd) return;
    this.#cleanedAt = segment;
    this.#table().forgetGone();
  }

  #countShards(): void {
    const { readItems, sentItems, sendMs, highestMs, highestSentMs } = this.counts;
    const before = this.#loadBefore;
    this.#loadBefore = { readItems, sentItems, sendMs };
    const load = {
      read: readItems - before.readItems,
      sent: sentItems - before.sentItems,
      sendMs: sendMs - before.sendMs,
      behindSeconds: highestSentMs > 0 ? (highestMs - highestSentMs) / 1000 : 0,
    };
    const wanted = this.#shardCount.next(load, this.#shards.length, SHARD_UPDATE_INTERVAL_MS);
    // More requests to a receiver that fails make it worse; and a sequence that may be known is sent as it was.
    const isReplaying = this.#log().position.segment < this.#ownSegments;
    if (load.sent > 0 && !this.#delivery.isTroubled && !isReplaying) this.#wantedShards = wanted;
  }

  async #sendMetadata(): Promise<void> {
    const { send, maxSamplesPerSend } = this.#config.metadata;
    if (!send || this.#delivery.version !== '1.0') return;
    for (const { body, entries } of metadataRequests(this.#metadata, maxSamplesPerSend))
      await this.#delivery.deliverMetadata(body, entries, this.#reading.signal);
  }

  async #savePosition(): Promise<void> {
    const follower = this.#log();
    const { segment, byte } = this.#progress.sentBefore(this.#readTo);
    const position = { segment, byte, shards: Math.max(1, this.#shards.length) };
    const saved = this.#saved;
    if (saved?.segment === segment && saved.byte === byte && saved.shards === position.shards) return;
    try {
      await this.#position.write(position);
      this.#saved = position;
      follower.keepFrom(segment);
    } catch (error) {
      this.counts.positionFailures++;
      this.#deps.log.error('the position of remote write cannot be written', { file: this.#position.path, error });
    }
  }

  /** Again and again, one after another, until it closes. */
  #every(intervalMs: number, act: () => Promise<void>): void {
    const timer = this.#deps.clock.setTimer(intervalMs, () => {
      this.#timers.delete(timer);
      const next = (): void => {
        if (!this.#reading.signal.aborted) this.#every(intervalMs, act);
      };
      act().then(next, next);
    });
    this.#timers.add(timer);
  }
}

function isStale(words: Uint32Array, row: number): boolean {
  return words[2 * row] === STALE_LOW && words[2 * row + 1] === STALE_HIGH;
}
