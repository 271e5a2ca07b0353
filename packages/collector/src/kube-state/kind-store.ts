/** The objects of one kind, as text, kept current by a watch. */

import type { KubeClient } from '@vigie/kube/client';
import { Reflector, type ReflectorCounters, type ReflectorDeps, type ReflectorState } from '@vigie/kube/reflector';
import { formatFamily } from '@vigie/wire/exposition/text-writer';
import { type AllowedMetadata, allowedFamilies } from './allowed-families.ts';
import type { Family, Kind } from './kind.ts';
import { type RenderedObject, renderObject } from './rendered-object.ts';

/** How much text all kinds together may keep. */
export class TextBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

export class KindStore {
  readonly kind: Kind;
  readonly #families: readonly Family[];
  readonly #budget: TextBudget;
  readonly #reflector: Reflector<RenderedObject>;
  /** What of the budget each object takes; those that were left out take nothing, and are not here. */
  readonly #sizes = new Map<string, number>();
  #usedBytes = 0;
  /** Objects that were left out because the budget is spent, since the start. */
  omitted = 0;

  constructor(kind: Kind, metadata: AllowedMetadata, budget: TextBudget, client: KubeClient, deps: ReflectorDeps) {
    this.kind = kind;
    this.#families = [...kind.families, ...allowedFamilies(kind, metadata)];
    this.#budget = budget;
    const form = { decode: (object: unknown) => renderObject(kind, this.#families, object) };
    this.#reflector = new Reflector(
      client,
      { path: kind.path, form, key: ({ key }) => key },
      {
        replaced: (all) => {
          for (const key of this.#sizes.keys()) this.#release(key);
          for (const object of all.values()) this.#admit(object);
        },
        applied: (key, object) => {
          this.#release(key);
          this.#admit(object);
        },
        removed: (key) => this.#release(key),
      },
      deps,
    );
  }

  get state(): ReflectorState {
    return this.#reflector.state;
  }

  get counters(): ReflectorCounters {
    return this.#reflector.counters;
  }

  get size(): number {
    return this.#reflector.items.size;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  start(signal: AbortSignal): void {
    this.#reflector.start(signal);
  }

  close(): Promise<void> {
    return this.#reflector.close();
  }

  /** Every family that has samples, with its head. Cost: one walk over the objects a family. */
  *texts(): Iterable<string> {
    for (const [index, { name, type, help }] of this.#families.entries()) {
      let isFirst = true;
      for (const object of this.#reflector.items.values()) {
        const text = object.textOf(index);
        if (text === '') continue;
        if (isFirst) yield formatFamily(name, type, help);
        isFirst = false;
        yield text;
      }
    }
  }

  #admit(object: RenderedObject): void {
    const { sizeBytes } = object;
    if (this.#budget.usedBytes + sizeBytes > this.#budget.limitBytes) {
      object.omit();
      this.omitted++;
      return;
    }
    this.#sizes.set(object.key, sizeBytes);
    this.#charge(sizeBytes);
  }

  #release(key: string): void {
    this.#charge(-(this.#sizes.get(key) ?? 0));
    this.#sizes.delete(key);
  }

  #charge(bytes: number): void {
    this.#usedBytes += bytes;
    this.#budget.usedBytes += bytes;
  }
}
