/** Series that matchers have selected: rules and dashboards ask for the same ones each time, and what PromQL derives of a
 *  selection it keeps by the array. */
import type { Matcher } from '@vigie/promql/labels/matcher';
import type { Postings } from './postings.ts';
import type { Symbols } from './symbols.ts';

/** Some hundreds of rules and panels have a selector or two each. */
const MAX_ENTRIES = 512;
/** In all entries: with a slot and a pointer each, 12 MiB. */
const MAX_SERIES = 1 << 20;

/** Of a selection: which series fulfil its matchers, whenever they have samples. */
interface Selected<Series> {
  /** Ascending. */
  readonly slots: Int32Array;
  /** By the same index. */
  readonly series: readonly Series[];
}

interface Entry<Series> {
  /** The text that it was put in with: it may be long, and each one that was kept in its place would be garbage of the old generation. */
  readonly key: string;
  readonly version: number;
  readonly selected: Selected<Series>;
}

/** Bounded: what was asked for least recently goes first. Only selections with an equality are kept, which most have for the
 *  metric's name: as long as no series with that label comes or goes, none comes or goes that fulfils all matchers. */
export class SelectionCache<Series> {
  readonly #symbols: Symbols;
  readonly #postings: Postings;
  readonly #entries = new Map<string, Entry<Series>>();
  #series = 0;

  constructor(symbols: Symbols, postings: Postings) {
    this.#symbols = symbols;
    this.#postings = postings;
  }

  /** @param select called where it is not known, or not any more */
  get(matchers: readonly Matcher[], select: () => Selected<Series>): Selected<Series> {
    const version = this.#versionFor(matchers);
    if (version === 0) return select();
    const key = keyOf(matchers);
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(known);
    const entry = known?.version === version ? known : { key, version, selected: select() };
    this.#put(entry);
    return entry.selected;
  }

  /** 0 where no version says that the selection is the same. */
  #versionFor(matchers: readonly Matcher[]): number {
    for (const { name, operator, value } of matchers) {
      if (operator !== '=' || value === '') continue;
      const nameId = this.#symbols.find(name);
      const valueId = this.#symbols.find(value);
      if (nameId === undefined || valueId === undefined) return 0;
      return this.#postings.pairVersion(nameId, valueId);
    }
    return 0;
  }

  #put(entry: Entry<Series>): void {
    if (entry.selected.slots.length > MAX_SERIES) return;
    this.#entries.set(entry.key, entry);
    this.#series += entry.selected.slots.length;
    for (const other of this.#entries.values()) {
      if (this.#entries.size <= MAX_ENTRIES && this.#series <= MAX_SERIES) break;
      this.#remove(other);
    }
  }

  #remove({ key, selected }: Entry<Series>): void {
    this.#entries.delete(key);
    this.#series -= selected.slots.length;
  }
}

function keyOf(matchers: readonly Matcher[]): string {
  let key = '';
  for (const { name, operator, value } of matchers) key += `${name}\xff${operator}\xff${value}\xfe`;
  return key;
}
