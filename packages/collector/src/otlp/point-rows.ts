/** Samples of data points on their way into the database: columns, with the data point that each is of. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import { describeLabels } from '@vigie/promql/text/labels';
import { toHistogram } from '@vigie/tsdb/api/histograms';
import { WriteProblems } from '@vigie/tsdb/api/write-problems';
import { refusalOf, UNKNOWN_SERIES } from '@vigie/tsdb/head/outcome';
import { NO_SLOT } from '@vigie/tsdb/head/series-table';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { histogramFlaw, type NativeHistogram } from '@vigie/wire/native-histogram';
import type { OtlpCounts } from './telemetry.ts';
import type { SampleSink, SeriesSample, TranslationRefusal } from './translate.ts';

interface HistogramRow {
  readonly ref: number;
  readonly timestampMs: number;
  readonly startTimestampMs: number;
  readonly histogram: ReturnType<typeof toHistogram>;
  readonly point: number;
}

/** Of what is no data point: `target_info`. */
const NO_POINT = -1;

const TEXTS: Readonly<Record<TranslationRefusal, string>> = {
  temporality: 'invalid temporality and type combination',
  metric_name: 'nothing is left of the name',
  label_name: 'an attribute has a name that no label can have',
  scale: 'cannot convert exponential to native histogram: scale must be >= -4',
  delta_limit: 'as many streams of deltas as may be are remembered',
  delta_older_start: 'a delta of a stream that began later: two processes may send the same one',
  delta_out_of_order: 'a delta that is not after the one before it',
};

/** Of one request. */
export class PointRows implements SampleSink {
  readonly problems = new WriteProblems();
  readonly #tsdb: Tsdb;
  readonly #counts: OtlpCounts;
  readonly #refused = new Set<number>();
  readonly #histograms: HistogramRow[] = [];
  readonly #exemplars: { readonly ref: number; readonly exemplar: Exemplar }[] = [];
  #point = NO_POINT;
  #count = 0;
  #refs = new Uint32Array(1024);
  #timestampsMs = new Float64Array(1024);
  #startTimestampsMs = new Float64Array(1024);
  #values = new Float64Array(1024);
  #words = new Uint32Array(this.#values.buffer);
  #points = new Int32Array(1024);

  constructor(tsdb: Tsdb, counts: OtlpCounts) {
    this.#tsdb = tsdb;
    this.#counts = counts;
  }

  /** Data points that were refused, in whole or in part. */
  get refusedPoints(): number {
    return this.#refused.size;
  }

  point(): void {
    this.#point++;
    this.#counts.points++;
  }

  refuse(reason: TranslationRefusal, metric: string): void {
    this.#refusePoint(this.#point, reason);
    this.problems.add(() => `${TEXTS[reason]}: metric ${JSON.stringify(metric)}`);
  }

  float(sample: SeriesSample, value: number | 'stale'): void {
    const ref = this.#refOf(sample.labels, this.#point);
    if (ref === undefined) return;
    this.#add(ref, sample.timestampMs, sample.startTimestampMs, value, this.#point);
    for (const exemplar of sample.exemplars) this.#exemplars.push({ ref, exemplar });
  }

  histogram({ labels, timestampMs, startTimestampMs, exemplars }: SeriesSample, histogram: NativeHistogram): void {
    const flaw = histogramFlaw(histogram);
    if (flaw !== undefined) {
      this.#refusePoint(this.#point, 'bad_histogram');
      this.problems.add(() => `${flaw} for series ${describeLabels(labels)}`);
      return;
    }
    const ref = this.#refOf(labels, this.#point);
    if (ref === undefined) return;
    const point = this.#point;
    this.#histograms.push({ ref, timestampMs, startTimestampMs, histogram: toHistogram(histogram), point });
    for (const exemplar of exemplars) this.#exemplars.push({ ref, exemplar });
  }

  info(labels: LabelSet, timestampMs: number): void {
    const ref = this.#refOf(labels, NO_POINT);
    if (ref !== undefined) this.#add(ref, timestampMs, 0, 1, NO_POINT);
  }

