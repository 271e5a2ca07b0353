/** The series of a test, which come as time goes on, and what rules write beside them. */
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import type { SeriesLine } from '@vigie/promql/script/series-line';
import type { StoredSample } from '@vigie/promql/storage/memory-storage';
import type { AppendSamples } from '../sample.ts';

export interface InputSeriesOptions {
  /** Of a series that comes twice, the last counts. */
  readonly series: readonly SeriesLine[];
  /** Unix ms, of the first values. */
  readonly startMs: number;
  /** Between values. */
  readonly intervalMs: number;
}

export class InputSeries {
  readonly #pending: ReadonlyMap<string, { readonly labels: SeriesLine['labels']; readonly samples: StoredSample[] }>;

  constructor({ series, startMs, intervalMs }: InputSeriesOptions) {
    this.#pending = new Map(
      series.map(({ labels, values }) => [
        labels.key,
        {
          labels,
          samples: values.flatMap(({ value }, index): StoredSample[] =>
            value === undefined ? [] : [{ timestampMs: startMs + index * intervalMs, value, startTimestampMs: 0 }],
          ),
        },
      ]),
    );
  }

  /** As in promtool, what comes later is not there yet, for a negative offset neither. */
  async load(storage: ScriptStorage, untilMs: number): Promise<void> {
    for (const { labels, samples } of this.#pending.values()) {
      const later = samples.findIndex(({ timestampMs }) => timestampMs > untilMs);
      const due = samples.splice(0, later < 0 ? samples.length : later);
      if (due.length > 0) await storage.append(labels, due);
    }
  }
}

export function appendTo(storage: ScriptStorage): AppendSamples {
  return async (samples) => {
    for (const { labels, timestampMs, value } of samples) {
      await storage.append(labels, [{ timestampMs, value, startTimestampMs: 0 }]);
    }
    return [];
  };
}
