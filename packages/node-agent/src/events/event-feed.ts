/** The events of one namespace, or of all, from where an earlier reader ended. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { describeObstacle, isAheadOfServer, isExpired, type KubeFailure, type KubeRefusal } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { listAll } from '@vigie/kube/list';
import { eventForm, type KubeEvent } from '@vigie/kube/objects';
import { watchOnce } from '@vigie/kube/watch';
import type { PushedGroup } from '@vigie/log-pipeline/lane/push-lane';
import type { Outlet } from '@vigie/log-pipeline/sources/intake';
import { Acknowledged } from './acknowledged.ts';
import { groupOf } from './event-record.ts';
import { isNewer } from './version-order.ts';

export interface EventFeedOptions {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly readFrom: 'beginning' | 'end';
  /** Ends when what there is has been delivered. */
  readonly once: boolean;
  readonly clusterName: string | undefined;
}

export interface EventFeedDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told of records that every sink has. */
  readonly accepted: (records: number) => void;
}

/** As client-go's pager. */
const PAGE_SIZE = 500;
/** As the Reflector's: [5, 10) minutes. */
const MIN_WATCH_MS = 300_000;
const BACKOFF = { baseMs: 1600, capMs: 60_000 };
/** A watch that ends sooner, with nothing said, is not to be asked for again at once. */
const SHORT_WATCH_MS = 1000;
/** Events on their way at once, of 1 KB each, about. The server is not listened to until half of them have arrived, and
 *  then asked for what was missed. */
const MAX_WAITING = 2000;

