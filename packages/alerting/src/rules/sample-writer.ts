/** What rules write, by remote write to whoever keeps series: ALERTS, ALERTS_FOR_STATE, and what recording rules record. */
import type { Clock } from '@vigie/core/clock';
import type { HttpClient } from '@vigie/core/http-client/http-client';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import type { AppendSamples, RefusedSample, RuleSample } from '@vigie/rules/sample';
import { sortLabels } from '@vigie/wire/exposition/series-labels';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import { CONTENT_TYPES } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import type { Endpoint } from '../config/alerting-config.ts';
import { post } from './post.ts';
import { type BatchOutcome, SendQueue } from './send-queue.ts';

export interface SampleWriterDeps {
  readonly client: Pick<HttpClient, 'open'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

type FloatSample = RuleSample & { readonly value: number | 'stale' };

/** Of 2,000 alerts, 25 evaluations: 20 MB. */
const CAPACITY = 100_000;
/** Prometheus' own. */
const BATCH = 2000;

export class SampleWriter {
  readonly #queue: SendQueue<FloatSample>;
  readonly #externalLabels: () => LabelSet;

  /** @param externalLabels of now */
  constructor(endpoint: Pick<Endpoint, 'url' | 'timeoutMs'>, externalLabels: () => LabelSet, deps: SampleWriterDeps) {
    this.#externalLabels = externalLabels;
    const send = (batch: readonly FloatSample[], signal: AbortSignal) => write(endpoint, batch, deps, signal);
    this.#queue = new SendQueue({ capacity: CAPACITY, batchSize: BATCH, send }, deps);
  }

  get queue(): Pick<SendQueue<FloatSample>, 'counts' | 'length'> {
    return this.#queue;
  }

  /** Does not wait until they are written: a receiver that is down keeps no rule from being evaluated. */
  readonly append: AppendSamples = async (samples) => {
    const external = this.#externalLabels();
    const floats: FloatSample[] = [];
    const places: number[] = [];
    const refusals: (RefusedSample | undefined)[] = samples.map((sample, index) => {
      const { labels, timestampMs, value } = sample;
      if (typeof value === 'object') return { reason: 'histogram', message: 'native histograms are not written yet' };
      floats.push({ labels: LabelSet.of([...external.entries(), ...labels.entries()]), timestampMs, value });
      places.push(index);
      return undefined;
    });
    const taken = this.#queue.push(floats);
    for (const index of places.slice(taken))
      refusals[index] = { reason: 'queue_full', message: 'too many samples wait for remote_write' };
    return refusals;
  };

  close(options: { readonly graceMs: number }): Promise<void> {
    return this.#queue.close(options);
  }
}

async function write(
  { url, timeoutMs }: Pick<Endpoint, 'url' | 'timeoutMs'>,
  batch: readonly FloatSample[],
  { client, clock, log }: SampleWriterDeps,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const headers = {
    'content-type': CONTENT_TYPES['1.0'],
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
  const body = compress(encodeWriteRequest('1.0', batch.map(seriesOf)));
  const answer = await post(client, { url, headers, body, timeoutMs }, clock, signal);
  if (answer.kind === 'failed') {
    log.warn('samples of rules are not written yet', { reason: answer.detail });
    return 'retry';
  }
  const { status, text } = answer;
  if (status >= 200 && status < 300) return 'sent';
  if (status >= 500 || status === 429) {
    log.warn('samples of rules are not written yet', { status, reason: text });
    return 'retry';
  }
  log.error('samples of rules were refused', { status, reason: text, samples: batch.length });
  return 'dropped';
}

function seriesOf({ labels, timestampMs, value }: FloatSample): WrittenSeries {
  const flat = [...labels.entries()].flat();
  sortLabels(flat);
  return { labels: flat, values: floatOf(value), timestampsMs: Float64Array.of(timestampMs) };
}

function floatOf(value: number | 'stale'): Float64Array {
  if (value !== 'stale') return Float64Array.of(value);
  const words = Uint32Array.of(STALE_LOW, STALE_HIGH);
  return new Float64Array(words.buffer);
}
