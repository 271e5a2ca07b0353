/** The labels of a series: sorted by name, none empty. Immutable; what is derived of one (group keys) may be cached by
 *  its identity, so a storage hands out the same object for the same series. */

export const METRIC_NAME = '__name__';

/** Of one label set; beyond, what was derived first is forgotten with all that came after it. */
const MAX_DERIVED = 8;

/** A link in the chain of what has been derived of a label set. */
interface Derived {
  readonly by: object;
  readonly labels: LabelSet;
  readonly depth: number;
  readonly next: Derived | undefined;
}

export class LabelSet {
  /** Ascending by UTF-16 units. */
  readonly names: readonly string[];
  /** `values[i]` belongs to `names[i]`; never empty. */
  readonly values: readonly string[];
  #key: string | undefined;
  #derived: Derived | undefined;

  private constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  static readonly empty: LabelSet = new LabelSet([], []);

  /** Sorts, and leaves out empty values. A name that comes twice keeps its last value. */
  static of(labels: Readonly<Record<string, string>> | Iterable<readonly [string, string]>): LabelSet {
    const entries: Iterable<readonly [string, string]> = isIterable(labels) ? labels : Object.entries(labels);
    const byName = new Map(entries);
    const names = [...byName.keys()].filter((name) => byName.get(name) !== '').sort(compareText);
    return new LabelSet(
      names,
      names.map((name) => byName.get(name) ?? ''),
    );
  }

  /** For callers that have them sorted, without duplicates or empty values: nothing is copied or checked. */
  static ofSorted(names: readonly string[], values: readonly string[]): LabelSet {
    return new LabelSet(names, values);
  }

  /** Equal for equal labels, and for no others. */
  get key(): string {
    if (this.#key === undefined) {
      let key = '';
      for (let index = 0; index < this.names.length; index++)
        key += `${this.names[index]}\xff${this.values[index]}\xfe`;
      this.#key = key;
    }
    return this.#key;
  }

  /** What was derived of it and is still remembered: by whom is told apart by identity.
   *  Cost: a comparison for each of at most eight. A map by label sets would be asked for every series of every query, and be looked
   *  through by every garbage collection. */
  derivedBy(by: object): LabelSet | undefined {
    for (let one = this.#derived; one !== undefined; one = one.next) if (one.by === by) return one.labels;
    return undefined;
  }

  rememberDerived(by: object, labels: LabelSet): void {
    const known = this.#derived;
    const next = known !== undefined && known.depth < MAX_DERIVED ? known : undefined;
    this.#derived = { by, labels, depth: next === undefined ? 1 : next.depth + 1, next };
  }

  get size(): number {
    return this.names.length;
  }

  /** '' where it is absent. */
  get(name: string): string {
    const index = this.names.indexOf(name);
    return index < 0 ? '' : this.values[index]!;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Without the label, if it has it; else itself. */
  without(name: string): LabelSet {
    const at = this.names.indexOf(name);
    if (at < 0) return this;
    return new LabelSet(
      this.names.filter((_, index) => index !== at),
      this.values.filter((_, index) => index !== at),
    );
  }

  /** With the label set to the value; an empty value removes it. */
  with(name: string, value: string): LabelSet {
    if (value === '') return this.without(name);
    let at = 0;
    while (at < this.names.length && this.names[at]! < name) at++;
    if (this.names[at] === name) return new LabelSet(this.names, this.values.with(at, value));
    return new LabelSet(this.names.toSpliced(at, 0, name), this.values.toSpliced(at, 0, value));
  }

  /** Those for which `keep` says so. */
  filter(keep: (name: string) => boolean): LabelSet {
    const names: string[] = [];
    const values: string[] = [];
    for (let index = 0; index < this.names.length; index++) {
      if (!keep(this.names[index]!)) continue;
      names.push(this.names[index]!);
      values.push(this.values[index]!);
    }
    return names.length === this.names.length ? this : new LabelSet(names, values);
  }

  *entries(): Generator<readonly [string, string]> {
    for (let index = 0; index < this.names.length; index++) yield [this.names[index]!, this.values[index]!];
  }

  equals(other: LabelSet): boolean {
    return this === other || this.key === other.key;
  }

  /** As Prometheus sorts: name, then value, label by label; fewer labels first. */
  compare(other: LabelSet): number {
    const shared = Math.min(this.names.length, other.names.length);
    for (let index = 0; index < shared; index++) {
      const byName = compareText(this.names[index]!, other.names[index]!);
      if (byName !== 0) return byName;
      const byValue = compareText(this.values[index]!, other.values[index]!);
      if (byValue !== 0) return byValue;
    }
    return this.names.length - other.names.length;
  }

  toJSON(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.entries());
  }
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isIterable<T>(value: Readonly<Record<string, string>> | Iterable<T>): value is Iterable<T> {
  return Symbol.iterator in value;
}
