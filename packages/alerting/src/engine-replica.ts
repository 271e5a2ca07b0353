/** The engine of alerts as one of several replicas: it takes what the others tell, and tells of the groups that are its own. */
import type { Clock } from '@vigie/core/clock';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import type { PostedAlert } from './alerts/posted-alert.ts';
import { isResolved } from './dispatch/alert.ts';
import type { Dispatcher, GroupSharing } from './dispatch/dispatcher.ts';
import { endsOwed } from './dispatch/notification-log.ts';
import type { Escalations } from './escalation/escalations.ts';
import type { Replica, Replication } from './ha/replication.ts';
import type { Inhibitor } from './inhibition/inhibitor.ts';
import type { Receiver } from './notify/receiver.ts';
import type { Silence } from './silences/silence.ts';
import type { AlertingState } from './state/alerting-state.ts';
import type { DurableState } from './state/durable-state.ts';
import type { StateRecord } from './state/state-record.ts';

export interface EngineReplicaParts {
  readonly state: AlertingState;
  readonly durable: Pick<DurableState, 'keepHeard'>;
  readonly dispatcher: Dispatcher;
  readonly escalations: Pick<Escalations, 'resume'>;
  /** In force now. */
  readonly inhibitor: () => Inhibitor;
  /** Whether groups have their timers. */
  readonly isDispatching: () => boolean;
  /** Takes what rules of others know of their alerts, and tells the history of it. */
  readonly takeRules: (records: Iterable<RuleRecord>) => void;
  /** For the history, before they are taken. */
  readonly silencesHeard: (silences: Iterable<Silence>) => void;
  /** For the history. */
  readonly changed: (alerts: readonly PostedAlert[], nowMs: number) => void;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export class EngineReplica implements Replica {
  readonly #parts: EngineReplicaParts;

  constructor(parts: EngineReplicaParts) {
    this.#parts = parts;
  }

  records(): Iterable<StateRecord> {
    return this.#parts.state.records();
  }

  take(records: readonly StateRecord[]): void {
    const { state, durable, dispatcher, escalations, clock, changed, takeRules, silencesHeard } = this.#parts;
    const { alerts, silences } = state;
    const isDispatching = this.#parts.isDispatching();
    const newer = records.filter(
      (record) =>
        record.kind !== 'alert' || record.alert.updatedAtMs > (alerts.get(record.alert.fingerprint)?.updatedAtMs ?? 0),
    );
    const heard = newer.flatMap((record) => (record.kind === 'silence' ? [record.silence] : []));
    if (isDispatching) silencesHeard(heard);
    for (const { id } of heard) silences.forget(id);
    if (isDispatching) {
      takeRules(newer.flatMap((record) => (record.kind === 'rule' ? [record.record] : [])));
      state.restore(newer.filter(({ kind }) => kind !== 'rule'));
    } else state.restore(newer);
    // What fires is told again.
    durable.keepHeard(isDispatching ? newer : newer.filter(({ kind }) => kind !== 'alert'));
    if (!isDispatching) return;
    const fresh = newer.flatMap((record) => (record.kind === 'alert' ? [record.alert] : []));
    changed(fresh, clock.nowMs());
    this.#set(fresh);
    dispatcher.toldElsewhere(lastTold(newer));
    if (newer.some(({ kind }) => kind === 'page')) escalations.resume();
  }

  ownershipChanged(): void {
    const { state, dispatcher, escalations, isDispatching } = this.#parts;
    if (!isDispatching()) return;
    const claimed = new Set(Array.from(state.outbox.all(), ({ group }) => group));
    dispatcher.ownershipChanged(({ key }) => claimed.has(key));
    escalations.resume();
  }

  finish(isMeant: (groupKey: string) => boolean): Promise<void> {
    return this.#parts.dispatcher.finish(isMeant);
  }

  hold(fingerprints: Iterable<string>, untilMs: number): void {
    const { state, clock } = this.#parts;
    const nowMs = clock.nowMs();
    for (const fingerprint of fingerprints) {
      const alert = state.alerts.get(fingerprint);
      if (alert?.endsAtMs === undefined || isResolved(alert, nowMs) || alert.endsAtMs >= untilMs) continue;
      const held = { ...alert, endsAtMs: untilMs, hasTimeout: true };
      state.alerts.restore(held);
      this.#set([held]);
    }
  }

  #set(alerts: readonly PostedAlert[]): void {
    const inhibitor = this.#parts.inhibitor();
    for (const alert of alerts) inhibitor.set(alert);
    for (const alert of alerts) this.#parts.dispatcher.set(alert);
  }
}

/** @param receivers of now, by their names */
export function groupSharing(
  replication: Replication,
  { notifications }: Pick<AlertingState, 'notifications'>,
  receivers: () => ReadonlyMap<string, Receiver>,
): GroupSharing {
  return {
    begins: ({ key }) => replication.beginsGroup(key),
    owns: ({ key }) => replication.ownsGroup(key),
    isOwnedElsewhere: ({ key }) => replication.isOwnedElsewhere(key),
    isOwed: ({ key, route }, { fingerprint }) => {
      const integrations = receivers().get(route.options.receiver)?.integrations ?? [];
      return integrations.some(({ id }) => {
        const entry = notifications.get(key, id);
        return entry !== undefined && (entry.firing.has(fingerprint) || endsOwed(id, entry).has(fingerprint));
      });
    },
  };
}

/** Where clocks differ, or have been set back: what comes now is newer than what came before, from whomever that was. */
export function afterKnown(
  posted: readonly PostedAlert[],
  { alerts }: Pick<AlertingState, 'alerts'>,
): readonly PostedAlert[] {
  return posted.map((alert) => {
    const known = alerts.get(alert.fingerprint);
    if (known === undefined || known.updatedAtMs < alert.updatedAtMs) return alert;
    return { ...alert, updatedAtMs: known.updatedAtMs + 1 };
  });
}

/** By the keys of groups: when they were told last. */
export function lastTold(records: Iterable<StateRecord>): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const record of records) {
    if (record.kind !== 'told') continue;
    const { group, entry } = record;
    times.set(group, Math.max(entry.timeMs, times.get(group) ?? 0));
  }
  return times;
}
