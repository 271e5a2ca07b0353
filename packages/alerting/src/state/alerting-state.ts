/** All that an alerting service knows and keeps over a restart: alerts, silences, timers of groups, what was told, and what is about to be, and what
 *  its rules know of their alerts. */
import { assertNever } from '@vigie/core/errors';
import type { AlertStore } from '../alerts/alert-store.ts';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import type { NotificationLog } from '../dispatch/notification-log.ts';
import type { Page } from '../escalation/page.ts';
import type { HeartbeatState } from '../heartbeat/expected-heartbeat.ts';
import { ToldLogRules } from '../logs/state/told-log-rules.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { RuleRecords } from '../rules/rule-records.ts';
import type { Silence } from '../silences/silence.ts';
import type { SilenceStore } from '../silences/silence-store.ts';
import type { StateRecord } from './state-record.ts';

export interface StateParts {
  readonly alerts: AlertStore;
  readonly silences: SilenceStore;
  readonly notifications: NotificationLog;
  readonly outbox: Outbox;
}

export class AlertingState {
  readonly alerts: AlertStore;
  readonly silences: SilenceStore;
  readonly notifications: NotificationLog;
  readonly outbox: Outbox;
  /** When groups are told next, Unix ms, by their ids. */
  readonly timers = new Map<string, number>();
  readonly rules = new RuleRecords();
  /** Of several replicas. */
  readonly logRules = new ToldLogRules();
  /** Of groups that were told, where somebody has acknowledged them or somebody else is told next; by their ids. */
  readonly pages = new Map<string, Page>();
  /** Of heartbeats that others send, by their names. */
  readonly heartbeats = new Map<string, HeartbeatState>();
  #lastSeenMs = 0;

  constructor({ alerts, silences, notifications, outbox }: StateParts) {
    this.alerts = alerts;
    this.silences = silences;
    this.notifications = notifications;
    this.outbox = outbox;
  }

  /** The latest time at which a record that was applied says that the service was there, Unix ms. */
  get lastSeenMs(): number {
    return this.#lastSeenMs;
  }

  /** Takes what was kept, in the order in which it was written. */
  restore(records: Iterable<StateRecord>): void {
    // Two versions of a silence may be of the same millisecond: the one written last holds.
    const silences = new Map<string, Silence>();
    for (const record of records) {
      if (record.kind === 'silence') silences.set(record.silence.id, record.silence);
      else this.#apply(record);
    }
    for (const silence of silences.values()) this.silences.merge(silence);
  }

  /** What a snapshot has: applied to an empty state, they make this one. Changes meanwhile are seen or not, record by record. */
  *records(): Generator<StateRecord> {
    for (const alert of this.alerts.all()) yield { kind: 'alert', alert };
    for (const [id, nextFlushMs] of this.timers) yield { kind: 'group', id, nextFlushMs };
    for (const told of this.notifications.all()) yield { kind: 'told', ...told };
    // Behind what was told: that ends the claims before it.
    for (const claim of this.outbox.all()) yield { kind: 'claim', claim };
    for (const [id, page] of this.pages) yield { kind: 'page', id, page };
    for (const [name, state] of this.heartbeats) yield { kind: 'heartbeat', name, state };
    for (const silence of this.silences.query()) yield { kind: 'silence', silence };
    for (const record of this.rules.records()) yield { kind: 'rule', record };
    for (const told of this.logRules.all()) yield { kind: 'log_rule', told };
  }

  /** Alerts that would have come again while nobody listened: until then they are not over. Whoever goes on telling of them does so within
   *  the hold, and whoever does not lets them end with it. */
  holdAlerts(nowMs: number, holdMs: number): void {
    const untilMs = nowMs + holdMs;
    const held: PostedAlert[] = [];
    for (const alert of this.alerts.all()) {
      const { endsAtMs } = alert;
      if (endsAtMs !== undefined && endsAtMs > this.#lastSeenMs && endsAtMs < untilMs)
        held.push({ ...alert, endsAtMs: untilMs, hasTimeout: true });
    }
    for (const alert of held) this.alerts.restore(alert);
  }

  #apply(record: Exclude<StateRecord, { readonly kind: 'silence' }>): void {
    switch (record.kind) {
      case 'alert':
        this.alerts.restore(record.alert);
        this.#see(record.alert.updatedAtMs);
        return;
      case 'group':
        if (record.nextFlushMs === undefined) {
          this.timers.delete(record.id);
          this.outbox.forget(record.id);
        } else this.timers.set(record.id, record.nextFlushMs);
        return;
      case 'told':
        this.notifications.restore(record.group, record.integration, record.entry);
        this.outbox.settle(record);
        this.#see(record.entry.timeMs);
        return;
      case 'claim':
        this.outbox.claim(record.claim);
        this.#see(record.claim.claimedAtMs);
        return;
      case 'rule':
        this.rules.apply(record.record);
        return;
      case 'log_rule':
        this.logRules.apply(record.told);
        return;
      case 'page':
        if (record.page === undefined) this.pages.delete(record.id);
        else this.pages.set(record.id, record.page);
        return;
      case 'heartbeat':
        if (record.state === undefined) this.heartbeats.delete(record.name);
        else this.heartbeats.set(record.name, record.state);
        return;
      default:
        assertNever(record);
    }
  }

  #see(timeMs: number): void {
    this.#lastSeenMs = Math.max(this.#lastSeenMs, timeMs);
  }
}
