/** The alerts of a route that are told together, and when: pure, the timer is its owner's. Source: Alertmanager, dispatch/dispatch.go. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { groupKeyOf } from '../identity/group-key.ts';
import type { Route } from '../routing/route.ts';
import { type Alert, compareAlerts, isResolved } from './alert.ts';

/** What a group tells at one time. */
export interface Flush {
  readonly timeMs: number;
  /** Sorted. Those that fire have no end, so that none of them resolves while they are told. */
  readonly alerts: readonly Alert[];
  /** As they stood in the group. */
  readonly resolved: readonly Alert[];
}

export class AlertGroup {
  readonly labels: LabelSet;
  readonly key: string;
  readonly id: string;
  #route: Route;
  readonly #alerts = new Map<string, Alert>();
  #nextFlushMs: number;

  /** @param first of its alerts: where it began longer than group_wait ago, it has been waited for elsewhere, and is told at once
   *  @param restoredFlushMs when it was to be told before a restart, in place of that */
  constructor(route: Route, labels: LabelSet, first: Alert, nowMs: number, restoredFlushMs?: number) {
    this.#route = route;
    this.labels = labels;
    this.key = groupKeyOf(route.key, labels);
    this.id = groupIdOf(route, labels);
    const { groupWaitMs, groupIntervalMs } = route.options;
    if (restoredFlushMs === undefined)
      this.#nextFlushMs = first.startsAtMs + groupWaitMs < nowMs ? nowMs : nowMs + groupWaitMs;
    // No group waits for longer, unless the clock has been set back.
    else this.#nextFlushMs = Math.min(restoredFlushMs, nowMs + Math.max(groupWaitMs, groupIntervalMs));
    this.set(first);
  }

  get route(): Route {
    return this.#route;
  }

  /** Unix ms. */
  get nextFlushMs(): number {
    return this.#nextFlushMs;
  }

  get isEmpty(): boolean {
    return this.#alerts.size === 0;
  }

  get alerts(): readonly Alert[] {
    return [...this.#alerts.values()];
  }

  has({ fingerprint }: Alert): boolean {
    return this.#alerts.has(fingerprint);
  }

  /** Whether it has this alert as one that fires. */
  hasFiring({ fingerprint }: Alert, nowMs: number): boolean {
    const known = this.#alerts.get(fingerprint);
    return known !== undefined && !isResolved(known, nowMs);
  }

  /** Takes an alert that has come or changed. */
  set(alert: Alert): void {
    this.#alerts.set(alert.fingerprint, alert);
  }

  /** The configuration has changed around it: it goes on, with these alerts, and is told no later than it would be if it began now. */
  continueAs(route: Route, alerts: readonly Alert[], nowMs: number): void {
    this.#route = route;
    const { groupWaitMs, groupIntervalMs } = route.options;
    this.#nextFlushMs = Math.min(this.#nextFlushMs, nowMs + Math.max(groupWaitMs, groupIntervalMs));
    this.#alerts.clear();
    for (const alert of alerts) this.set(alert);
  }

  /** It is told next at another time. */
  postpone(nextFlushMs: number): void {
    this.#nextFlushMs = nextFlushMs;
  }

  /** Somebody else has told of it: what was told as resolved is forgotten, and the next flush is due a group_interval after the one that was.
   *  @param isOwed whether somebody is still to be told that an alert is over */
  passFlush(nowMs: number, isOwed: (alert: Alert) => boolean): void {
    const { groupIntervalMs } = this.route.options;
    const passed = Math.max(1, Math.ceil((nowMs - this.#nextFlushMs) / groupIntervalMs));
    this.#nextFlushMs += passed * groupIntervalMs;
    for (const alert of this.alerts) {
      if (isResolved(alert, nowMs) && !isOwed(alert)) this.#alerts.delete(alert.fingerprint);
    }
  }

  /** Begins a flush: the next one is due a group_interval later.
   *  @returns undefined where there is nothing to tell */
  beginFlush(nowMs: number): Flush | undefined {
    this.#nextFlushMs = nowMs + this.route.options.groupIntervalMs;
    if (this.isEmpty) return undefined;
    const current = [...this.#alerts.values()];
    const alerts = current.map((alert) => (isResolved(alert, nowMs) ? alert : { ...alert, endsAtMs: undefined }));
    return {
      timeMs: nowMs,
      alerts: alerts.sort(compareAlerts),
      resolved: current.filter((alert) => isResolved(alert, nowMs)),
    };
  }

  /** Ends a flush that has been told: what was resolved is forgotten, unless it has come again meanwhile. */
  endFlush({ resolved }: Flush): void {
    for (const alert of resolved) {
      if (this.#alerts.get(alert.fingerprint)?.updatedAtMs === alert.updatedAtMs)
        this.#alerts.delete(alert.fingerprint);
    }
  }
}

/** Of a group, unlike its key: two routes may have the same key, and then still have groups of their own. */
export function groupIdOf(route: Route, labels: LabelSet): string {
  return `${route.id}\n${labels.key}`;
}
