/** What is derived of label sets, kept with the label set for as long as somebody holds it: a storage hands out the same one for
 *  the same series, so a dashboard that asks again finds its groups ready. */
import { type LabelSet, METRIC_NAME } from '../labels/label-set.ts';

/** Ways of grouping that are kept; dashboards and rules repeat a few. */
const MAX_PROJECTIONS = 256;
/** Groups that one way of grouping keeps by name. */
const MAX_GROUPS = 200_000;

/** Of a label set to the part of it that counts; equal parts are the same object. */
export interface Projection {
  of(labels: LabelSet): LabelSet;
}

class CachedProjection implements Projection {
  readonly #keep: (name: string) => boolean;
  /** Stands for this projection at label sets, which thus do not keep it. */
  readonly #token = {};
  #byKey = new Map<string, LabelSet>();

  constructor(keep: (name: string) => boolean) {
    this.#keep = keep;
  }

  of(labels: LabelSet): LabelSet {
    const known = labels.derivedBy(this.#token);
    if (known !== undefined) return known;
    const part = labels.filter(this.#keep);
    let shared = this.#byKey.get(part.key);
    if (shared === undefined) {
      if (this.#byKey.size >= MAX_GROUPS) this.#byKey = new Map();
      this.#byKey.set(part.key, part);
      shared = part;
    }
    labels.rememberDerived(this.#token, shared);
    return shared;
  }
}

/** Labels that say what a metric is, and no longer do once it has been computed with. */
const METADATA = new Set([METRIC_NAME, '__type__', '__unit__']);

export function isMetadataName(name: string): boolean {
  return METADATA.has(name);
}

export class LabelCache {
  readonly #projections = new Map<string, CachedProjection>();
  readonly #withoutMetadata = new CachedProjection((name) => !METADATA.has(name));

  /** Without the name, and what else a changed value makes untrue. */
  withoutMetadata(labels: LabelSet): LabelSet {
    return this.#withoutMetadata.of(labels);
  }

  /** By these labels alone. */
  keeping(names: readonly string[]): Projection {
    const kept = new Set(names);
    return this.#projection(`by\xff${[...kept].sort().join('\xff')}`, (name) => kept.has(name));
  }

  /** By all others. */
  dropping(names: readonly string[]): Projection {
    const dropped = new Set(names);
    return this.#projection(`without\xff${[...dropped].sort().join('\xff')}`, (name) => !dropped.has(name));
  }

  #projection(key: string, keep: (name: string) => boolean): Projection {
    let projection = this.#projections.get(key);
    if (projection === undefined) {
      const [oldest] = this.#projections.keys();
      if (this.#projections.size >= MAX_PROJECTIONS && oldest !== undefined) this.#projections.delete(oldest);
      projection = new CachedProjection(keep);
    } else {
      this.#projections.delete(key);
    }
    this.#projections.set(key, projection);
    return projection;
  }
}
