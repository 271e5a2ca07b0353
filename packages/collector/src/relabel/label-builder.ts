/** A label set with changes on top of it. Source: Prometheus, model/labels, Builder. */
import { compareText, LabelSet } from '@vigie/promql/labels/label-set';

export class LabelBuilder {
  readonly #base: LabelSet;
  /** In the order in which they were first set. */
  readonly #set = new Map<string, string>();
  readonly #removed = new Set<string>();

  constructor(base: LabelSet) {
    this.#base = base;
  }

  /** '' where it is absent. */
  get(name: string): string {
    const set = this.#set.get(name);
    if (set !== undefined) return set;
    return this.#removed.has(name) ? '' : this.#base.get(name);
  }

  /** An empty value removes the label. */
  set(name: string, value: string): void {
    if (value === '') this.remove(name);
    else this.#set.set(name, value);
  }

  remove(name: string): void {
    this.#set.delete(name);
    this.#removed.add(name);
  }

  /** As they are now, those of the base that are unchanged before the others. */
  entries(): readonly (readonly [string, string])[] {
    return [...this.#kept(), ...this.#set];
  }

  /** The base itself where nothing has changed. */
  labels(): LabelSet {
    if (this.#set.size === 0 && this.#removed.size === 0) return this.#base;
    const sorted = this.entries().toSorted(([a], [b]) => compareText(a, b));
    return LabelSet.ofSorted(
      sorted.map(([name]) => name),
      sorted.map(([, value]) => value),
    );
  }

  *#kept(): Generator<readonly [string, string]> {
    for (const entry of this.#base.entries()) {
      if (!this.#removed.has(entry[0]) && !this.#set.has(entry[0])) yield entry;
    }
  }
}
