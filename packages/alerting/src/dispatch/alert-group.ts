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
  readonly route: Route;
  readonly labels: LabelSet;
  readonly key: string;
  readonly #alerts = new Map<string, Alert>();
  #nextFlushMs: number;

  /** @param first of its alerts: where it began longer than group_wait ago, it has been waited for elsewhere, and is told at once */
  constructor(route: Route, labels: LabelSet, first: Alert, nowMs: number) {
    this.route = route;
    this.labels = labels;
    this.key = groupKeyOf(route.key, labels);
    const { groupWaitMs } = route.options;
    this.#nextFlushMs = first.startsAtMs + groupWaitMs < nowMs ? nowMs : nowMs + groupWaitMs;
    this.set(first);
  }

  /** Unix ms. */
  get nextFlushMs(): number {
    return this.#nextFlushMs;
  }

  get isEmpty(): boolean {
    return this.#alerts.size === 0;
  }

  /** Takes an alert that has come or changed. */
  set(alert: Alert): void {
    this.#alerts.set(alert.fingerprint, alert);
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
