/** Brings batches to one receiver: tried again until they are taken or refused for good. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { CONTENT_TYPES, type RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import { type Batch, type EncodedBatch, type ItemCounts, type LeftOut, type MetadataOf, NOTHING } from './batch.ts';
import type { QueueOptions, RemoteWriteOptions } from './remote-write-options.ts';
import { type RemoteWriteCounts, reasonOfStatus } from './telemetry.ts';
import { type Verdict, verdictOf } from './verdict.ts';
import type { WriteClient } from './write-client.ts';

export interface DeliveryDeps {
  readonly client: WriteClient;
  readonly clock: Clock;
  readonly random: Random;
  /** One that limits repeats. */
  readonly log: Log;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  readonly metadataOf: MetadataOf;
  readonly counts: RemoteWriteCounts;
  readonly observeSeconds: (seconds: number) => void;
}

const VERSION_HEADERS: Readonly<Record<RemoteWriteVersion, string>> = { '1.0': '0.1.0', '2.0': '2.0.0' };

/** What came of rows: an attempt of them may have been taken without an answer. */
type Outcome = Exclude<Verdict, { status: 'retry' | 'unsupported' }> & { readonly wasAmbiguous: boolean };

export class Delivery {
  readonly #queue: QueueOptions;
  readonly #deps: DeliveryDeps;
  #version: RemoteWriteVersion;
  /** Until then, the receiver has asked to be left alone, or has failed: no time for more shards. Monotonic. */
  #troubledUntilMs = Number.NEGATIVE_INFINITY;

  constructor(config: Pick<RemoteWriteOptions, 'version' | 'queue'>, deps: DeliveryDeps) {
    this.#queue = config.queue;
    this.#deps = deps;
    this.#version = config.version;
  }

  /** What is spoken: 1.0 from when a receiver has shown that it does not know 2.0. */
  get version(): RemoteWriteVersion {
    return this.#version;
  }

  get isTroubled(): boolean {
    return this.#deps.clock.monotonicMs() < this.#troubledUntilMs;
  }

