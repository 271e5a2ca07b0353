/** Classic histograms of one target, kept as native ones with custom buckets: what a target writes as a series for each bucket becomes one
 *  series. Source: Prometheus, model/textparse/nhcbparse.go.
 *  Memory: 40 bytes for each series of the target's histograms, and one text of labels for each histogram. */
import { nativeOfClassic } from '@vigie/promql/histogram/from-classic';
import { parseFloatText } from '@vigie/promql/text/float';
import { DROPPED, type HistogramSample, type Scrape, type SeriesExemplar } from '@vigie/wire/exposition/scrape';
import { labelOf, SEPARATOR, type SeriesLabels } from '@vigie/wire/exposition/series-labels';
import { toNativeHistogram } from '../remote-write/native-histograms.ts';
import { REFUSED } from './series-places.ts';

export interface ClassicHistogramsOptions {
  /** Whether the series of the buckets are kept beside. */
  readonly keepsClassic: boolean;
  /** Whether the target has said so of a family. */
  readonly isHistogram: (family: string) => boolean;
  /** The place of a series in the database. */
  readonly placeOf: (labels: SeriesLabels) => number;
}

/** References from here on are parts of histograms; places, of which there are as many as series, do not come so far. */
const FIRST_PART = 2 ** 30;
const NAME = '__name__';
const BOUND = 'le';

type Role = 'count' | 'sum' | 'bucket';

interface Part {
  readonly key: string;
  readonly role: Role;
  /** Of a bucket. */
  readonly bound: number;
  /** Of its own series, where those are kept; else DROPPED. */
  readonly classicPlace: number;
}

interface Converted {
  readonly place: number;
  /** How many series of the target it is made of. */
  parts: number;
}

interface Collected {
  readonly place: number;
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
  readonly timestampMs: number;
  readonly startTimestampMs: number;
}

export class ClassicHistograms {
  readonly #options: ClassicHistogramsOptions;
  /** By the labels that their series share. */
  readonly #histograms = new Map<string, Converted>();
  #parts: (Part | undefined)[] = [];
  #free: number[] = [];
  /** Of the read that is under way. */
  #newParts: number[] = [];

  constructor(options: ClassicHistogramsOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#newParts = [];
  }

