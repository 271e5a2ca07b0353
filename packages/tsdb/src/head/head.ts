/** The newest hours of all series in memory: takes columns of samples, keeps what its options allow, and counts what it
 *  refuses. Synchronous and without I/O; what makes it survive a restart stands around it (tsdb.ts).
 *  Source of the rules of appending: Prometheus, tsdb/head_append.go. */
import type { Clock } from '@vigie/core/clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import { Arena } from '../arena.ts';
import { isStorable } from '../chunk/histogram-stream.ts';
import { MAX_TIMESTAMP_MS } from '../chunk/xor.ts';
import { Exemplars } from './exemplars.ts';
import type { FloatColumns, HistogramSample, Journal } from './journal.ts';
import { MatchedSeries } from './matched-series.ts';
import { Metadata } from './metadata.ts';
import { DEFAULT_HEAD_OPTIONS, type HeadOptions } from './options.ts';
import * as outcome from './outcome.ts';
import { Postings } from './postings.ts';
import { reclaimCut } from './reclaim.ts';
import { withoutHint, withResetHint } from './reset-hint.ts';
import { SampleStore } from './sample-store.ts';
import { MAX_SERIES, NO_BLOCK, NO_SLOT, type SeriesRef, SeriesTable, slotOf } from './series-table.ts';
import { Symbols } from './symbols.ts';

export interface AppendResult {
  readonly accepted: number;
  /** There already, with the same value. */
  readonly known: number;
  readonly refused: Readonly<Partial<Record<outcome.SampleRefusal, number>>>;
}

/** Totals since the start. */
export interface HeadCounts {
  acceptedSamples: number;
  knownSamples: number;
  lateSamples: number;
  seriesMade: number;
  seriesRemoved: number;
  readonly refusedSamples: Map<outcome.SampleRefusal, number>;
  readonly refusedSeries: Map<outcome.SeriesRefusal, number>;
  readonly refusedExemplars: Map<outcome.ExemplarRefusal, number>;
}

export class Head {
  readonly options: HeadOptions;
  readonly arena = new Arena();
  readonly symbols = new Symbols();
  readonly postings = new Postings();
  readonly matched = new MatchedSeries();
  readonly table = new SeriesTable(this.symbols, this.arena);
  readonly store = new SampleStore(this.table, this.arena);
  readonly exemplars: Exemplars;
  readonly metadata: Metadata;
  readonly counts: HeadCounts = {
    acceptedSamples: 0,
    knownSamples: 0,
    lateSamples: 0,
    seriesMade: 0,
    seriesRemoved: 0,
    refusedSamples: new Map(),
    refusedSeries: new Map(),
    refusedExemplars: new Map(),
  };
  /** Told of all that is taken from here on. */
  journal: Journal | undefined;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #newestMs = Number.NEGATIVE_INFINITY;
  #oldestMs = Number.POSITIVE_INFINITY;
  #sizeCutMs = Number.NEGATIVE_INFINITY;
  #pairs: number[] = [];
  #outcomes = new Uint8Array(1024);

  constructor(options: Partial<HeadOptions>, clock: Pick<Clock, 'nowMs'>) {
    this.options = { ...DEFAULT_HEAD_OPTIONS, ...options };
    this.#clock = clock;
    this.exemplars = new Exemplars(this.options.maxExemplars);
    this.metadata = new Metadata(this.options.maxMetadata);
  }

  /** Newest timestamp of all; -Infinity without samples. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** Oldest timestamp that was ever taken; Infinity without samples. What is before `keptFromMs` has gone since. */
  get oldestMs(): number {
    return this.#oldestMs;
  }