  /** Resolves when nothing of the batch is left to be sent.
   *  @throws the signal's reason, and nothing else */
  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.#deliverRows(batch, 0, batch.count, batch.kind.mayBeKnown, signal);
    const { counts } = this.#deps;
    counts.highestSentMs = Math.max(counts.highestSentMs, batch.newestMs);
    counts.sentItems += batch.count;
  }

  /** Sends a body of protocol 1.0 without samples. @returns whether it was taken */
  async deliverMetadata(body: Buffer, entries: number, signal: AbortSignal): Promise<boolean> {
    const compressed = compress(body);
    const { counts } = this.#deps;
    const encoded = { body, expected: NOTHING, leftOut: NONE_LEFT_OUT };
    const outcome = await this.#untilSettled(() => encoded, '1.0', signal);
    counts.metadataBytes += compressed.length;
    const isTaken = outcome.status === 'written';
    if (isTaken) counts.metadata += entries;
    else counts.metadataFailed += entries;
    return isTaken;
  }

  async #deliverRows(batch: Batch, from: number, to: number, mayBeKnown: boolean, signal: AbortSignal): Promise<void> {
    const { outcome, sent } = await this.#send(batch, from, to, signal);
    const { counts, log } = this.#deps;
    if (outcome.status === 'written') {
      this.#noteWritten(sent, outcome.written);
      return;
    }
    const { httpStatus, detail } = outcome;
    if (httpStatus === 413 && to - from > 1) {
      const middle = (from + to) >>> 1;
      await this.#deliverRows(batch, from, middle, mayBeKnown, signal);
      await this.#deliverRows(batch, middle, to, mayBeKnown, signal);
      return;
    }
    const wasSent = httpStatus === 400 && (mayBeKnown || outcome.wasAmbiguous);
    if (wasSent && outcome.written === undefined && to - from > 1) {
      await this.#deliverUnknown(batch, from, to, signal);
      return;
    }
    const written = outcome.written ?? NOTHING;
    counts.addSent(written);
    if (wasSent) {
      counts.drop('known', difference(sent, written));
      return;
    }
    counts.drop(reasonOfStatus(httpStatus), difference(sent, written));
    log.error('a receiver of remote write refused samples: they are lost', { detail, ...difference(sent, written) });
  }

  /** A receiver of protocol 1.0 may refuse a request as a whole where it has one of its samples already, and newer ones of the
   *  series. What it has is a beginning of the rows, for shards send in order: the first row that is new is searched for in each run of
   *  rows that have a series once at most, where no row depends on another. */
  async #deliverUnknown(batch: Batch, from: number, to: number, signal: AbortSignal): Promise<void> {
    const { counts } = this.#deps;
    for (let at = from; at < to; ) {
      const end = Math.min(to, batch.endOfRun(at));
      const whole = await this.#send(batch, at, end, signal);
      if (whole.outcome.status === 'written') this.#noteWritten(whole.sent, whole.outcome.written);
      else {
        const first = await this.#firstUnknown(batch, at, end, signal);
        counts.drop('known', batch.counts(at, first));
        if (first < end) await this.#deliverRest(batch, first, end, signal);
      }
      at = end;
    }
  }

  /** Of a run, from the first row that is new: one by one where the receiver has others too. */
  async #deliverRest(batch: Batch, from: number, to: number, signal: AbortSignal): Promise<void> {
    const { outcome, sent } = await this.#send(batch, from, to, signal);
    if (outcome.status === 'written') this.#noteWritten(sent, outcome.written);
    else if (to - from === 1) this.#deps.counts.drop('known', sent);
    else for (let row = from; row < to; row++) await this.#deliverRest(batch, row, row + 1, signal);
  }

  /** @returns `end` where the receiver has them all */
  async #firstUnknown(batch: Batch, from: number, end: number, signal: AbortSignal): Promise<number> {
    let low = from;
    let high = end;
    // The last one first: where the receiver has that, it has all.
    let probe = end - 1;
    while (low < high) {
      while (probe > low && !batch.isSample(probe)) probe--;
      const { outcome } = await this.#send(batch, probe, probe + 1, signal);
      if (outcome.status === 'refused') low = probe + 1;
      else high = probe;
      probe = (low + high) >>> 1;
    }
    return low;
  }

  async #send(
    batch: Batch,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: Outcome; readonly sent: ItemCounts }> {
    const { clock, metadataOf, counts } = this.#deps;
    const { sampleAgeLimitMs } = this.#queue;
    const items = batch.counts(from, to);
    let encoded: EncodedBatch | undefined;
    const encode = (version: RemoteWriteVersion): EncodedBatch => {
      if (encoded !== undefined) counts.addRetried(items);
      const oldestMs = sampleAgeLimitMs === 0 ? Number.NEGATIVE_INFINITY : clock.nowMs() - sampleAgeLimitMs;
      encoded = batch.encode(version, from, to, metadataOf, oldestMs);
      return encoded;
    };
    const outcome = await this.#untilSettled(encode, undefined, signal);
    const { tooOld, customBuckets, withoutSample } = encoded?.leftOut ?? NONE_LEFT_OUT;
    counts.drop('too_old', tooOld);
    counts.drop('nhcb_in_rw1_not_supported', customBuckets);
    counts.drop('without_sample', withoutSample);
    return { outcome, sent: [tooOld, customBuckets, withoutSample].reduce(difference, items) };
  }

  async #untilSettled(
    encode: (version: RemoteWriteVersion) => EncodedBatch,
    fixedVersion: RemoteWriteVersion | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { clock, random, log } = this.#deps;
    const { minBackoffMs, maxBackoffMs } = this.#queue;
    const backoff = new Backoff({ baseMs: 2 * minBackoffMs, capMs: maxBackoffMs }, random);
    let wasAmbiguous = false;
    for (let attempt = 0; ; attempt++) {
      const version = fixedVersion ?? this.#version;
      const verdict = await this.#attempt(encode(version), version, attempt, signal);
      switch (verdict.status) {
        case 'written':
        case 'refused':
          return { ...verdict, wasAmbiguous };
        case 'unsupported':
          if (this.#version === '2.0') {
            this.#version = '1.0';
            log.warn('a receiver does not know remote write 2.0, and is sent 1.0', { detail: verdict.detail });
          }
          wasAmbiguous = true;
          break;
        case 'retry': {
          wasAmbiguous ||= verdict.isAmbiguous;
          const waitMs = verdict.afterMs ?? Math.max(minBackoffMs, backoff.nextMs());
          this.#troubledUntilMs = Math.max(this.#troubledUntilMs, clock.monotonicMs() + 2 * waitMs);
          log.warn('a receiver of remote write did not take samples; they are sent again', { detail: verdict.detail });
          await clock.sleep(waitMs, signal);
          break;
        }
        default:
          assertNever(verdict);
      }
    }
  }

  async #attempt(
    { body, expected }: EncodedBatch,
    version: RemoteWriteVersion,
    attempt: number,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { client, clock, counts, observeSeconds, userAgent } = this.#deps;
    if (body.length === 0) return { status: 'written', written: NOTHING };
    const compressed = compress(body);
    const headers = {
      'content-encoding': 'snappy',
      'content-type': CONTENT_TYPES[version],
      'x-prometheus-remote-write-version': VERSION_HEADERS[version],
      'user-agent': userAgent,
      ...(attempt === 0 ? {} : { 'retry-attempt': String(attempt) }),
    };
    const startedMs = clock.monotonicMs();
    const answer = await client.post(compressed, headers, signal);
    const tookMs = clock.monotonicMs() - startedMs;
    counts.bytes += compressed.length;
    counts.sendMs += tookMs;
    observeSeconds(tookMs / 1000);
    return verdictOf(answer, version, expected, this.#queue.retryOnHttp429, clock.nowMs());
  }

  #noteWritten(sent: ItemCounts, written: ItemCounts | undefined): void {
    const { counts, log } = this.#deps;
    if (written === undefined) {
      counts.addSent(sent);
      return;
    }
    const missing = difference(sent, written);
    counts.addSent(difference(sent, missing));
    if (missing.samples + missing.histograms + missing.exemplars === 0) return;
    counts.drop('not_written', missing);
    log.error('a receiver of remote write took a request and says that it wrote less', { ...missing });
  }
}

const NONE_LEFT_OUT: LeftOut = { tooOld: NOTHING, customBuckets: NOTHING, withoutSample: NOTHING };

/** What of the one is not in the other; none is negative. */
function difference(all: ItemCounts, part: ItemCounts): ItemCounts {
  return {
    samples: Math.max(0, all.samples - part.samples),
    histograms: Math.max(0, all.histograms - part.histograms),
    exemplars: Math.max(0, all.exemplars - part.exemplars),
  };
}
