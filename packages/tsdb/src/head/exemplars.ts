/** The newest exemplars of all series in one ring, as in Prometheus: the oldest goes for the next. Those of a series are
 *  linked backwards through it. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar } from '@vigie/promql/storage/querier';
import { MAX_TIMESTAMP_MS } from '../chunk/xor.ts';
import type { ExemplarRefusal } from './outcome.ts';
import { type SeriesRef, slotOf } from './series-table.ts';

/** OpenMetrics' bound, in characters of all names and values together. */
const MAX_LABEL_CHARACTERS = 128;
const NONE = -1;

interface Newest {
  /** Which series has the slot: another one may have had it before. */
  readonly ref: SeriesRef;
  position: number;
}

export class Exemplars {
  readonly #capacity: number;
  readonly #exemplars: (Exemplar | undefined)[] = [];
  readonly #refs: Uint32Array;
  readonly #older: Int32Array;
  readonly #newest = new Map<number, Newest>();
  #next = 0;
  #count = 0;

  /** @param capacity 0 keeps none */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#refs = new Uint32Array(capacity);
    this.#older = new Int32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** @returns `known` for the newest of its series once more */
  add(ref: SeriesRef, exemplar: Exemplar): 'added' | 'known' | ExemplarRefusal {
    const { timestampMs, value, labels } = exemplar;
    if (this.#capacity === 0) return 'disabled';
    if (!Number.isInteger(timestampMs) || Math.abs(timestampMs) > MAX_TIMESTAMP_MS) return 'bad_timestamp';
    if (charactersOf(labels) > MAX_LABEL_CHARACTERS) return 'too_long';
    const slot = slotOf(ref);
    let newest = this.#newest.get(slot);
    if (newest !== undefined && newest.ref === ref) {
      const last = this.#exemplars[newest.position]!;
      if (last.timestampMs === timestampMs && Object.is(last.value, value) && last.labels.equals(labels))
        return 'known';
      if (last.timestampMs > timestampMs) return 'out_of_order';
    } else {
      newest = undefined;
    }
    const at = this.#next;
    this.#next = (at + 1) % this.#capacity;
    this.#forget(at);
    // What was overwritten just now may have been the newest of this very series.
    const older = newest === undefined || this.#newest.get(slot) !== newest ? NONE : newest.position;
    this.#exemplars[at] = exemplar;
    this.#refs[at] = ref;
    this.#older[at] = older;
    if (older === NONE) this.#newest.set(slot, { ref, position: at });
    else newest!.position = at;
    this.#count++;
    return 'added';
  }

  /** In order of time. */
  of(ref: SeriesRef, fromMs: number, toMs: number): readonly Exemplar[] {
    const found: Exemplar[] = [];
    const newest = this.#newest.get(slotOf(ref));
    if (newest === undefined || newest.ref !== ref) return found;
    for (let at = newest.position, left = this.#count; at !== NONE && left > 0; at = this.#older[at]!, left--) {
      const exemplar = this.#exemplars[at];
      // The link leads to what has been overwritten since.
      if (
        exemplar === undefined ||
        this.#refs[at] !== ref ||
        exemplar.timestampMs > (found.at(-1) ?? exemplar).timestampMs
      )
        break;
      if (exemplar.timestampMs < fromMs) break;
      if (exemplar.timestampMs <= toMs) found.push(exemplar);
    }
    return found.reverse();
  }

  /** All, oldest first: for a snapshot. */
  *entries(): Generator<readonly [SeriesRef, Exemplar]> {
    for (let index = 0; index < this.#exemplars.length; index++) {
      const at = this.#exemplars.length < this.#capacity ? index : (this.#next + index) % this.#capacity;
      const exemplar = this.#exemplars[at];
      if (exemplar !== undefined) yield [this.#refs[at]!, exemplar];
    }
  }

  #forget(at: number): void {
    if (this.#exemplars[at] === undefined) return;
    const slot = slotOf(this.#refs[at]!);
    if (this.#newest.get(slot)?.position === at) this.#newest.delete(slot);
    this.#count--;
  }
}

function charactersOf(labels: LabelSet): number {
  let characters = 0;
  for (const [name, value] of labels.entries()) characters += [...name].length + [...value].length;
  return characters;
}