  /** Nothing before it is kept; -Infinity while nothing had to go. */
  get keptFromMs(): number {
    return Math.max(this.#newestMs - this.options.retentionMs, this.#sizeCutMs);
  }

  /** Memory in use, which `maxBytes` bounds. Blocks that have been freed within the arena's pages are not part of it. */
  get usedBytes(): number {
    const { arena, store, table, symbols, postings } = this;
    const columns = arena.usedBytes + store.hot.heldBytes + table.heldBytes + this.matched.heldBytes;
    return columns + symbols.estimatedBytes + postings.estimatedBytes + store.tails.estimatedBytes;
  }

  /** The reference of the series with these labels, which is made where there is none.
   *  Cost: a hash look-up for each name and value; callers keep the reference. */
  getOrCreate(labels: LabelSet): SeriesRef | outcome.SeriesRefusal {
    const { table, symbols } = this;
    const known = this.#find(labels);
    if (known !== NO_SLOT) return table.refOf(known);
    const refusal = this.#refusalOf(labels);
    if (refusal !== undefined) {
      count(this.counts.refusedSeries, refusal, 1);
      return refusal;
    }
    const pairs = acquire(symbols, labels);
    const slot = table.add(pairs, this.#newestMs);
    this.#index(slot, pairs);
    const ref = table.refOf(slot);
    this.journal?.series(ref, labels);
    return ref;
  }

  /** Whether the reference is of a series that is still there: retention removes them. Cost: a few ns. */
  has(ref: SeriesRef): boolean {
    return this.table.resolve(ref) !== NO_SLOT;
  }

  /** When the newest sample of the series was; -Infinity for one without samples, and for one that is not there. */
  newestMsOf(ref: SeriesRef): number {
    const slot = this.table.resolve(ref);
    return slot === NO_SLOT ? Number.NEGATIVE_INFINITY : this.table.lastMs[slot]!;
  }

  /** A series as a log has it, under its reference there. What else had the slot or the labels was gone before. */
  restore(ref: SeriesRef, labels: LabelSet): void {
    const { table, symbols } = this;
    if (table.resolve(ref) !== NO_SLOT) return;
    const known = this.#find(labels);
    if (known !== NO_SLOT) this.#remove(known);
    const slot = slotOf(ref);
    if (table.isLive(slot)) this.#remove(slot);
    const pairs = acquire(symbols, labels);
    table.addAt(ref, pairs, this.#newestMs);
    this.#index(slot, pairs);
  }

  /** Takes the samples that can be taken, all of them before anyone can ask.
   *  @param outcomes takes one byte for each (outcome.ts); `count` long
   *  Cost: about 20 ns a sample, no allocation for each. */
  append(columns: FloatColumns, outcomes?: Uint8Array): AppendResult {
    const { count: total, refs, timestampsMs, values, startTimestampsMs } = columns;
    const written = outcomes ?? this.#scratch(total);
    const latestMs = this.#clock.nowMs() + this.options.maxAheadMs;
    const hasRoom = this.#hasRoom();
    let accepted = 0;
    let late = 0;
    for (let index = 0; index < total; index++) {
      const timestampMs = timestampsMs[index]!;
      const slot = this.table.resolve(refs[index]!);
      let result = hasRoom ? this.#admit(slot, timestampMs, latestMs) : outcome.NO_MEMORY;
      if (result === outcome.ACCEPTED) {
        const lastMs = this.table.lastMs[slot]!;
        if (timestampMs > lastMs) {
          this.store.appendFloat(slot, timestampMs, values[index]!, startTimestampsMs?.[index] ?? 0);
          this.#note(timestampMs);
        } else if (timestampMs === lastMs) {
          result = this.store.compareLast(slot, values[index]!);
        } else {
          result = this.#insert(slot, timestampMs, values[index]!);
          if (result === outcome.ACCEPTED) {
            this.#note(timestampMs);
            late++;
            written[index] = LATE;
            continue;
          }
        }
        if (result === outcome.ACCEPTED) accepted++;
      }
      written[index] = result;
    }
    this.counts.lateSamples += late;
    if (this.journal !== undefined) this.#tell(this.journal, columns, written, accepted, late);
    return this.#sum(written, total, accepted, late);
  }

  /** Samples of a log, which were taken once: nothing is refused, and what is there already is left as it is.
   *  @param isLate they go to their place; others only behind what their series has
   *  @returns how many are of no series that is known
   *  Cost: as `append`, less the checks. */
  replay({ count: total, refs, timestampsMs, values, startTimestampsMs }: FloatColumns, isLate: boolean): number {
    const { table, store } = this;
    const { lastMs } = table;
    let unknown = 0;
    for (let index = 0; index < total; index++) {
      const slot = table.resolve(refs[index]!);
      const timestampMs = timestampsMs[index]!;
      if (slot === NO_SLOT) unknown++;
      else if (timestampMs > lastMs[slot]!) {
        // A sound log has no others: what a checksum does not find must not break what comes after.
        if (!isTimestamp(timestampMs)) continue;
        store.appendFloat(slot, timestampMs, values[index]!, startTimestampsMs?.[index] ?? 0);
        this.#note(timestampMs);
      } else if (isLate && timestampMs < lastMs[slot]! && isTimestamp(timestampMs)) {
        store.insertFloat(slot, timestampMs, values[index]!);
        this.#note(timestampMs);
      }
    }
    return unknown;
  }

  /** The same for histograms. */
  replayHistograms(samples: readonly HistogramSample[], isLate: boolean): number {
    const { table, store } = this;
    let unknown = 0;
    for (const { ref, timestampMs, histogram, startTimestampMs } of samples) {
      const slot = table.resolve(ref);
      if (slot === NO_SLOT) unknown++;
      else if (!isTimestamp(timestampMs) || !isStorable(histogram)) continue;
      else if (timestampMs > table.lastMs[slot]!) {
        store.appendHistogram(slot, timestampMs, histogram, startTimestampMs);
        this.#note(timestampMs);
      } else if (isLate && timestampMs < table.lastMs[slot]!) {
        store.insertHistogram(slot, timestampMs, histogram, startTimestampMs);
        this.#note(timestampMs);
      }
    }
    return unknown;
  }

  /** A timestamp of a snapshot, whose series come in no order of time. */
  noteTime(timestampMs: number): void {
    if (isTimestamp(timestampMs)) this.#note(timestampMs);
  }

  /** Histograms that go on from the one before them are stored with that hint. */
  appendHistograms(samples: readonly HistogramSample[], outcomes?: Uint8Array): AppendResult {
    const written = outcomes ?? this.#scratch(samples.length);
    const latestMs = this.#clock.nowMs() + this.options.maxAheadMs;
    const hasRoom = this.#hasRoom();
    const accepted: HistogramSample[] = [];
    const late: HistogramSample[] = [];
    for (const [index, sample] of samples.entries()) {
      const slot = this.table.resolve(sample.ref);
      let result = hasRoom ? this.#admit(slot, sample.timestampMs, latestMs) : outcome.NO_MEMORY;
      if (result === outcome.ACCEPTED && !isStorable(sample.histogram)) result = outcome.BAD_HISTOGRAM;
      if (result === outcome.ACCEPTED) {
        const isLate = sample.timestampMs < this.table.lastMs[slot]!;
        const histogram = isLate
          ? withoutHint(sample.histogram)
          : withResetHint(sample.histogram, this.store.tails.newest(slot));
        const hinted = { ...sample, histogram };
        result = this.#takeHistogram(slot, hinted, isLate);
        if (result === outcome.ACCEPTED) {
          this.#note(sample.timestampMs);
          (isLate ? late : accepted).push(hinted);
        }
      }
      written[index] = result;
    }
    if (accepted.length > 0) this.journal?.histograms(accepted, false);
    if (late.length > 0) this.journal?.histograms(late, true);
    this.counts.lateSamples += late.length;
    return this.#sum(written, samples.length, accepted.length + late.length, 0);
  }

  addExemplar(ref: SeriesRef, exemplar: Exemplar): 'added' | 'known' | outcome.ExemplarRefusal {
    const result = this.has(ref) ? this.exemplars.add(ref, exemplar) : 'unknown_series';
    if (result === 'added') this.journal?.exemplar(ref, exemplar);
    else if (result !== 'known') count(this.counts.refusedExemplars, result, 1);
    return result;
  }

  setMetadata(metadata: MetricMetadata): void {
    if (this.metadata.set(metadata)) this.journal?.metadata(metadata);
  }

  /** Cools series that are silent, drops what is beyond retention, and removes series that have nothing left, in a part of
   *  the slots: callers go on from what it returns, and do something else in between.
   *  @returns the slot to go on with, 0 at the end
   *  Cost: some 2 us for a series that is cooled, a few ns for any other. */
  maintain(fromSlot: number, slots: number): number {
    const { table, store } = this;
    const cutMs = this.keptFromMs;
    const silentMs = this.#newestMs - this.options.coldAfterMs;
    const to = Math.min(table.slots, fromSlot + slots);
    for (let slot = fromSlot; slot < to; slot++) {
      if (!table.isLive(slot)) continue;
      const lastMs = table.lastMs[slot]!;
      if (lastMs < silentMs && (table.hot[slot] !== NO_BLOCK || store.tails.has(slot))) store.cool(slot);
      const isKept =
        lastMs === Number.NEGATIVE_INFINITY ? table.madeAtMs[slot]! >= silentMs : store.dropBefore(slot, cutMs);
      if (!isKept) this.#remove(slot);
    }
    if (to < table.slots) return to;
    store.hot.trim();
    return 0;
  }

  #note(timestampMs: number): void {
    if (timestampMs > this.#newestMs) this.#newestMs = timestampMs;
    if (timestampMs < this.#oldestMs) this.#oldestMs = timestampMs;
  }

  #find(labels: LabelSet): number {
    const pairs = this.#pairs;
    pairs.length = 0;
    for (let index = 0; index < labels.names.length; index++) {
      const name = this.symbols.find(labels.names[index]!);
      const value = this.symbols.find(labels.values[index]!);
      if (name === undefined || value === undefined) return NO_SLOT;
      pairs.push(name, value);
    }
    return this.table.find(pairs);
  }

  #refusalOf(labels: LabelSet): outcome.SeriesRefusal | undefined {
    const { options, table } = this;
    for (const [index, name] of labels.names.entries()) {
      const isAscending = index === 0 ? name !== '' : labels.names[index - 1]! < name;
      if (!isAscending || (labels.values[index] ?? '') === '') return 'bad_labels';
    }
    const job = labels.get('job');
    if (this.#seriesWith('job', job) >= options.maxSeriesPerJob && !options.unbudgetedJobs.has(job))
      return 'job_budget';
    if (this.#seriesWith('namespace', labels.get('namespace')) >= options.maxSeriesPerNamespace)
      return 'namespace_budget';
    if (table.count >= Math.min(options.maxSeries, MAX_SERIES)) return 'series_limit';
    return this.#hasRoom() ? undefined : 'no_memory';
  }

  #seriesWith(name: string, value: string): number {
    const nameId = this.symbols.find(name);
    const valueId = this.symbols.find(value);
    return nameId === undefined || valueId === undefined ? 0 : this.postings.count(nameId, valueId);
  }

  #index(slot: number, pairs: readonly number[]): void {
    for (let index = 0; index < pairs.length; index += 2) this.postings.add(pairs[index]!, pairs[index + 1]!, slot);
    this.counts.seriesMade++;
  }

  #remove(slot: number): void {
    const pairs = this.table.pairs(slot).slice();
    this.store.dropAll(slot);
    for (let index = 0; index < pairs.length; index += 2) this.postings.remove(pairs[index]!, pairs[index + 1]!, slot);
    this.table.remove(slot);
    for (const symbol of pairs) this.symbols.release(symbol);
    this.counts.seriesRemoved++;
  }

  /** Whether a sample of the series may come at this time, whatever its series has. */
  #admit(slot: number, timestampMs: number, latestMs: number): number {
    if (slot === NO_SLOT) return outcome.UNKNOWN_SERIES;
    if (!isTimestamp(timestampMs)) return outcome.BAD_TIMESTAMP;
    if (timestampMs > latestMs) return outcome.TOO_FAR_AHEAD;
    return timestampMs < this.keptFromMs ? outcome.OUT_OF_BOUNDS : outcome.ACCEPTED;
  }