export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #deps: EventFeedDeps;
  readonly #path: string;
  readonly #log: Log;
  readonly #acknowledged: Acknowledged;
  readonly #backoff: Backoff;
  #outlets: readonly Outlet[] = [];
  /** Where reading goes on; undefined where it begins. */
  #reached: string | undefined;
  #mustList = false;
  /** Ends what is being read, so that reading goes on otherwise. */
  #reading = new AbortController();
  #wake: (() => void) | undefined;
  #problem: string | undefined;
  #listed = false;
  #isHeldUp = false;
  /** Goes up when what is on its way is sent again. */
  #attempt = 0;

  /** @param version that an earlier reader has delivered */
  constructor(options: EventFeedOptions, version: string | undefined, deps: EventFeedDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#path = resourcePath({ group: '', version: 'v1', resource: 'events' }, options.namespace);
    this.#log = deps.log.child({ resource: this.#path });
    this.#acknowledged = new Acknowledged(version);
    this.#reached = version;
    this.#backoff = new Backoff(BACKOFF, deps.random);
  }

  /** Up to which every sink has the events. */
  get version(): string | undefined {
    return this.#acknowledged.version;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** All that there was is delivered. */
  get isDone(): boolean {
    return this.#listed && this.#acknowledged.waiting === 0;
  }

  connect(outlets: readonly Outlet[]): void {
    this.#outlets = outlets;
    this.#wakeUp();
  }

  /** Reads until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#reading.abort(signal.reason);
      this.#wakeUp();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        const { waiting } = this.#acknowledged;
        this.#isHeldUp = waiting >= MAX_WAITING || (this.#isHeldUp && waiting > MAX_WAITING / 2);
        if (this.#outlets.length === 0 || this.#isHeldUp || (this.#options.once && this.#listed)) {
          await this.#untilWoken();
          continue;
        }
        this.#reading = new AbortController();
        try {
          await this.#read(this.#reading.signal);
        } catch (error) {
          if (this.#reading.signal.aborted) continue;
          this.#failed(error instanceof Error ? error.message : String(error));
          await this.#pause(undefined);
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#acknowledged.waiting > 0) await this.#untilWoken();
  }

  get #isFull(): boolean {
    return this.#acknowledged.waiting >= MAX_WAITING;
  }

  /** One list or one watch, and the wait behind one that failed. */
  async #read(signal: AbortSignal): Promise<void> {
    const isList = this.#reached === undefined || this.#mustList || this.#options.once;
    const obstacle = isList ? await this.#list(this.#reached, signal) : await this.#watch(this.#reached ?? '', signal);
    if (obstacle === undefined) return;
    if (!isList && obstacle.status === 'refused' && (isExpired(obstacle) || isAheadOfServer(obstacle))) {
      this.#log.info('list again, the server no longer has what changed', { detail: describeObstacle(obstacle) });
      this.#mustList = true;
    } else this.#failed(describeObstacle(obstacle));
    await this.#pause(obstacle);
  }

  async #list(since: string | undefined, signal: AbortSignal): Promise<KubeRefusal | KubeFailure | undefined> {
    const isFirst = since === undefined;
    const wants = ({ resourceVersion }: KubeEvent): boolean =>
      isFirst ? this.#options.readFrom === 'beginning' : isNewer(resourceVersion, since);
    let listed = await this.#listOf(wants, signal);
    if (listed.status === 'ok' && since !== undefined && isNewer(since, listed.resourceVersion)) {
      this.#log.warn('the server has gone back in time; all of its events are sent', { since, ...versionOf(listed) });
      listed = await this.#listOf(() => true, signal);
    }
    if (listed.status !== 'ok') return listed;
    this.#works();
    const events = [...listed.items.values()].filter((event) => event !== undefined);
    events.sort((a, b) => (isNewer(a.resourceVersion, b.resourceVersion) ? 1 : -1));
    for (const event of events) {
      while (this.#isFull && !signal.aborted) await this.#untilWoken();
      if (signal.aborted) return undefined;
      this.#send(event);
    }
    this.#reach(listed.resourceVersion);
    this.#mustList = false;
    this.#listed = true;
    return undefined;
  }

  /** What is not wanted takes no memory. */
  #listOf(wants: (event: KubeEvent) => boolean, signal: AbortSignal) {
    const collection: Collection<KubeEvent | undefined> = {
      path: this.#path,
      form: {
        decode: (object) => {
          const event = eventForm.decode(object);
          return wants(event) ? event : undefined;
        },
      },
      key: (event) => event?.uid ?? '',
    };
    return listAll(this.#deps.client, collection, { resourceVersion: '', limit: PAGE_SIZE }, signal);
  }

  async #watch(since: string, signal: AbortSignal): Promise<KubeRefusal | KubeFailure | undefined> {
    const { client, clock, random } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    let heard = false;
    const take = (event: KubeEvent): void => {
      heard = true;
      if (signal.aborted) return;
      this.#send(event);
      if (this.#isFull) this.#reading.abort(new Error('as many events as may wait are waiting for their sinks'));
    };
    const collection = { path: this.#path, form: eventForm, key: ({ uid }: KubeEvent) => uid };
    const end = await watchOnce(
      client,
      collection,
      { resourceVersion: since, timeoutMs: MIN_WATCH_MS * (1 + random()) },
      {
        opened: () => this.#works(),
        added: take,
        modified: take,
        // Of an hour ago: the server keeps events no longer.
        deleted: () => undefined,
        bookmarked: () => {
          heard = true;
        },
        undecodable: () => this.#log.warn('an event could not be decoded'),
        reached: (version) => {
          if (!signal.aborted) this.#reach(version);
        },
        received: () => undefined,
      },
      clock,
      signal,
    );
    const wasShort = !heard && clock.monotonicMs() - startedAtMs < SHORT_WATCH_MS;
    if (!wasShort) this.#backoff.reset();
    if (end.status !== 'ended') return end;
    if (wasShort) await this.#pause(undefined);
    return undefined;
  }

  #send(event: KubeEvent): void {
    const { clock, accepted } = this.#deps;
    const groups: PushedGroup[] = [groupOf(event, this.#options.clusterName, clock.nowMs())];
    const delivered = this.#acknowledged.sent(event.resourceVersion);
    this.#reached = event.resourceVersion;
    const attempt = this.#attempt;
    const outlets = this.#outlets;
    void Promise.all(outlets.map((outlet) => outlet.push(groups))).then((answers) => {
      if (answers.every((answer) => answer)) {
        accepted(1);
        delivered();
      } else if (attempt === this.#attempt) this.#rewind(outlets);
      this.#wakeUp();
    });
  }

  /** The lanes were ended or replaced: what they gave up is read again, for the new ones. */
  #rewind(outlets: readonly Outlet[]): void {
    this.#attempt++;
    this.#reading.abort(new Error('events were given up on their way'));
    this.#acknowledged.forget();
    this.#reached = this.#acknowledged.version;
    this.#listed = false;
    if (this.#outlets === outlets) this.#outlets = [];
  }

  #reach(version: string): void {
    this.#reached = version;
    this.#acknowledged.reached(version);
  }

  #works(): void {
    this.#problem = undefined;
  }

  #failed(detail: string): void {
    this.#problem = detail;
    this.#log.warn('events cannot be read now', { detail });
  }

  async #pause(obstacle: KubeRefusal | KubeFailure | undefined): Promise<void> {
    const asked = obstacle?.status === 'refused' ? obstacle.retryAfterMs : undefined;
    await this.#deps.clock.sleep((asked ?? 0) + this.#backoff.nextMs(), this.#reading.signal).catch(() => undefined);
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }
}

function versionOf({ resourceVersion }: { readonly resourceVersion: string }): { readonly now: string } {
  return { now: resourceVersion };
}
