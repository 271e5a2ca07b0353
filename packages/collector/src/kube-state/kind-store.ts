/** The objects of one kind, as text, kept current by a watch. */
import { type ReflectorCounters, type ReflectorState, zeroCounters } from '@vigie/kube/reflector';
import { formatFamily } from '@vigie/wire/exposition/text-writer';
import type { JoinedWatch, ObjectView } from '../cluster/shared-watch.ts';
import { allOf, type SharedWatches } from '../cluster/shared-watches.ts';
import { type AllowedMetadata, allowedFamilies } from './allowed-families.ts';
import type { Family, Kind } from './kind.ts';
import { type RenderedObject, renderObject } from './rendered-object.ts';

/** How much text all kinds together may show. */
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
  readonly #watches: SharedWatches;
  readonly #view: ObjectView<RenderedObject>;
  #joined: JoinedWatch<RenderedObject> | undefined;
  /** What of the budget each object takes; those that were left out take nothing, and are not here. */
  readonly #sizes = new Map<string, number>();
  #usedBytes = 0;
  /** Objects that were left out because the budget is spent, since the start. */
  omitted = 0;

  constructor(kind: Kind, metadata: AllowedMetadata, budget: TextBudget, watches: SharedWatches) {
    this.kind = kind;
    const families = [...kind.families, ...allowedFamilies(kind, metadata)];
    this.#families = families;
    this.#budget = budget;
    this.#watches = watches;
    this.#view = {
      decode: (object) => renderObject(kind, families, object),
      isSame: (before, now) => before.isSame(now),
    };
  }

  get state(): ReflectorState {
    return this.#joined?.state ?? 'connecting';
  }

  get counters(): ReflectorCounters {
    return this.#joined?.counters ?? NO_COUNTS;
  }

  get size(): number {
    return this.#joined?.size ?? 0;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @throws {VigieError} where the API server is not known */
  start(): void {
    this.#joined = this.#watches.join(allOf(this.kind.path), this.#view, {
      applied: (key, object) => {
        this.#release(key);
        this.#admit(key, object);
      },
      removed: (key) => this.#release(key),
    });
  }

  async close(): Promise<void> {
    await this.#joined?.leave();
  }

  /** Adds every family that has samples, with its head. Cost: one walk over the objects a family. */
  addTo(pieces: string[]): void {
    for (const [index, { name, type, help }] of this.#families.entries()) {
      const before = pieces.push(formatFamily(name, type, help));
      for (const object of this.#joined?.values() ?? []) object.addTo(pieces, index);
      if (pieces.length === before) pieces.pop();
    }
  }

  #admit(key: string, object: RenderedObject): void {
    const { sizeBytes } = object;
    if (this.#budget.usedBytes + sizeBytes > this.#budget.limitBytes) {
      object.omit();
      this.omitted++;
      return;
    }
    this.#sizes.set(key, sizeBytes);
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

const NO_COUNTS = zeroCounters();
