/** A head as PromQL asks it. Everything is in memory, so every answer is there at once. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Matcher } from '@vigie/promql/labels/matcher';
import type {
  LabelQuery,
  Labels,
  MetadataQuery,
  MetricMetadata,
  Querier,
  SelectedSeries,
  Selection,
  SeriesExemplars,
  StoredSeries,
  TimeRange,
} from '@vigie/promql/storage/querier';
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { Head } from './head/head.ts';
import { allSlots, selectSlots } from './head/selection.ts';
import { SelectionCache } from './head/selection-cache.ts';
import { NO_SLOT, type SeriesRef } from './head/series-table.ts';
import { SlotSet } from './head/slot-set.ts';

class HeadSeries implements StoredSeries {
  readonly #head: Head;
  readonly ref: SeriesRef;
  readonly labels: LabelSet;

  constructor(head: Head, slot: number) {
    this.#head = head;
    this.ref = head.table.refOf(slot);
    this.labels = head.table.labelSet(slot);
  }

  read({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    const slot = this.#head.table.resolve(this.ref);
    // Retention may have taken it since it was selected.
    if (slot !== NO_SLOT) this.#head.store.read(slot, Math.max(fromMs, this.#head.keptFromMs), toMs, into);
  }

  readNewest({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    const slot = this.#head.table.resolve(this.ref);
    if (slot !== NO_SLOT) this.#head.store.readNewest(slot, Math.max(fromMs, this.#head.keptFromMs), toMs, into);
  }
}

export class HeadQuerier implements Querier {
  readonly #head: Head;
  /** By slot: a series that is asked for each minute is made an object once. */
  readonly #series: (HeadSeries | undefined)[] = [];
  readonly #selections: SelectionCache<StoredSeries>;

  constructor(head: Head) {
    this.#head = head;
    this.#selections = new SelectionCache(head.symbols, head.postings);
  }

  async select({ matchers, range }: Selection, signal: AbortSignal): Promise<SelectedSeries> {
    signal.throwIfAborted();
    const { slots, series } = this.#selections.get(matchers, () => {
      const found = selectSlots(this.#head, matchers);
      return { slots: found, series: Array.from(found, (slot) => this.#seriesAt(slot)) };
    });
    return { series: this.#mostWithin(slots, series, range), warnings: this.#warnings(range) };
  }

  async series({ matcherSets, range, limit }: LabelQuery, signal: AbortSignal): Promise<SelectedSeries> {
    signal.throwIfAborted();
    const series = this.#within(this.#slotsOfAny(matcherSets), range);
    return { series: series.slice(0, limit), warnings: this.#warnings(range) };
  }

  async labelNames({ matcherSets, range, limit }: LabelQuery, signal: AbortSignal): Promise<Labels> {
    signal.throwIfAborted();
    const { table, symbols } = this.#head;
    const names = new Set<number>();
    for (const slot of this.#slotsWithin(this.#slotsOfAny(matcherSets), range)) {
      const pairs = table.pairs(slot);
      for (let index = 0; index < pairs.length; index += 2) names.add(pairs[index]!);
    }
    return { values: sortedTexts(names, symbols).slice(0, limit), warnings: this.#warnings(range) };
  }

  async labelValues(name: string, { matcherSets, range, limit }: LabelQuery, signal: AbortSignal): Promise<Labels> {
    signal.throwIfAborted();
    const { table, symbols } = this.#head;
    const nameId = symbols.find(name);
    const found = new Set<number>();
    if (nameId !== undefined) {
      const { store } = this.#head;
      const keptMs = Math.max(range.fromMs, this.#head.keptFromMs);
      for (const slot of this.#slotsOfAny(matcherSets)) {
        const value = table.valueOf(slot, nameId);
        // Of thousands of series with a value, one with samples is enough.
        if (value === undefined || found.has(value) || !store.overlaps(slot, keptMs, range.toMs)) continue;
        found.add(value);
      }
    }
    return { values: sortedTexts(found, symbols).slice(0, limit), warnings: this.#warnings(range) };
  }

  async metadata(query: MetadataQuery, signal: AbortSignal): Promise<readonly MetricMetadata[]> {
    signal.throwIfAborted();
    return this.#head.metadata.query(query);
  }

  async exemplars({ matcherSets, range, limit }: LabelQuery, signal: AbortSignal): Promise<readonly SeriesExemplars[]> {
    signal.throwIfAborted();
    const { table } = this.#head;
    const found: SeriesExemplars[] = [];
    for (const slot of this.#slotsOfAny(matcherSets)) {
      const exemplars = this.#head.exemplars.of(table.refOf(slot), range.fromMs, range.toMs);
      if (exemplars.length > 0) found.push({ labels: table.labelSet(slot), exemplars });
    }
    found.sort((a, b) => a.labels.compare(b.labels));
    return found.slice(0, limit);
  }

  #slotsOfAny(matcherSets: readonly (readonly Matcher[])[]): Int32Array {
    const [only] = matcherSets;
    if (only === undefined) return allSlots(this.#head.table);
    if (matcherSets.length === 1) return selectSlots(this.#head, only);
    const set = new SlotSet(this.#head.table.slots);
    for (const matchers of matcherSets) set.add(selectSlots(this.#head, matchers));
    return set.toArray();
  }

  /** Series with samples in the range, and others as long as these are few: then it is the same array each time. */
  #mostWithin(
    slots: Int32Array,
    series: readonly StoredSeries[],
    { fromMs, toMs }: TimeRange,
  ): readonly StoredSeries[] {
    const { store } = this.#head;
    const keptMs = Math.max(fromMs, this.#head.keptFromMs);
    let within = 0;
    for (let index = 0; index < slots.length; index++) if (store.overlaps(slots[index]!, keptMs, toMs)) within++;
    if (within * 4 >= slots.length * 3) return series;
    return series.filter((_, index) => store.overlaps(slots[index]!, keptMs, toMs));
  }

  #within(slots: Int32Array, range: TimeRange): readonly StoredSeries[] {
    const series: StoredSeries[] = [];
    for (const slot of this.#slotsWithin(slots, range)) series.push(this.#seriesAt(slot));
    return series;
  }

  #slotsWithin(slots: Int32Array, { fromMs, toMs }: TimeRange): Int32Array {
    const { store } = this.#head;
    const keptMs = Math.max(fromMs, this.#head.keptFromMs);
    return slots.filter((slot) => store.overlaps(slot, keptMs, toMs));
  }

  #seriesAt(slot: number): StoredSeries {
    const known = this.#series[slot];
    if (known !== undefined && known.ref === this.#head.table.refOf(slot)) return known;
    const made = new HeadSeries(this.#head, slot);
    // An array that is written far beyond its end becomes a dictionary.
    while (this.#series.length < slot) this.#series.push(undefined);
    this.#series[slot] = made;
    return made;
  }

  #warnings({ fromMs }: TimeRange): readonly string[] {
    const { keptFromMs } = this.#head;
    if (fromMs >= keptFromMs) return [];
    const kept = new Date(keptFromMs);
    return [
      `the query reaches back beyond retention: samples are kept from ${Number.isNaN(kept.getTime()) ? keptFromMs : kept.toISOString()} on`,
    ];
  }
}

function sortedTexts(ids: ReadonlySet<number>, symbols: Head['symbols']): string[] {
  return Array.from(ids, (id) => symbols.text(id)).sort();
}