  #insert(slot: number, timestampMs: number, value: number): number {
    const admitted = this.#admitLate(timestampMs);
    return admitted === outcome.ACCEPTED ? this.store.insertFloat(slot, timestampMs, value) : admitted;
  }

  #admitLate(timestampMs: number): number {
    const { outOfOrderWindowMs } = this.options;
    if (outOfOrderWindowMs === 0) return outcome.OUT_OF_ORDER;
    return timestampMs < this.#newestMs - outOfOrderWindowMs ? outcome.TOO_OLD : outcome.ACCEPTED;
  }

  #takeHistogram(slot: number, sample: HistogramSample, isLate: boolean): number {
    const { store } = this;
    const { timestampMs, histogram, startTimestampMs } = sample;
    if (isLate) {
      const admitted = this.#admitLate(timestampMs);
      if (admitted !== outcome.ACCEPTED) return admitted;
      return store.insertHistogram(slot, timestampMs, histogram, startTimestampMs);
    }
    if (timestampMs === this.table.lastMs[slot]) return store.compareLastHistogram(slot, sample);
    store.appendHistogram(slot, timestampMs, histogram, startTimestampMs);
    return outcome.ACCEPTED;
  }

  /** Makes room where there is none: at the bound, the oldest tenth of what samples take goes. */
  #hasRoom(): boolean {
    const { maxBytes } = this.options;
    if (this.usedBytes <= maxBytes) return true;
    this.#sizeCutMs = Math.max(this.#sizeCutMs, reclaimCut(this.store, maxBytes));
    for (let slot = this.maintain(0, RECLAIM_SLOTS); slot !== 0; ) slot = this.maintain(slot, RECLAIM_SLOTS);
    return this.usedBytes <= maxBytes;
  }

  #tell(journal: Journal, columns: FloatColumns, written: Uint8Array, accepted: number, late: number): void {
    if (accepted === columns.count) {
      journal.floats(columns, false);
      return;
    }
    if (accepted > 0) journal.floats(picked(columns, written, outcome.ACCEPTED, accepted), false);
    if (late > 0) journal.floats(picked(columns, written, LATE, late), true);
  }

  #sum(written: Uint8Array, total: number, inOrder: number, late: number): AppendResult {
    const refused: Partial<Record<outcome.SampleRefusal, number>> = {};
    const accepted = inOrder + late;
    let known = 0;
    if (inOrder < total) {
      for (let index = 0; index < total; index++) {
        const result = written[index]!;
        if (result === LATE) written[index] = outcome.ACCEPTED;
        else if (result === outcome.KNOWN) known++;
        else if (result !== outcome.ACCEPTED) {
          const reason = outcome.refusalOf(result);
          refused[reason] = (refused[reason] ?? 0) + 1;
        }
      }
      for (const reason of outcome.SAMPLE_REFUSALS) count(this.counts.refusedSamples, reason, refused[reason] ?? 0);
    }
    this.counts.acceptedSamples += accepted;
    this.counts.knownSamples += known;
    return { accepted, known, refused };
  }

  #scratch(size: number): Uint8Array {
    if (this.#outcomes.length < size) this.#outcomes = new Uint8Array(size * 2);
    return this.#outcomes;
  }
}

