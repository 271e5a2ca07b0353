/** What a head must do, in the plainest way: an array of samples for each series. */
import { isDeepStrictEqual } from 'node:util';
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { HeadOptions } from '../../src/head/options.ts';
import type { SampleRefusal } from '../../src/head/outcome.ts';

export interface ModelSample {
  readonly timestampMs: number;
  /** Bits of a float, or a histogram. */
  readonly value: string | Histogram;
}

export class ModelHead {
  readonly options: HeadOptions;
  readonly series = new Map<string, ModelSample[]>();
  newestMs = Number.NEGATIVE_INFINITY;

  constructor(options: HeadOptions) {
    this.options = options;
  }

  get keptFromMs(): number {
    return this.newestMs - this.options.retentionMs;
  }

  append(key: string, sample: ModelSample, nowMs: number): 'accepted' | 'known' | SampleRefusal {
    const { timestampMs, value } = sample;
    const { outOfOrderWindowMs, maxAheadMs } = this.options;
    if (!Number.isInteger(timestampMs)) return 'bad_timestamp';
    if (timestampMs > nowMs + maxAheadMs) return 'too_far_ahead';
    if (timestampMs < this.keptFromMs) return 'out_of_bounds';
    const samples = this.series.get(key) ?? [];
    const newest = samples.at(-1);
    const at = samples.findIndex((other) => other.timestampMs >= timestampMs);
    if (newest !== undefined && timestampMs < newest.timestampMs) {
      if (outOfOrderWindowMs === 0) return 'out_of_order';
      if (timestampMs < this.newestMs - outOfOrderWindowMs) return 'too_old';
    }
    const there = samples[at];
    if (there?.timestampMs === timestampMs) return sameValue(there.value, value) ? 'known' : 'duplicate';
    if (at < 0) samples.push(sample);
    else samples.splice(at, 0, sample);
    this.series.set(key, samples);
    this.newestMs = Math.max(this.newestMs, timestampMs);
    return 'accepted';
  }

  read(key: string, fromMs: number, toMs: number): readonly ModelSample[] {
    const samples = this.series.get(key) ?? [];
    const keptMs = Math.max(fromMs, this.keptFromMs);
    return samples.filter(({ timestampMs }) => timestampMs >= keptMs && timestampMs <= toMs);
  }

  dropOld(): void {
    for (const [key, samples] of this.series) {
      const kept = samples.filter(({ timestampMs }) => timestampMs >= this.keptFromMs);
      if (kept.length === 0) this.series.delete(key);
      else this.series.set(key, kept);
    }
  }
}

function sameValue(a: string | Histogram, b: string | Histogram): boolean {
  return typeof a === 'string' || typeof b === 'string'
    ? a === b
    : isDeepStrictEqual({ ...a, counterResetHint: 0 }, { ...b, counterResetHint: 0 });
}

/** Without the hints of histograms, which depend on what is compressed. */
export function withoutHints(samples: readonly ModelSample[]): readonly ModelSample[] {
  return samples.map((sample) =>
    typeof sample.value === 'string' ? sample : { ...sample, value: { ...sample.value, counterResetHint: 'unknown' } },
  );
}

export function samplesOf(columns: SampleColumns): readonly ModelSample[] {
  return Array.from({ length: columns.length }, (_, index) => ({
    timestampMs: columns.timestampsMs[index]!,
    value: columns.histograms?.[index] ?? bitsAt(columns, index),
  }));
}

export function bitsText(value: number): string {
  const columns = new SampleColumns();
  columns.addFloat(0, value);
  return bitsAt(columns, 0);
}

function bitsAt({ valueWords }: SampleColumns, index: number): string {
  return `${valueWords[2 * index + 1]!.toString(16)}.${valueWords[2 * index]!.toString(16)}`;
}
