/** Metrics of the receiver of OpenTelemetry's metrics. */
import type { MetricTable, Report } from '@vigie/core/telemetry';

export const OTLP_METRICS = {
  requests: {
    name: 'vigie_otlp_metrics_requests_total',
    type: 'counter',
    help: 'Requests, by format (protobuf, json, unknown) and result: written, partial (some data points were refused, the sender is not to repeat it), retry (the sender is to repeat it), full (as many bytes as may be are being read), malformed, too_large, unsupported, unavailable, error.',
    labels: ['format', 'result'],
  },
  points: {
    name: 'vigie_otlp_metrics_points_total',
    type: 'counter',
    help: 'Data points that came, those that were refused included.',
    labels: [],
  },
  refused: {
    name: 'vigie_otlp_metrics_refused_points_total',
    type: 'counter',
    help: 'Data points that were refused, in whole or in part, by the first reason: those of the translation (temporality, metric_name, label_name, scale), of deltas (delta_limit, delta_older_start, delta_out_of_order), and of the database.',
    labels: ['reason'],
  },
  written: {
    name: 'vigie_otlp_metrics_written_total',
    type: 'counter',
    help: 'What the database has of them: samples, histograms, exemplars.',
    labels: ['kind'],
  },
  receivedBytes: {
    name: 'vigie_otlp_metrics_received_bytes_total',
    type: 'counter',
    help: 'Bytes of requests, decompressed.',
    labels: [],
  },
  pendingBytes: {
    name: 'vigie_otlp_metrics_pending_bytes',
    type: 'gauge',
    help: 'Bytes of requests that are being read; otlp.max_pending bounds them.',
    labels: [],
  },
  deltaStreams: {
    name: 'vigie_otlp_metrics_delta_streams',
    type: 'gauge',
    help: 'Streams of deltas that are remembered; otlp.delta.max_streams bounds them.',
    labels: [],
  },
} as const satisfies MetricTable;

export type OtlpFormat = 'protobuf' | 'json' | 'unknown';
export type OtlpResult =
  | 'written'
  | 'partial'
  | 'retry'
  | 'full'
  | 'malformed'
  | 'too_large'
  | 'unsupported'
  | 'unavailable'
  | 'error';
export type WrittenKind = 'samples' | 'histograms' | 'exemplars';

/** Totals since the start. */
export class OtlpCounts {
  readonly #requests = new Map<OtlpFormat, Map<OtlpResult, number>>();
  readonly #refused = new Map<string, number>();
  readonly written: Record<WrittenKind, number> = { samples: 0, histograms: 0, exemplars: 0 };
  points = 0;
  receivedBytes = 0;
  /** Now. */
  pendingBytes = 0;

  request(format: OtlpFormat, result: OtlpResult): void {
    const results = this.#requests.get(format) ?? new Map<OtlpResult, number>();
    this.#requests.set(format, results);
    results.set(result, (results.get(result) ?? 0) + 1);
  }

  refuse(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** For Telemetry.collect. */
  report(report: Report<typeof OTLP_METRICS>, deltaStreams: number): void {
    for (const [format, results] of this.#requests)
      for (const [result, count] of results) report('requests', { format, result }, count);
    for (const [reason, count] of this.#refused) report('refused', { reason }, count);
    for (const kind of ['samples', 'histograms', 'exemplars'] as const) report('written', { kind }, this.written[kind]);
    report('points', {}, this.points);
    report('receivedBytes', {}, this.receivedBytes);
    report('pendingBytes', {}, this.pendingBytes);
    report('deltaStreams', {}, deltaStreams);
  }
}
