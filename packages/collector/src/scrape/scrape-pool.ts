/** The targets of one job: made of what discovery says, scraped for as long as it says so. Source: Prometheus, scrape/scrape.go,
 *  scrapePool. Where Prometheus goes through all groups at each change, this goes through those that changed. */
import type { Clock } from '@vigie/core/clock';
import { HttpClient, type HttpClientDeps } from '@vigie/core/http-client/http-client';
import type { Log } from '@vigie/core/log';
import type { ScrapeConfig } from '../config/collector-config.ts';
import type { TargetGroup } from '../discovery/target-group.ts';
import { readSummary } from '../kubelet/stats-summary.ts';
import { dropsAll } from '../relabel/relabel.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { acceptHeader } from './accept-header.ts';
import { bodyLimit } from './body-limit.ts';
import { fetchExposition, fetchPage, type Page } from './fetch-exposition.ts';
import { JobCounts } from './job-counts.ts';
import { sameSamples } from './same-samples.ts';
import { ScrapeError } from './scrape-error.ts';
import { ScrapeLoop, type ScrapeLoopDeps, type ScrapeLoopOptions } from './scrape-loop.ts';
import type { ScrapeObserver } from './scrape-observer.ts';
import { placesFor, scrapeOffsetMs, targetHash } from './scrape-offset.ts';
import { type DiscoveredTarget, Target } from './target.ts';
import { withHistogramsOf } from './target-histograms.ts';
import { targetLabels } from './target-labels.ts';
import { type SampleDeps, TargetSamples } from './target-samples.ts';

export interface ScrapePoolDeps {
  readonly samples: SampleDeps;
  readonly http: HttpClientDeps;
  readonly observer: ScrapeObserver;
  /** undefined: none is wanted. */
  readonly tracing: Tracing | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** See offsetSeed. */
  readonly seed: bigint;
  /** Targets are scraped at once and again soon after, in place of at their place in the interval: of one's own, for instance. */
  readonly isEager: boolean;
  /** Whether a target is this collector's to scrape, by its hash; undefined: each is. */
  readonly owns?: ((hash: bigint) => boolean) | undefined;
  /** What this process tells under a URL of its own; undefined for every other. */
  readonly pageOf: (url: string) => Page | undefined;
  /** The program ends: nothing more is written. */
  readonly shutdown: AbortSignal;
}

interface ActiveTarget {
  readonly loop: ScrapeLoop;
  /** In how many groups it is. */
  uses: number;
}

interface Group {
  readonly written: TargetGroup;
  readonly keys: readonly string[];
  /** How many of its targets relabeling dropped. */
  readonly dropped: number;
  /** How many are of other shards. */
  readonly elsewhere: number;
}

/** One for all that have none. */
const NONE: readonly never[] = [];

/** Those before a reload. */
interface OldTargets {
  readonly targets: ReadonlyMap<string, ActiveTarget>;
  /** What is known of their samples stays true. */
  readonly keepsSamples: boolean;
}

/** A rate needs two samples: of an eager target the second comes soon after the first. */
const EAGER_MS = 2_000;
/** A target that comes later is seen within a second, its connection included, whatever its place in the interval; those of a rollout are spread over it. */
const LATE_SPREAD_MS = 750;
/** Gone with their pod, series cannot come back under their labels. */
const POD_UID = '__meta_kubernetes_pod_uid';
/** Of a pod, and of an address behind a service. */
const READY = [
  '__meta_kubernetes_pod_ready',
  '__meta_kubernetes_endpoint_ready',
  '__meta_kubernetes_endpointslice_endpoint_conditions_ready',
];

export class ScrapePool {
  readonly counts = new JobCounts();
  readonly #deps: ScrapePoolDeps;
  #config: ScrapeConfig;
  #client: HttpClient;
  #groups = new Map<string, Group>();
  #active = new Map<string, ActiveTarget>();
  /** Loops of targets that are no more, until their series have ended. */
  readonly #leaving = new Set<Promise<void>>();
  #isFirstUpdate = true;