  /** @param written of a family that is a histogram
   *  @returns a reference for the reader; undefined for a series of another kind */
  partOf(written: SeriesLabels): number | undefined {
    const name = labelOf(written, NAME) ?? '';
    const [, family = '', role] = /^(.*)_(bucket|count|sum)$/s.exec(name) ?? [];
    if (!isRole(role) || !this.#options.isHistogram(family)) return undefined;
    const bound = role === 'bucket' ? parseFloatText(labelOf(written, BOUND) ?? '') : 0;
    if (bound === undefined || Number.isNaN(bound)) return undefined;
    const labels = labelsOf(written, family, role);
    const key = labels.join(SEPARATOR);
    let histogram = this.#histograms.get(key);
    if (histogram === undefined) {
      histogram = { place: this.#options.placeOf(labels), parts: 0 };
      this.#histograms.set(key, histogram);
    }
    histogram.parts++;
    const classicPlace = this.#options.keepsClassic ? this.#options.placeOf(written) : DROPPED;
    const part = this.#free.pop() ?? this.#parts.length;
    this.#parts[part] = { key, role, bound, classicPlace };
    this.#newParts.push(part);
    return FIRST_PART + part;
  }

  /** @param scrape whose rows are overwritten
   *  @returns the same with histograms in place of their parts, and how many were none; the series that it does not have any more are
   *  forgotten */
  converted(scrape: Scrape): { readonly scrape: Scrape; readonly flawed: number } {
    if (this.#histograms.size === 0) return { scrape, flawed: 0 };
    const { refs, values, timestampsMs, startTimestampsMs } = scrape;
    const collected = new Map<string, Collected>();
    let [count, droppedCount, flawed] = [0, scrape.droppedCount, 0];
    for (let row = 0; row < scrape.count; row++) {
      const part = this.#partAt(refs[row]!);
      if (part !== undefined) this.#collect(part, row, scrape, collected);
      const ref = part === undefined ? refs[row]! : part.classicPlace;
      if (ref === DROPPED) {
        if (this.#options.keepsClassic) droppedCount++;
        continue;
      }
      refs[count] = ref;
      values[count] = values[row]!;
      timestampsMs[count] = timestampsMs[row]!;
      startTimestampsMs[count] = startTimestampsMs[row]!;
      count++;
    }
    const histograms: HistogramSample[] = [...scrape.histograms];
    // What a target exposes in both ways is native already.
    const there = new Set(histograms.map(({ ref }) => ref));
    for (const { place, timestampMs, startTimestampMs, ...classic } of collected.values()) {
      if (place !== REFUSED && there.has(place)) continue;
      const histogram = nativeOfClassic(classic);
      if (histogram === undefined) flawed++;
      else if (place === DROPPED) droppedCount++;
      else {
        there.add(place);
        histograms.push({ ref: place, timestampMs, startTimestampMs, histogram: toNativeHistogram(histogram) });
      }
    }
    const exemplars = scrape.exemplars.flatMap((one) => this.#exemplars(one));
    // In another format, or place, they are there still.
    if (scrape.gone.length > 0) for (let row = 0; row < count; row++) there.add(refs[row]!);
    const gone = scrape.gone.flatMap((ref) => this.#forget(ref)).filter((place) => !there.has(place));
    const { metadata } = scrape;
    return {
      scrape: {
        ...{ count, refs, values, timestampsMs, startTimestampsMs },
        ...{ histograms, exemplars, metadata, gone, droppedCount },
      },
      flawed,
    };
  }

  /** What was read is none: the reader does not know it. */
  forgetNew(): void {
    for (const part of this.#newParts) this.#forget(FIRST_PART + part);
    this.#newParts = [];
  }

  /** The reader has forgotten every series. */
  clear(): void {
    this.#histograms.clear();
    this.#parts = [];
    this.#free = [];
    this.#newParts = [];
  }

  #partAt(ref: number): Part | undefined {
    return ref < FIRST_PART ? undefined : this.#parts[ref - FIRST_PART];
  }

  #collect({ key, role, bound }: Part, row: number, scrape: Scrape, into: Map<string, Collected>): void {
    const value = scrape.values[row]!;
    let collected = into.get(key);
    if (collected === undefined) {
      collected = {
        place: this.#histograms.get(key)?.place ?? DROPPED,
        buckets: new Map(),
        count: undefined,
        sum: 0,
        timestampMs: scrape.timestampsMs[row]!,
        startTimestampMs: scrape.startTimestampsMs[row]!,
      };
      into.set(key, collected);
    }
    switch (role) {
      case 'count':
        collected.count = value;
        return;
      case 'sum':
        collected.sum = value;
        return;
      case 'bucket':
        // Of a bound that is there twice, the first.
        if (!collected.buckets.has(bound)) collected.buckets.set(bound, value);
    }
  }

  #exemplars(one: SeriesExemplar): readonly SeriesExemplar[] {
    const part = this.#partAt(one.ref);
    if (part === undefined) return [one];
    const places = [this.#histograms.get(part.key)?.place ?? DROPPED, part.classicPlace];
    return places.filter((ref) => ref !== DROPPED).map((ref) => ({ ...one, ref }));
  }

  /** @returns the places of series that are no more */
  #forget(ref: number): readonly number[] {
    const part = this.#partAt(ref);
    if (part === undefined) return [ref];
    this.#parts[ref - FIRST_PART] = undefined;
    this.#free.push(ref - FIRST_PART);
    const places = [part.classicPlace];
    const histogram = this.#histograms.get(part.key);
    if (histogram !== undefined && --histogram.parts === 0) {
      this.#histograms.delete(part.key);
      places.push(histogram.place);
    }
    return places.filter((place) => place !== DROPPED);
  }
}

function isRole(text: string | undefined): text is Role {
  return text === 'count' || text === 'sum' || text === 'bucket';
}

/** Those of the histogram as a whole. */
function labelsOf(written: SeriesLabels, family: string, role: Role): SeriesLabels {
  const labels: string[] = [];
  for (let at = 0; at < written.length; at += 2) {
    const name = written[at]!;
    if (name === NAME) labels.push(name, family);
    else if (name !== BOUND || role !== 'bucket') labels.push(name, written[at + 1]!);
  }
  return labels;
}
