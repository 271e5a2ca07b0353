/** What one record of the log says, for those who read it beside the database. Pure. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import type { FloatColumns, HistogramSample } from '../head/journal.ts';
import type { SeriesRef } from '../head/series-table.ts';
import { BodyReader } from './body-writer.ts';
import { type Frame, readFrame } from './frames.ts';
import * as records from './records.ts';

export interface DeclaredSeries {
  readonly ref: SeriesRef;
  readonly labels: LabelSet;
}

export type LogRecordContent =
  /** From here on, the references mean these series. Told twice. */
  | { readonly kind: 'series'; readonly series: readonly DeclaredSeries[] }
  /** Columns are valid until the next record is asked for. `isLate`: behind the newest of their series. */
  | { readonly kind: 'floats'; readonly columns: FloatColumns; readonly isLate: boolean }
  | { readonly kind: 'histograms'; readonly samples: readonly HistogramSample[]; readonly isLate: boolean }
  | { readonly kind: 'exemplar'; readonly ref: SeriesRef; readonly exemplar: Exemplar }
  | { readonly kind: 'metadata'; readonly metadata: MetricMetadata };

/** @returns undefined for a body that is none */
export function readRecord(bytes: Buffer, frame: Extract<Frame, { status: 'record' }>): LogRecordContent | undefined {
  const reader = new BodyReader(bytes, frame.bodyAt, frame.bodyBytes);
  switch (frame.type) {
    case records.SERIES_RECORD: {
      const series: DeclaredSeries[] = [];
      while (reader.bytesLeft > 0) {
        const ref = reader.word();
        const labels = records.readLabels(reader);
        if (labels === undefined) return undefined;
        series.push({ ref, labels });
      }
      return { kind: 'series', series };
    }
    case records.FLOATS_RECORD: {
      const floats = records.readFloats(reader);
      return floats === undefined ? undefined : { kind: 'floats', ...floats };
    }
    case records.HISTOGRAMS_RECORD:
    case records.LATE_HISTOGRAMS_RECORD: {
      const samples = records.readHistograms(reader);
      const isLate = frame.type === records.LATE_HISTOGRAMS_RECORD;
      return samples.length === 0 ? undefined : { kind: 'histograms', samples, isLate };
    }
    case records.EXEMPLAR_RECORD: {
      const exemplar = records.readExemplar(reader);
      return exemplar === undefined ? undefined : { kind: 'exemplar', ...exemplar };
    }
    case records.METADATA_RECORD: {
      const metadata = records.readMetadata(reader);
      return metadata === undefined ? undefined : { kind: 'metadata', metadata };
    }
    default:
      return undefined;
  }
}

/** Samples, histograms among them, from there to the end. @param bytes a segment, at a multiple of eight in memory */
export function countSamples(bytes: Buffer, fromByte: number): number {
  let samples = 0;
  for (let at = fromByte; ; ) {
    const frame = readFrame(bytes, at);
    if (frame.status === 'end') return samples;
    const record = frame.status === 'record' ? readRecord(bytes, frame) : undefined;
    if (record?.kind === 'floats') samples += record.columns.count;
    else if (record?.kind === 'histograms') samples += record.samples.length;
    at = frame.end;
  }
}
