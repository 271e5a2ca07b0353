/** Alerts to the groups of the routes that they belong to, and the groups to whoever tells of them, when their timers say so.
 *  Source: Alertmanager, dispatch/dispatch.go. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import type { Alert } from './alert.ts';
import { AlertGroup, type Flush } from './alert-group.ts';

/** A flush may take as long as until the next one, and this long at least. */
const SHORTEST_FLUSH_MS = 10_000;

export interface DispatcherDeps {
  readonly clock: Clock;
  /** Tells of a group.
   *  @param signal aborts when the time for it is over
   *  @returns whether it is told; if not, its resolved alerts are kept and told of at the next flush */
  readonly tell: (group: AlertGroup, flush: Flush, signal: AbortSignal) => Promise<boolean>;
  /** What went wrong where `tell` threw. */
  readonly onError: (error: unknown) => void;
}

interface RunningGroup {
  readonly group: AlertGroup;
  timer: Timer;
}

export class Dispatcher {
  readonly #root: Route;
  readonly #deps: DispatcherDeps;
  /** By route and labels. */
  readonly #groups = new Map<string, RunningGroup>();
  readonly #flushes = new Set<Promise<void>>();
  /** One for each flush that is being told. */
  readonly #tellings = new Set<AbortController>();
  #isClosed = false;

  constructor(root: Route, deps: DispatcherDeps) {
    this.#root = root;
    this.#deps = deps;
  }

  get groups(): readonly AlertGroup[] {
    return Array.from(this.#groups.values(), ({ group }) => group);
  }

  /** Takes an alert that has come or changed, to each group that it belongs to. */
  set(alert: Alert): void {
    if (this.#isClosed) return;
    for (const route of matchRoutes(this.#root, alert.labels)) {
      const labels = groupLabelsOf(alert.labels, route.options);
      const id = groupId(route, labels);
      const running = this.#groups.get(id);
      if (running === undefined) this.#start(id, route, labels, alert);
      else running.group.set(alert);
    }
  }

  /** Ends the timers and aborts what is under way; resolves when that has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const telling of this.#tellings) telling.abort();
    for (const { timer } of this.#groups.values()) timer.cancel();
    await Promise.all(this.#flushes);
  }

  #start(id: string, route: Route, labels: LabelSet, alert: Alert): void {
    const group = new AlertGroup(route, labels, alert, this.#deps.clock.nowMs());
    this.#groups.set(id, { group, timer: this.#setTimer(id, group) });
  }

  #setTimer(id: string, group: AlertGroup): Timer {
    const { clock } = this.#deps;
    return clock.setTimer(group.nextFlushMs - clock.nowMs(), () => {
      const flush = this.#flush(id).catch(this.#deps.onError);
      this.#flushes.add(flush);
      void flush.then(() => this.#flushes.delete(flush));
    });
  }

  /** One flush of a group is under way at a time: the next waits for it, and it ends when that is due. */
  async #flush(id: string): Promise<void> {
    const running = this.#groups.get(id);
    if (running === undefined || this.#isClosed) return;
    const { group } = running;
    const { clock } = this.#deps;
    const flush = group.beginFlush(clock.nowMs());
    if (flush !== undefined) {
      try {
        if (await this.#tell(group, flush)) group.endFlush(flush);
      } catch (error) {
        this.#deps.onError(error);
      }
    }
    if (this.#isClosed) return;
    if (group.isEmpty) this.#groups.delete(id);
    else running.timer = this.#setTimer(id, group);
  }

  async #tell(group: AlertGroup, flush: Flush): Promise<boolean> {
    const telling = new AbortController();
    this.#tellings.add(telling);
    const timeoutMs = Math.max(group.route.options.groupIntervalMs, SHORTEST_FLUSH_MS);
    const timer = this.#deps.clock.setTimer(timeoutMs, () => telling.abort());
    try {
      return await this.#deps.tell(group, flush, telling.signal);
    } finally {
      timer.cancel();
      this.#tellings.delete(telling);
    }
  }
}

/** Two routes may have the same key, and then still have groups of their own. */
function groupId(route: Route, labels: LabelSet): string {
  return `${route.id}\n${labels.key}`;
}
