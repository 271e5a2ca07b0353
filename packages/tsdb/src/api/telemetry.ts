/** Metrics of what the database is given and asked over HTTP. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import type { WriteStats } from './write-intake.ts';

export const TSDB_API_METRICS = {
  writeRequests: {
    name: 'vigie_tsdb_remote_write_requests_total',
    type: 'counter',
    help: 'Write requests, by protocol (1.0, 2.0, or unknown) and result: written, partial (some of it was refused, the sender is not to repeat it), retry (the sender is to repeat it), malformed, too_large, unsupported, unavailable, error.',
    labels: ['protocol', 'result'],
  },
  writtenSamples: {
    name: 'vigie_tsdb_remote_write_written_total',
    type: 'counter',
    help: 'What write requests brought and the database has: samples, histograms, exemplars.',
    labels: ['kind'],
  },
  writeProblems: {
    name: 'vigie_tsdb_remote_write_refused_total',
    type: 'counter',
    help: 'Series, samples, histograms and exemplars of write requests that were refused; vigie_tsdb_refused_* have the reasons.',
    labels: [],
  },
  receivedBytes: {
    name: 'vigie_tsdb_remote_write_received_bytes_total',
    type: 'counter',
    help: 'Bytes of write requests that were read, compressed as they came.',
    labels: [],
  },
  decodedBytes: {
    name: 'vigie_tsdb_remote_write_decoded_bytes_total',
    type: 'counter',
    help: 'The same bytes, decompressed.',
    labels: [],
  },
  federations: {
    name: 'vigie_tsdb_federate_requests_total',
    type: 'counter',
    help: 'Requests for /federate, by format (text, openmetrics, protobuf) and result: answered, refused, aborted, unavailable, error.',
    labels: ['format', 'result'],
  },
  federatedSamples: {
    name: 'vigie_tsdb_federate_samples_total',
    type: 'counter',
    help: 'Samples that /federate has given out.',
    labels: [],
  },
  leftOutHistograms: {
    name: 'vigie_tsdb_federate_left_out_histograms_total',
    type: 'counter',
    help: 'Native histograms that /federate has left out, because the format asked for has none, or none of custom buckets.',
    labels: [],
  },
} as const satisfies MetricTable;

export type WriteResult =
  | 'written'
  | 'partial'
  | 'retry'
  | 'malformed'
  | 'too_large'
  | 'unsupported'
  | 'unavailable'
  | 'error';
export type FederateFormat = 'text' | 'openmetrics' | 'protobuf';
export type FederateResult = 'answered' | 'refused' | 'aborted' | 'unavailable' | 'error';

/** Totals since the start. */
export class TsdbApiCounts {
  readonly #writes = new Map<RemoteWriteVersion | 'unknown', Map<WriteResult, number>>();
  readonly #federations = new Map<FederateFormat, Map<FederateResult, number>>();
  readonly written: WriteStats = { samples: 0, histograms: 0, exemplars: 0 };
  problems = 0;
  receivedBytes = 0;
  decodedBytes = 0;
  federatedSamples = 0;
  leftOutHistograms = 0;

  write(protocol: RemoteWriteVersion | 'unknown', result: WriteResult): void {
    countOne(this.#writes, protocol, result);
  }

  federation(format: FederateFormat, result: FederateResult): void {
    countOne(this.#federations, format, result);
  }

  /** For Telemetry.collect. */
  collect(report: Report<typeof TSDB_API_METRICS>): void {
    for (const [protocol, results] of this.#writes)
      for (const [result, count] of results) report('writeRequests', { protocol, result }, count);
    for (const [format, results] of this.#federations)
      for (const [result, count] of results) report('federations', { format, result }, count);
    report('writtenSamples', { kind: 'samples' }, this.written.samples);
    report('writtenSamples', { kind: 'histograms' }, this.written.histograms);
    report('writtenSamples', { kind: 'exemplars' }, this.written.exemplars);
    report('writeProblems', {}, this.problems);
    report('receivedBytes', {}, this.receivedBytes);
    report('decodedBytes', {}, this.decodedBytes);
    report('federatedSamples', {}, this.federatedSamples);
    report('leftOutHistograms', {}, this.leftOutHistograms);
  }
}

function countOne<K, R>(counts: Map<K, Map<R, number>>, key: K, result: R): void {
  const results = counts.get(key) ?? new Map<R, number>();
  counts.set(key, results);
  results.set(result, (results.get(result) ?? 0) + 1);
}