/** Accepted, behind its series' newest: only the log is told them apart. */
const LATE = 255;
const RECLAIM_SLOTS = 65_536;

function isTimestamp(timestampMs: number): boolean {
  return Number.isInteger(timestampMs) && timestampMs <= MAX_TIMESTAMP_MS && timestampMs >= -MAX_TIMESTAMP_MS;
}

function count<Reason>(counts: Map<Reason, number>, reason: Reason, by: number): void {
  if (by > 0) counts.set(reason, (counts.get(reason) ?? 0) + by);
}

function acquire(symbols: Symbols, labels: LabelSet): number[] {
  const pairs: number[] = [];
  for (let index = 0; index < labels.names.length; index++)
    pairs.push(symbols.acquire(labels.names[index]!), symbols.acquire(labels.values[index]!));
  return pairs;
}

function picked(columns: FloatColumns, written: Uint8Array, wanted: number, size: number): FloatColumns {
  const refs = new Uint32Array(size);
  const timestampsMs = new Float64Array(size);
  const values = new Float64Array(size);
  const { startTimestampsMs } = columns;
  const startsMs = startTimestampsMs && new Float64Array(size);
  let to = 0;
  for (let index = 0; index < columns.count; index++) {
    if (written[index] !== wanted) continue;
    refs[to] = columns.refs[index]!;
    timestampsMs[to] = columns.timestampsMs[index]!;
    values[to] = columns.values[index]!;
    if (startsMs !== undefined) startsMs[to] = startTimestampsMs?.[index] ?? 0;
    to++;
  }
  return { count: size, refs, timestampsMs, values, startTimestampsMs: startsMs };
}
