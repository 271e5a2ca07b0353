/** Labels and annotations as templates see them. Source: Alertmanager 0.34, template/template.go: KV, Pairs, Strings. */
import { type FunctionMap, GoFunction, GoList, GoMap, GoStruct, type Value } from '@vigie/core/template/values';
import { compareBytes } from '../matchers/byte-order.ts';

/** Which name comes first wherever names are sorted. */
const ALERT_NAME = 'alertname';
const STRINGS = '[]string';

export class KeyValues extends GoMap {
  constructor(entries: ReadonlyMap<string, string>) {
    super(entries, 'template.KV', '');
  }

  override get underlying(): string {
    return 'map[string]string';
  }

  override get methods(): FunctionMap {
    return new Map([
      ['SortedPairs', new GoFunction([], () => this.#pairs())],
      ['Names', new GoFunction([], () => this.#pairs().names())],
      ['Values', new GoFunction([], () => this.#pairs().values())],
      ['Remove', new GoFunction([STRINGS], ([names]) => this.#without(names))],
      ['String', new GoFunction([], () => this.#pairs().toString())],
    ]);
  }

  #pairs(): Pairs {
    const names = Array.from(this.entries.keys()).sort(
      (a, b) => Number(b === ALERT_NAME) - Number(a === ALERT_NAME) || compareBytes(a, b),
    );
    return new Pairs(names.map((name) => [name, String(this.entries.get(name))]));
  }

  #without(names: Value): KeyValues {
    const removed = new Set(names instanceof GoList ? names.items : []);
    const kept = Array.from(this.entries).filter(([name]) => !removed.has(name));
    return new KeyValues(new Map(kept.map(([name, value]) => [name, String(value)])));
  }
}

class Pairs extends GoList {
  readonly #pairs: readonly (readonly [name: string, value: string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    super(pairs.map(pairOf), 'template.Pairs');
    this.#pairs = pairs;
  }

  override get underlying(): string {
    return '[]template.Pair';
  }

  override get methods(): FunctionMap {
    return new Map([
      ['Names', new GoFunction([], () => this.names())],
      ['Values', new GoFunction([], () => this.values())],
      ['String', new GoFunction([], () => this.toString())],
    ]);
  }

  names(): Strings {
    return new Strings(this.#pairs.map(([name]) => name));
  }

  values(): Strings {
    return new Strings(this.#pairs.map(([, value]) => value));
  }

  override toString(): string {
    return this.#pairs.map(([name, value]) => `${name}=${value}`).join(', ');
  }
}

function pairOf([name, value]: readonly [string, string]): GoStruct {
  return new GoStruct(
    'template.Pair',
    new Map([
      ['Name', name],
      ['Value', value],
    ]),
  );
}

class Strings extends GoList {
  constructor(items: readonly string[]) {
    super(items, 'template.Strings');
  }

  override get underlying(): string {
    return STRINGS;
  }

  override get methods(): FunctionMap {
    return new Map([['Join', new GoFunction(['string'], ([separator]) => this.items.join(String(separator)))]]);
  }
}