  constructor(config: ScrapeConfig, deps: ScrapePoolDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#client = new HttpClient(config.client, deps.http);
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  /** By URL. */
  get targets(): readonly Target[] {
    return [...this.#active.values()]
      .map(({ loop }) => loop.target)
      .sort(({ url: a }, { url: b }) => (a < b ? -1 : Number(a > b)));
  }

  /** How often series come by the label job of the targets, the longest of each. Cost: one look at all targets. */
  get jobIntervals(): ReadonlyMap<string, number> {
    const intervals = new Map<string, number>();
    for (const { loop } of this.#active.values()) {
      const { labels, intervalMs } = loop.target;
      const job = labels.get('job');
      intervals.set(job, Math.max(intervals.get(job) ?? 0, intervalMs));
    }
    return intervals;
  }

  /** In no order. */
  *eachTarget(): Iterable<Target> {
    for (const { loop } of this.#active.values()) yield loop.target;
  }

  get targetCount(): number {
    return this.#active.size;
  }

  get droppedCount(): number {
    let count = 0;
    for (const { dropped } of this.#groups.values()) count += dropped;
    return count;
  }

  /** How many targets other shards scrape. */
  get elsewhereCount(): number {
    let count = 0;
    for (const { elsewhere } of this.#groups.values()) count += elsewhere;
    return count;
  }

  /** As many as the configuration keeps. Cost: the labels of their groups are made and relabeled again. */
  get dropped(): readonly DiscoveredTarget[] {
    const config = this.#config;
    const found: DiscoveredTarget[] = [];
    for (const { written, dropped } of this.#groups.values()) {
      if (dropped === 0) continue;
      const { labels: group, targets } = written;
      for (const target of targets) {
        if (targetLabels(config, target, group).kind !== 'dropped') continue;
        if (found.length === config.keepDroppedTargets) return found;
        found.push({ config, target, group });
      }
    }
    return found;
  }

  /** When each of the present targets has been scraped once. */
  async firstScrapes(): Promise<void> {
    await Promise.all(Array.from(this.#active.values(), ({ loop }) => loop.firstScrape));
  }

  /** @param changed by a name of its own; without targets, a group is gone */
  update(changed: ReadonlyMap<string, TargetGroup>): void {
    this.counts.syncs++;
    const added: ScrapeLoop[] = [];
    const before: string[] = [];
    for (const [name, written] of changed) {
      for (const key of this.#groups.get(name)?.keys ?? []) before.push(key);
      const group = this.#readGroup(written, added);
      if (group === undefined) this.#groups.delete(name);
      else this.#groups.set(name, group);
    }
    // What moved from one group to another is there all the time.
    const gone = before.flatMap((key) => this.#release(key) ?? NONE);
    this.#leave(gone, added);
    this.#isFirstUpdate = false;
    this.#checkTargetLimit();
    for (const loop of added) loop.start();
  }

  /** Targets that stay are scraped on, in the new way; series that it does not give any more end.
   *  Resolves when what was under way in the old way is over. */
  async reload(config: ScrapeConfig): Promise<void> {
    const oldClient = this.#client;
    const oldGroups = this.#groups;
    const oldActive = this.#active;
    const keepsSamples = sameSamples(this.#config, config);
    this.#config = config;
    this.#client = new HttpClient(config.client, this.#deps.http);
    this.#groups = new Map();
    this.#active = new Map();
    const stopped = Array.from(oldActive.values(), ({ loop }) => loop.stop());
    const added: ScrapeLoop[] = [];
    const old = { targets: oldActive, keepsSamples };
    for (const [name, { written }] of oldGroups) {
      const group = this.#readGroup(written, added, old);
      if (group !== undefined) this.#groups.set(name, group);
    }
    const gone = [...oldActive].filter(([key]) => !keepsSamples || !this.#active.has(key));
    this.#leave(
      gone.map(([, { loop }]) => loop),
      added,
    );
    this.#checkTargetLimit();
    await Promise.all(stopped);
    for (const loop of added) {
      loop.target.lastScrape = oldActive.get(loop.target.key)?.loop.target.lastScrape;
      loop.start();
    }
    oldClient.close();
  }

  /** The job is no more: its series end. */
  retire(): void {
    this.#leave(
      Array.from(this.#active.values(), ({ loop }) => loop),
      NONE,
    );
    this.#active = new Map();
    this.#groups = new Map();
  }

  /** To be called when `shutdown` is aborted, or after `retire`. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    await Promise.all([...Array.from(this.#active.values(), ({ loop }) => loop.stop()), ...this.#leaving]);
    this.#client.close();
  }

  /** @returns undefined for one without targets, which is gone */
  #readGroup(written: TargetGroup, added: ScrapeLoop[], old?: OldTargets): Group | undefined {
    const config = this.#config;
    const outline = written.outline?.();
    if (outline !== undefined && dropsAll(outline.labels, config.relabel, outline.isOfGroup)) {
      const { targetCount: dropped } = outline;
      return dropped === 0 ? undefined : { written, keys: NONE, dropped, elsewhere: 0 };
    }
    const keys = new Set<string>();
    let dropped = 0;
    let elsewhere = 0;
    // Discovery may make them when they are asked for: once is enough.
    const { labels: group, targets } = written;
    if (targets.length === 0) return undefined;
    for (const [index, target] of targets.entries()) {
      const made = targetLabels(config, target, group);
      switch (made.kind) {
        case 'dropped':
          dropped++;
          break;
        case 'invalid':
          this.counts.invalidTargets++;
          this.#deps.log.warn('a target that was discovered cannot be scraped', {
            reason: `instance ${index} in group ${written.source}: ${made.reason}`,
          });
          break;
        case 'active': {
          const found = new Target(made.labels, { config, target, group });
          if (this.#deps.owns?.(targetHash(found.labels, found.url)) === false) {
            elsewhere++;
            break;
          }
          if (!keys.has(found.key)) this.#use(found, added, old);
          keys.add(found.key);
        }
      }
    }
    return { written, keys: keys.size === 0 ? NONE : [...keys], dropped, elsewhere };
  }

  #use(found: Target, added: ScrapeLoop[], old: OldTargets | undefined): void {
    const known = this.#active.get(found.key);
    if (known !== undefined) {
      known.uses++;
      const { loop } = known;
      const hasBecomeReady = !isReady(loop.target.discovered) && isReady(found.discovered);
      loop.target.discovered = found.discovered;
      // It has an address before it answers: what failed then goes well now, and is not to wait for its place in the interval.
      if (hasBecomeReady) loop.retrySoon(lateDelayMs(targetHash(found.labels, found.url)));
      return;
    }
    const before = old?.targets.get(found.key)?.loop;
    const samples =
      (old?.keepsSamples === true ? before?.samples : undefined) ??
      new TargetSamples(
        found.publicLabels,
        withHistogramsOf(found.labels, this.#config),
        found.timeoutMs,
        this.#deps.samples,
      );
    samples.timeoutMs = found.timeoutMs;
    const isLate = before === undefined && !this.#isFirstUpdate;
    const loop = new ScrapeLoop(found, samples, this.#timesOf(found, isLate), this.#loopDeps());
    this.#active.set(found.key, { loop, uses: 1 });
    added.push(loop);
  }

  #timesOf({ labels, url, intervalMs }: Target, isLate: boolean): ScrapeLoopOptions {
    const { clock, seed, isEager } = this.#deps;
    if (isEager) return { offsetMs: () => EAGER_MS + intervalMs, earlyMs: [0, EAGER_MS] };
    const hash = targetHash(labels, url);
    // When all targets of the update are known.
    const offsetMs = () =>
      scrapeOffsetMs(hash, { seed, intervalMs, places: placesFor(this.#active.size) }, clock.nowMs());
    return { offsetMs, earlyMs: isLate ? [lateDelayMs(hash)] : [] };
  }

  #loopDeps(): ScrapeLoopDeps {
    const { clock, observer, tracing, log, pageOf, shutdown } = this.#deps;
    const { protocols, enableCompression: compressed, limits } = this.#config;
    const client = this.#client;
    const accept = acceptHeader(protocols);
    const maxBodyBytes = bodyLimit(limits.bodyBytes);
    return {
      fetch: async ({ url, timeoutMs }, signal) => {
        const page = pageOf(url);
        if (page !== undefined) return fetchPage(page, timeoutMs, signal);
        const options = { client, accept, compressed, timeoutMs, maxBodyBytes, clock };
        return readSummary(url, await fetchExposition(url, options, signal));
      },
      counts: this.counts,
      observer,
      tracing,
      clock,
      log,
      shutdown,
    };
  }

  /** @returns its loop, where it is in no group any more */
  #release(key: string): ScrapeLoop | undefined {
    const active = this.#active.get(key);
    if (active === undefined || --active.uses > 0) return undefined;
    this.#active.delete(key);
    return active.loop;
  }

  /** @param added what comes in their place: a target scraped at another path or interval goes on with the series, which are not to end in
   *  between */
  #leave(loops: readonly ScrapeLoop[], added: readonly ScrapeLoop[]): void {
    // Most updates take nothing away, and labels keep their keys once somebody has asked for them.
    if (loops.length === 0) return;
    const goingOn = new Set(added.map(({ target }) => target.publicLabels.key));
    for (const loop of loops) {
      const { target } = loop;
      const leaving = loop
        .retire(isOfPod(target) && !goingOn.has(target.publicLabels.key))
        .catch((error: unknown) => this.#deps.log.error('the series of a target were not ended', { error }))
        .finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
  }

  #checkTargetLimit(): void {
    const { targets: limit } = this.#config.limits;
    const count = this.#active.size;
    const failure =
      limit === undefined || count <= limit
        ? undefined
        : new ScrapeError('target_limit', `target_limit exceeded (number of targets: ${count}, limit: ${limit})`);
    for (const { loop } of this.#active.values()) loop.forcedFailure = failure;
  }
}

function isOfPod({ discovered: { target, group } }: Target): boolean {
  return POD_UID in target || POD_UID in group;
}

function lateDelayMs(hash: bigint): number {
  return Number(hash % BigInt(LATE_SPREAD_MS));
}

/** Whether discovery says that it takes requests; false also where it says nothing of the kind. */
function isReady({ target, group }: DiscoveredTarget): boolean {
  return READY.some((name) => (target[name] ?? group[name]) === 'true');
}
