/** Which endpoints several targets are about, of one job or of several. */
import type { Clock } from '@vigie/core/clock';
import type { SharedEndpoint, SharedEndpoints } from '../adapter/repeated-series.ts';
import { keptLook } from './kept-look.ts';
import type { ScrapePool } from './scrape-pool.ts';
import type { Target } from './target.ts';

interface Endpoint extends SharedEndpoint {
  readonly labelNames: Set<string>;
}

export class EndpointTargets implements SharedEndpoints {
  /** By the label instance. */
  readonly #shared: () => ReadonlyMap<string, SharedEndpoint>;

  /** @param pools those of now */
  constructor(pools: () => Iterable<Pick<ScrapePool, 'eachTarget'>>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#shared = keptLook(() => sharedIn(pools()), clock);
  }

  of(instance: string): SharedEndpoint | undefined {
    return this.#shared().get(instance);
  }
}

function sharedIn(pools: Iterable<Pick<ScrapePool, 'eachTarget'>>): ReadonlyMap<string, SharedEndpoint> {
  const firsts = new Map<string, Target>();
  const shared = new Map<string, Endpoint>();
  for (const pool of pools) {
    for (const target of pool.eachTarget()) {
      const first = firsts.get(target.url);
      if (first === undefined) firsts.set(target.url, target);
      else share(first, target, shared);
    }
  }
  return shared;
}

/** They may call it by two instances, where relabeling has. */
function share(first: Target, target: Target, shared: Map<string, Endpoint>): void {
  const id = first.publicLabels.get('instance');
  const endpoint = shared.get(id) ?? { id, labelNames: new Set<string>() };
  for (const { publicLabels } of [first, target]) {
    for (const name of publicLabels.names) endpoint.labelNames.add(name);
    const instance = publicLabels.get('instance');
    if (!shared.has(instance)) shared.set(instance, endpoint);
  }
}
