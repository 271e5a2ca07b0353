/** Follows objects of kinds that a cluster may have or not, each of which asks for something: what it asks for comes, changes and goes with it,
 *  and an object that is wrong stops no other. */
import type { Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import * as v from 'valibot';
import { type KubeClient, resourcePath } from '../client.ts';
import type { ReflectorDeps } from '../reflector.ts';
import { AssetLookup, AssetStore } from './assets.ts';
import { type CustomKind, type CustomObject, describeObject } from './custom-object.ts';
import { KindWatch, type WatchedObjects } from './kind-watch.ts';

export type ObjectOutcome<Asked> =
  | { readonly status: 'accepted'; readonly asked: Asked; readonly warnings: readonly string[] }
  /** Each with its path; without values, which may be secrets. */
  | { readonly status: 'refused'; readonly problems: readonly string[] };

export interface CustomObjectsDeps<Asked> extends ReflectorDeps {
  readonly client: KubeClient;
  /** What the objects are of, in messages: `the Prometheus operator`. */
  readonly origin: string;
  /** What an object asks for. Is called again when an asset that was not known has been read. */
  readonly judge: (object: CustomObject, assets: AssetLookup) => ObjectOutcome<Asked>;
  /** Takes up what all objects together ask for, in place of what they asked for before; in the order of their names. */
  readonly use: (asked: readonly Asked[]) => Promise<void>;
}

/** For `GET /status`. */
export interface CustomObjectsStatus {
  readonly kinds: readonly {
    readonly kind: string;
    readonly version: string;
    readonly isThere: boolean;
    readonly objects: number;
  }[];
  readonly refused: readonly {
    readonly object: string;
    readonly problems: readonly string[];
    /** What it asked for before it was changed is still done. */
    readonly isBeforeInForce: boolean;
  }[];
  readonly warnings: readonly { readonly object: string; readonly warnings: readonly string[] }[];
}

interface Entry<Asked> {
  readonly object: CustomObject;
  /** Of the spec, to see whether it has changed. */
  readonly text: string;
  readonly outcome: ObjectOutcome<Asked>;
  /** In force; undefined: nothing. */
  readonly asked: Asked | undefined;
  /** Secrets and ConfigMaps that it refers to. */
  readonly assets: ReadonlySet<string>;
}

/** Changes that come one after the other are taken together: of a chart that is installed, dozens. */
const UPDATE_DELAY_MS = 500;
/** How soon kinds that are installed are seen, and Secrets that are changed: two small requests, and one for each Secret. */
const LOOK_INTERVAL_MS = 30_000;

const resourceListSchema = v.object({ resources: v.array(v.object({ name: v.string() })) });

export class CustomObjects<Asked> {
  readonly #deps: CustomObjectsDeps<Asked>;
  readonly #watches: readonly KindWatch[];
  readonly #assets: AssetStore;
  readonly #entries = new Map<string, Entry<Asked>>();
  readonly #ending = new AbortController();
  readonly #update = coalesce(() => this.#takeUp());
  /** To be read anew although they have not changed: what they refer to has. */
  #outdated = new Set<string>();
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  /** @param kinds of those with one name, such as two versions of it, the first that is there is read */
  constructor(kinds: readonly CustomKind[], watched: WatchedObjects, deps: CustomObjectsDeps<Asked>) {
    this.#deps = deps;
    this.#assets = new AssetStore(deps.client);
    this.#watches = kinds.map((kind) => new KindWatch(kind, watched, deps.client, deps, () => this.#updateLater()));
  }

  get watches(): readonly KindWatch[] {
    return this.#watches;
  }

  /** Of Secrets and ConfigMaps. */
  get assetFailures(): number {
    return this.#assets.failures;
  }

  get outcomes(): readonly Pick<Entry<Asked>, 'object' | 'outcome' | 'asked'>[] {
    return [...this.#entries.values()];
  }

  start(): void {
    this.#running ??= this.#look();
  }

  /** What objects are judged by has changed. */
  judgeAgain(): void {
    this.#outdated = new Set(this.#entries.keys());
    this.#updateLater();
  }

  status(): CustomObjectsStatus {
    const entries = [...this.#entries.values()];
    return {
      kinds: this.#watches.map(({ kind: { kind, version }, isThere, objects }) => ({
        kind,
        version,
        isThere,
        objects: objects.length,
      })),
      refused: entries.flatMap(({ object, outcome, asked }) =>
        outcome.status === 'refused'
          ? [{ object: describeObject(object), problems: outcome.problems, isBeforeInForce: asked !== undefined }]
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
    this.#ending.abort(new DOMException('objects are not followed any more', 'AbortError'));
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
        log.warn(`objects of ${this.#deps.origin} cannot be looked for`, { error });
      }
      await clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  /** While the API server cannot say, what was known holds. */
  async #followKinds(signal: AbortSignal): Promise<void> {
    const read = new Set<string>();
    for (const [path, watches] of this.#byVersion()) {
      const answer = await this.#deps.client.request({ method: 'GET', path }, signal);
      const isAbsent = answer.status === 'refused' && answer.httpStatus === 404;
      if (answer.status !== 'ok' && !isAbsent) {
        for (const { kind, isThere } of watches) if (isThere) read.add(kind.kind);
        continue;
      }
      const list = v.safeParse(resourceListSchema, answer.status === 'ok' ? answer.body : undefined);
      const names = new Set(list.success ? list.output.resources.map(({ name }) => name) : []);
      for (const watch of watches) {
        const { kind, resource } = watch.kind;
        const isThere = names.has(resource) && !read.has(kind);
        if (isThere) read.add(kind);
        await this.#follow(watch, isThere);
      }
    }
  }

  /** By the path that lists what there is of the version. */
  #byVersion(): ReadonlyMap<string, readonly KindWatch[]> {
    const versions = new Map<string, KindWatch[]>();
    for (const watch of this.#watches) {
      const { group, version } = watch.kind;
      const path = resourcePath({ group, version, resource: '' }).replace(/\/$/, '');
      versions.set(path, [...(versions.get(path) ?? []), watch]);
    }
    return versions;
  }

  async #follow(watch: KindWatch, isThere: boolean): Promise<void> {
    if (watch.isThere === isThere) return;
    const message = isThere ? `objects of ${this.#deps.origin} are read` : 'objects of a kind are no longer there';
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
          this.#deps.log.error(`objects of ${this.#deps.origin} cannot be taken up`, { error });
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
      const asked = outcome.status === 'accepted' ? outcome.asked : before?.asked;
      this.#entries.set(key, { object, text, outcome, asked, assets });
      isChanged = true;
    }
    if (isChanged) await this.#deps.use(this.#askedByAll());
  }

  /** @throws the signal's reason */
  async #outcomeOf(
    object: CustomObject,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: ObjectOutcome<Asked>; readonly assets: ReadonlySet<string> }> {
    for (;;) {
      const assets = new AssetLookup(object.namespace, this.#assets);
      const outcome = this.#deps.judge(object, assets);
      if (assets.unread.size === 0) return { outcome, assets: assets.wanted };
      await this.#assets.read(assets.unread, signal);
    }
  }

  #askedByAll(): readonly Asked[] {
    const byName = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    return byName.map(([, { asked }]) => asked).filter((asked) => asked !== undefined);
  }

  /** What is the same as before has been told. */
  #tell(object: string, outcome: ObjectOutcome<Asked>, before: ObjectOutcome<Asked> | undefined): void {
    const { log, origin } = this.#deps;
    if (outcome.status === 'refused') {
      if (before?.status === 'refused' && before.problems.join() === outcome.problems.join()) return;
      log.warn(`an object of ${origin} cannot be used`, { object, problems: outcome.problems });
    } else if (outcome.warnings.length > 0) {
      if (before?.status === 'accepted' && before.warnings.join() === outcome.warnings.join()) return;
      log.warn(`an object of ${origin} has what has no effect`, { object, warnings: outcome.warnings });
    }
  }
}
