/** The series that are sent, under the references of the log: labels with external ones, relabeled once and not per sample. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { SeriesRef } from '@vigie/tsdb/head/series-table';
import { type SeriesLabels, sortLabels } from '@vigie/wire/exposition/series-labels';
import type { RemoteWriteOptions } from './remote-write-options.ts';

export interface OutgoingSeries {
  readonly ref: SeriesRef;
  readonly labels: SeriesLabels;
  /** Its newest sample, if that was a float: protocol 2.0 sends no exemplar without a sample. NaN without. */
  lastMs: number;
  lastValue: number;
  /** Whether its newest sample was a histogram. */
  endsWithHistogram: boolean;
}

/** `dropped` by relabeling; `unknown`: nobody knows any more what its labels were. */
export type SeriesLookup = OutgoingSeries | 'dropped' | 'unknown';

export interface SeriesSource {
  labelsOf(ref: SeriesRef): LabelSet | undefined;
  isLive(ref: SeriesRef): boolean;
}

export class OutgoingSeriesTable {
  readonly #config: Pick<RemoteWriteOptions, 'externalLabels' | 'relabel'>;
  readonly #source: SeriesSource;
  readonly #byRef = new Map<SeriesRef, OutgoingSeries | 'dropped'>();

  constructor(config: Pick<RemoteWriteOptions, 'externalLabels' | 'relabel'>, source: SeriesSource) {
    this.#config = config;
    this.#source = source;
  }

  get size(): number {
    return this.#byRef.size;
  }

  find(ref: SeriesRef): SeriesLookup {
    const known = this.#byRef.get(ref);
    if (known !== undefined) return known;
    const labels = this.#source.labelsOf(ref);
    return labels === undefined ? 'unknown' : this.declare(ref, labels);
  }

  /** From here on, the reference means the series with these labels. */
  declare(ref: SeriesRef, labels: LabelSet): OutgoingSeries | 'dropped' {
    const relabeled = this.#config.relabel(this.#withExternal(labels));
    const made = relabeled === undefined || relabeled.size === 0 ? 'dropped' : outgoing(ref, relabeled);
    const known = this.#byRef.get(ref);
    // Each is declared twice.
    if (known !== undefined && isSame(known, made)) return known;
    this.#byRef.set(ref, made);
    return made;
  }

  /** Forgets those that have gone, once all that the log has of them is read. */
  forgetGone(): void {
    for (const ref of this.#byRef.keys()) if (!this.#source.isLive(ref)) this.#byRef.delete(ref);
  }

  #withExternal(labels: LabelSet): LabelSet {
    let all = labels;
    for (const [name, value] of this.#config.externalLabels.entries())
      if (!labels.has(name)) all = all.with(name, value);
    return all;
  }
}

function outgoing(ref: SeriesRef, labels: LabelSet): OutgoingSeries {
  const flat: string[] = [];
  for (const [name, value] of labels.entries()) flat.push(name, value);
  sortLabels(flat);
  return { ref, labels: flat, lastMs: Number.NaN, lastValue: 0, endsWithHistogram: false };
}

function isSame(a: OutgoingSeries | 'dropped', b: OutgoingSeries | 'dropped'): boolean {
  if (a === 'dropped' || b === 'dropped') return a === b;
  return a.labels.length === b.labels.length && a.labels.every((text, at) => text === b.labels[at]);
}
