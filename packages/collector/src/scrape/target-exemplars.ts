/** The exemplars of one target on their way into the database. Source: Prometheus, scrape/scrape.go, append; tsdb/exemplar.go. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Head } from '@vigie/tsdb/head/head';
import type { Scrape, SeriesExemplar } from '@vigie/wire/exposition/scrape';
import { REFUSED, type SeriesPlaces } from './series-places.ts';

export class TargetExemplars {
  readonly #head: Pick<Head, 'addExemplar'>;
  readonly #places: Pick<SeriesPlaces, 'refAt'>;
  /** By place, the newest exemplar that came without a time: it comes again with each scrape. */
  readonly #untimed = new Map<number, string>();

  constructor(head: Pick<Head, 'addExemplar'>, places: Pick<SeriesPlaces, 'refAt'>) {
    this.#head = head;
    this.#places = places;
  }

  /** In order of time, as the database takes those of one series. Those of native histograms need a time of their own.
   *  @param atMs of those without, Unix ms */
  add({ exemplars, histograms }: Pick<Scrape, 'exemplars' | 'histograms'>, atMs: number): void {
    if (exemplars.length === 0) return;
    const native = new Set(histograms.map(({ ref }) => ref));
    const timeOf = ({ exemplar }: SeriesExemplar): number => exemplar.timestampMs ?? atMs;
    for (const one of exemplars.toSorted((a, b) => timeOf(a) - timeOf(b))) {
      const { ref: place, exemplar } = one;
      const isTimed = exemplar.timestampMs !== undefined;
      if (place === REFUSED || (!isTimed && (native.has(place) || this.#hasComeBefore(place, exemplar)))) continue;
      this.#head.addExemplar(this.#places.refAt(place), {
        labels: labelSetOf(exemplar.labels),
        value: exemplar.value,
        timestampMs: timeOf(one),
      });
    }
  }

  /** Another series may have the place from now on. */
  forget(place: number): void {
    this.#untimed.delete(place);
  }

  clear(): void {
    this.#untimed.clear();
  }

  #hasComeBefore(place: number, { labels, value }: SeriesExemplar['exemplar']): boolean {
    const text = JSON.stringify([value, ...labels]);
    if (this.#untimed.get(place) === text) return true;
    this.#untimed.set(place, text);
    return false;
  }
}

function labelSetOf(flat: SeriesExemplar['exemplar']['labels']): LabelSet {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at]!, flat[at + 1]!]);
  return LabelSet.of(pairs);
}
