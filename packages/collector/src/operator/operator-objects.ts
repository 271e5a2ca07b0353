/** Follows the objects of the Prometheus operator: jobs and recording rules come, change and go with them, each for itself. */
import type { Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import type { ReflectorDeps } from '@vigie/kube/reflector';
import * as v from 'valibot';
import type { ScrapeGlobals } from '../config/scrape-section.ts';
import { AssetLookup, AssetStore } from './assets.ts';
import { KindWatch } from './kind-watch.ts';
import { type Asked, askedBy, NOTHING_ASKED, type ObjectOutcome } from './object-jobs.ts';
import { describeObject, OPERATOR_GROUP, OPERATOR_KINDS, type OperatorObject } from './object-kinds.ts';

export interface OperatorObjectsConfig {
  /** A label selector; '' for all objects. */
  readonly selector: string;
  /** Of objects; all where there is none. */
  readonly namespaces: readonly string[];
  readonly serviceDiscoveryRole: 'endpoints' | 'endpointslice';
  /** Whether objects may name files of the collector. */
  readonly fileAccess: boolean;
  /** What jobs inherit. */
  readonly globals: ScrapeGlobals;
}

export interface OperatorObjectsDeps extends ReflectorDeps {
  readonly client: KubeClient;
  /** Takes up what all objects together ask for, in place of what they asked for before. */
  readonly use: (asked: Asked) => Promise<void>;
}

/** For `GET /status`. */
export interface OperatorStatus {
  readonly kinds: readonly { readonly kind: string; readonly isThere: boolean; readonly objects: number }[];
  readonly refused: readonly {
    readonly object: string;
    readonly problems: readonly string[];
    /** What it asked for before it was changed is still done. */
    readonly isBeforeInForce: boolean;
  }[];
  readonly warnings: readonly { readonly object: string; readonly warnings: readonly string[] }[];
}

interface Entry {
  readonly object: OperatorObject;
  /** Of the spec, to see whether it has changed. */
  readonly text: string;
  readonly outcome: ObjectOutcome;
  /** In force. */
  readonly asked: Asked;
  /** Secrets and ConfigMaps that it refers to. */
  readonly assets: ReadonlySet<string>;
}

/** Changes that come one after the other are taken together: of a chart that is installed, dozens. */
const UPDATE_DELAY_MS = 500;
/** How soon kinds that are installed are seen, and Secrets that are changed: two small requests, and one for each Secret. */
const LOOK_INTERVAL_MS = 30_000;

const resourceListSchema = v.object({ resources: v.array(v.object({ name: v.string() })) });

export class OperatorObjects {
  readonly #deps: OperatorObjectsDeps;
  readonly #watches: readonly KindWatch[];
  readonly #assets: AssetStore;
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new AbortController();
  readonly #update = coalesce(() => this.#takeUp());
  #config: OperatorObjectsConfig;
  /** To be read anew although they have not changed: what they refer to has. */
  #outdated = new Set<string>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(config: OperatorObjectsConfig, deps: OperatorObjectsDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#assets = new AssetStore(deps.client);
    this.#watches = OPERATOR_KINDS.map(
      (kind) => new KindWatch(kind, config, deps.client, deps, () => this.#updateLater()),
    );
  }

  get watches(): readonly KindWatch[] {
    return this.#watches;
  }

  /** Of Secrets and ConfigMaps. */
  get assetFailures(): number {
    return this.#assets.failures;
  }

  get outcomes(): Iterable<{ readonly kind: string; readonly outcome: ObjectOutcome; readonly asked: Asked }> {
    return Array.from(this.#entries.values(), ({ object, outcome, asked }) => ({ kind: object.kind, outcome, asked }));
  }

  start(): void {
    this.#running ??= this.#look();
  }

  /** What jobs inherit has changed. Which objects are read stays as it was at the start. */
  reconfigure({ globals, serviceDiscoveryRole, fileAccess }: OperatorObjectsConfig): void {
    this.#config = { ...this.#config, globals, serviceDiscoveryRole, fileAccess };
    this.#outdated = new Set(this.#entries.keys());
    this.#updateLater();
  }

  status(): OperatorStatus {
    const entries = [...this.#entries.values()];
    return {
      kinds: this.#watches.map(({ kind: { kind }, isThere, objects }) => ({ kind, isThere, objects: objects.length })),
      refused: entries.flatMap(({ object, outcome, asked }) =>
        outcome.status === 'refused'
          ? [{ object: describeObject(object), problems: outcome.problems, isBeforeInForce: asked !== NOTHING_ASKED }]
          : [],
      ),
      warnings: entries.flatMap(({ object, outcome }) =>
        outcome.status === 'accepted' && outcome.warnings.length > 0
          ? [{ object: describeObject(object), warnings: outcome.warnings }]
          : [],
      ),
    };
  }

  async close(): Promise<void> {
    this.#ending.abort(new DOMException('the collector ends', 'AbortError'));
    this.#timer?.cancel();
    await this.#running;
    await Promise.all(this.#watches.map((watch) => watch.close()));
    await this.#update().catch(() => undefined);
  }

  /** Which kinds there are, and whether Secrets are as they were: until the end. */
  async #look(): Promise<void> {
    const { clock, log } = this.#deps;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#followKinds(signal);
        await this.#rereadAssets(signal);
        // A kind that may not be read is known by its refusal, of which nobody tells.
        this.#updateLater();
      } catch (error) {
        if (signal.aborted) return;
        log.warn('objects of the Prometheus operator cannot be looked for', { error });
      }
      await clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  /** While the API server cannot say, what was known holds. */
  async #followKinds(signal: AbortSignal): Promise<void> {
    for (const version of new Set(OPERATOR_KINDS.map((kind) => kind.version))) {
      const path = resourcePath({ group: OPERATOR_GROUP, version, resource: '' }).replace(/\/$/, '');
      const answer = await this.#deps.client.request({ method: 'GET', path }, signal);
      const isAbsent = answer.status === 'refused' && answer.httpStatus === 404;
      if (answer.status !== 'ok' && !isAbsent) continue;
      const list = v.safeParse(resourceListSchema, answer.status === 'ok' ? answer.body : undefined);
      const names = new Set(list.success ? list.output.resources.map(({ name }) => name) : []);
      const watches = this.#watches.filter(({ kind }) => kind.version === version);
      for (const watch of watches) await this.#follow(watch, names.has(watch.kind.resource));
    }
  }

  async #follow(watch: KindWatch, isThere: boolean): Promise<void> {
    if (watch.isThere === isThere) return;
    const message = isThere ? 'objects of the Prometheus operator are read' : 'objects of a kind are no longer there';
    this.#deps.log.info(message, { kind: watch.kind.kind });
    await watch.follow(isThere);
  }

  async #rereadAssets(signal: AbortSignal): Promise<void> {
    const wanted = new Set(Array.from(this.#entries.values()).flatMap(({ assets }) => [...assets]));
    this.#assets.keep(wanted);
    const changed = await this.#assets.read(wanted, signal);
    if (changed.size === 0) return;
    for (const [key, { assets }] of this.#entries) {
      if ([...assets].some((asset) => changed.has(asset))) this.#outdated.add(key);
    }
    this.#updateLater();
  }

  #updateLater(): void {
    if (this.#ending.signal.aborted) return;
    this.#timer ??= this.#deps.clock.setTimer(UPDATE_DELAY_MS, () => {
      this.#timer = undefined;
      this.#update().catch((error: unknown) => {
        if (!this.#ending.signal.aborted)
          this.#deps.log.error('objects of the Prometheus operator cannot be taken up', { error });
      });
    });
  }

  /** Until all kinds have been listed nothing changes: half of the jobs would end the series of the others. */
  async #takeUp(): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted || !this.#watches.every(({ isKnown }) => isKnown)) return;
    const objects = new Map(
      this.#watches.flatMap((watch) => watch.objects).map((object) => [describeObject(object), object] as const),
    );
    let isChanged = false;
    for (const key of [...this.#entries.keys()]) {
      if (objects.has(key)) continue;
      isChanged = this.#entries.delete(key);
      this.#outdated.delete(key);
    }
    for (const [key, object] of objects) {
      const before = this.#entries.get(key);
      const text = JSON.stringify(object.spec) ?? '';
      if (before?.text === text && !this.#outdated.has(key)) continue;
      // Some 2 ms each: a thousand of them must not hold up scrapes.
      await this.#deps.clock.sleep(0, signal);
      const { outcome, assets } = await this.#outcomeOf(object, signal);
      this.#outdated.delete(key);
      this.#tell(key, outcome, before?.outcome);
      const asked = outcome.status === 'accepted' ? outcome.asked : (before?.asked ?? NOTHING_ASKED);
      this.#entries.set(key, { object, text, outcome, asked, assets });
      isChanged = true;
    }
    if (isChanged) await this.#deps.use(this.#askedByAll());
  }

  /** @throws the signal's reason */
  async #outcomeOf(
    object: OperatorObject,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: ObjectOutcome; readonly assets: ReadonlySet<string> }> {
    const { serviceDiscoveryRole, fileAccess, globals } = this.#config;
    for (;;) {
      const assets = new AssetLookup(object.namespace, this.#assets);
      const { namespace, name } = object;
      const outcome = askedBy(object, { namespace, name, assets, fileAccess, serviceDiscoveryRole }, globals);
      if (assets.unread.size === 0) return { outcome, assets: assets.wanted };
      await this.#assets.read(assets.unread, signal);
    }
  }

  #askedByAll(): Asked {
    const all = Array.from(this.#entries.values(), ({ asked }) => asked);
    return {
      scrapes: all.flatMap(({ scrapes }) => scrapes),
      rules: {
        groups: all.flatMap(({ rules }) => rules.groups),
        left: all.reduce((sum, { rules }) => sum + rules.left, 0),
      },
    };
  }

  /** What is the same as before has been told. */
  #tell(object: string, outcome: ObjectOutcome, before: ObjectOutcome | undefined): void {
    const { log } = this.#deps;
    if (outcome.status === 'refused') {
      if (before?.status === 'refused' && before.problems.join() === outcome.problems.join()) return;
      log.warn('an object of the Prometheus operator cannot be used', { object, problems: outcome.problems });
    } else if (outcome.warnings.length > 0) {
      if (before?.status === 'accepted' && before.warnings.join() === outcome.warnings.join()) return;
      log.warn('an object of the Prometheus operator has what has no effect', { object, warnings: outcome.warnings });
    }
  }
}