  metadata(metadata: MetricMetadata): void {
    this.#tsdb.setMetadata(metadata);
  }

  /** Queries see what was taken when this returns; its promise says whether that survives the process. */
  async write(): Promise<boolean> {
    this.#writeFloats();
    this.#writeHistograms();
    for (const { ref, exemplar } of this.#exemplars) {
      const result = this.#tsdb.addExemplar(ref, exemplar);
      if (result === 'added' || result === 'known') this.#counts.written.exemplars++;
    }
    return this.#tsdb.commit();
  }

  #writeFloats(): void {
    const count = this.#count;
    if (count === 0) return;
    const outcomes = new Uint8Array(count);
    const columns = {
      count,
      refs: this.#refs,
      timestampsMs: this.#timestampsMs,
      startTimestampsMs: this.#startTimestampsMs,
      values: this.#values,
    };
    const { accepted, known } = this.#tsdb.head.append(columns, outcomes);
    this.#counts.written.samples += accepted + known;
    if (accepted + known === count) return;
    for (let row = 0; row < count; row++) this.#outcome(outcomes[row]!, this.#refs[row]!, this.#points[row]!);
  }

  #writeHistograms(): void {
    const rows = this.#histograms;
    if (rows.length === 0) return;
    const outcomes = new Uint8Array(rows.length);
    const { accepted, known } = this.#tsdb.head.appendHistograms(rows, outcomes);
    this.#counts.written.histograms += accepted + known;
    for (const [row, { ref, point }] of rows.entries()) this.#outcome(outcomes[row]!, ref, point);
  }

  #outcome(outcome: number, ref: number, point: number): void {
    if (outcome < UNKNOWN_SERIES) return;
    const reason = refusalOf(outcome);
    // Resources are told of with every request: what is there already, at another time, is no loss.
    if (point === NO_POINT) return;
    this.#refusePoint(point, reason);
    this.problems.refused(reason, () => this.#textOf(ref));
  }

  #refOf(labels: LabelSet, point: number): number | undefined {
    const ref = this.#tsdb.getOrCreate(labels);
    if (typeof ref === 'number') return ref;
    if (point !== NO_POINT) this.#refusePoint(point, ref);
    this.problems.refused(ref, () => describeLabels(labels));
    return undefined;
  }

  #refusePoint(point: number, reason: string): void {
    if (this.#refused.has(point)) return;
    this.#refused.add(point);
    this.#counts.refuse(reason);
  }

  #textOf(ref: number): string {
    const { table } = this.#tsdb.head;
    const slot = table.resolve(ref);
    return slot === NO_SLOT ? '{}' : describeLabels(table.labelSet(slot));
  }

  #add(ref: number, timestampMs: number, startTimestampMs: number, value: number | 'stale', point: number): void {
    if (this.#count === this.#refs.length) this.#grow();
    const row = this.#count++;
    this.#refs[row] = ref;
    this.#timestampsMs[row] = timestampMs;
    this.#startTimestampsMs[row] = startTimestampMs;
    this.#points[row] = point;
    if (value === 'stale') {
      this.#words[2 * row] = STALE_LOW;
      this.#words[2 * row + 1] = STALE_HIGH;
    } else this.#values[row] = value;
  }

  #grow(): void {
    const size = 2 * this.#count;
    const { buffer } = this.#values;
    this.#refs = grown(this.#refs, new Uint32Array(size));
    this.#timestampsMs = grown(this.#timestampsMs, new Float64Array(size));
    this.#startTimestampsMs = grown(this.#startTimestampsMs, new Float64Array(size));
    this.#points = grown(this.#points, new Int32Array(size));
    this.#values = new Float64Array(size);
    this.#words = new Uint32Array(this.#values.buffer);
    // By words: a number would be free to turn one NaN into another.
    this.#words.set(new Uint32Array(buffer));
  }
}

function grown<T extends Uint32Array | Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
