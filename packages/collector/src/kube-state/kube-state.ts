/** The state of the cluster's objects by kube-state-metrics' names, for job="kube-state-metrics": from the watches that discovery has
 *  too, one for each kind. */
import { VigieError } from '@vigie/core/errors';
import type { Exposition } from '@vigie/core/telemetry';
import { formatFamily } from '@vigie/wire/exposition/text-writer';
import type { SharedWatches } from '../cluster/shared-watches.ts';
import type { AllowedMetadata } from './allowed-families.ts';
import { KindStore, TextBudget } from './kind-store.ts';
import { KINDS } from './kinds.ts';

export interface KubeStateOptions extends AllowedMetadata {
  /** Kinds to tell of, as kube-state-metrics calls them: `pods`. */
  readonly resources: readonly string[];
  /** How much text of objects is shown; what is beyond it is left out and counted. */
  readonly maxBytes: number;
}

/** Everything, without labels and annotations. A pod is shown in some 8 KB: this is enough for 30,000. */
export const DEFAULT_KUBE_STATE: KubeStateOptions = {
  resources: KINDS.map(({ resource }) => resource),
  labels: {},
  annotations: {},
  maxBytes: 256 << 20,
};

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export class KubeState {
  readonly #stores: readonly KindStore[];

  /** @throws {VigieError} CONFIG_INVALID for a resource that is not known */
  constructor(options: KubeStateOptions, watches: SharedWatches) {
    const budget = new TextBudget(options.maxBytes);
    const known = KINDS.map(({ resource }) => resource);
    const named = [...options.resources, ...Object.keys(options.labels), ...Object.keys(options.annotations)];
    for (const resource of named) {
      if (known.includes(resource)) continue;
      throw new VigieError('CONFIG_INVALID', `no metrics of ${resource}: expected one of ${known.join(', ')}`);
    }
    this.#stores = KINDS.filter(({ resource }) => options.resources.includes(resource)).map(
      (kind) => new KindStore(kind, options, budget, watches),
    );
  }

  get stores(): readonly KindStore[] {
    return this.#stores;
  }

  /** @throws {VigieError} where the API server is not known */
  start(): void {
    for (const store of this.#stores) store.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }

  /** The page as of now. While the API server is away it is the last that was known; an object that is deleted is not in the
   *  next one. A kind that may not be read is missing.
   *  @throws {VigieError} KUBE_STATE_CONNECTING until each kind has been listed or refused once: half a page would end
   *  the series of the other half */
  async expose(): Promise<Exposition> {
    return { contentType: CONTENT_TYPE, body: this.#page() };
  }

  #page(): string {
    const waiting = this.#stores.filter(({ state, counters }) => state === 'connecting' && counters.failures === 0);
    if (waiting.length > 0) {
      const resources = waiting.map(({ kind }) => kind.resource).join(', ');
      throw new VigieError('KUBE_STATE_CONNECTING', `not yet listed: ${resources}`);
    }
    const parts: string[] = [];
    for (const store of this.#stores) store.addTo(parts);
    parts.push(...this.#ownFamilies());
    return parts.join('');
  }

  /** What kube-state-metrics tells of itself, and its alerts ask for. */
  #ownFamilies(): readonly string[] {
    const shards = [
      formatFamily('kube_state_metrics_total_shards', 'gauge', 'Number of total shards this instance is aware of'),
      'kube_state_metrics_total_shards 1\n',
      formatFamily('kube_state_metrics_shard_ordinal', 'gauge', 'Current sharding ordinal/index of this instance'),
      'kube_state_metrics_shard_ordinal{shard_ordinal="0"} 0\n',
    ];
    return [...shards, ...this.#requestFamily('list'), ...this.#requestFamily('watch')];
  }

  #requestFamily(verb: 'list' | 'watch'): readonly string[] {
    const name = `kube_state_metrics_${verb}_total`;
    const lines = this.#stores.flatMap(({ kind, counters }) => {
      const { lists, watches, listFailures, failures } = counters;
      const failed = verb === 'list' ? listFailures : failures - listFailures;
      const all = verb === 'list' ? lists : watches;
      const line = (result: string, value: number): string =>
        `${name}{resource="${kind.goType}",result="${result}"} ${value}\n`;
      return [line('success', Math.max(0, all - failed)), line('error', failed)];
    });
    return [formatFamily(name, 'counter', `Number of total resource ${verb} in kube-state-metrics`), ...lines];
  }
}
