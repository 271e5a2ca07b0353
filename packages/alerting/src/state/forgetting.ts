/** What of the state of alerts is over, and forgotten in time: alerts, silences, what was told, and what was to be. */
import type { Clock } from '@vigie/core/clock';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import { endsOwed } from '../dispatch/notification-log.ts';
import { integrationIdsOf, type Receiver } from '../notify/receiver.ts';
import type { Integration } from '../receivers/integration.ts';
import type { AlertingState } from './alerting-state.ts';

export interface ForgettingParts {
  readonly state: AlertingState;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly groups: () => readonly AlertGroup[];
  /** By which anybody hears of the group. */
  readonly tellers: (group: AlertGroup) => readonly Integration[];
  /** Of now, by their names. */
  readonly receivers: () => ReadonlyMap<string, Receiver>;
  /** Alerts have been forgotten, and others not. */
  readonly forgotten: (isThere: (fingerprint: string) => boolean) => void;
}

/** Alertmanager's own interval, of silences and of what was told. */
const GARBAGE_MS = 15 * 60_000;
/** Where there are as many alerts as may be, those that are over make room before that: a look at all takes 10 ms. */
const ROOM_MS = 5_000;

export class Forgetting {
  readonly #parts: ForgettingParts;
  /** By the monotonic clock, as of the other. */
  #dueAtMs: number;
  #roomAtMs = 0;

  constructor(parts: ForgettingParts) {
    this.#parts = parts;
    this.#dueAtMs = parts.clock.monotonicMs() + GARBAGE_MS;
  }

  /** Forgets what is over, where it is time. To be called now and then.
   *  @returns whether it was */
  look(): boolean {
    const { state, clock } = this.#parts;
    if (clock.monotonicMs() < this.#dueAtMs) return false;
    const nowMs = clock.nowMs();
    this.#dueAtMs = clock.monotonicMs() + GARBAGE_MS;
    this.#forgetResolved(nowMs);
    const pages = [...state.pages.values()];
    const acknowledged = new Set(pages.flatMap((page) => (page.acknowledgement === undefined ? [] : [page.group])));
    state.notifications.collectGarbage(nowMs, (group) => acknowledged.has(group));
    state.silences.collectGarbage();
    this.retainClaims();
    return true;
  }

  /** What was to be told to somebody who is no more told of the group, or of a group that is no more, is not to be told. */
  retainClaims(): void {
    const { state, groups, tellers } = this.#parts;
    const known = new Map(groups().map((group) => [group.id, group]));
    state.outbox.retain(({ groupId, integration }) => {
      const group = known.get(groupId);
      return group !== undefined && tellers(group).some(({ id }) => id === integration);
    });
  }

  /** There are too many alerts: those that are over go now. */
  makeRoom(): void {
    const { clock } = this.#parts;
    const monotonicMs = clock.monotonicMs();
    if (monotonicMs < this.#roomAtMs) return;
    this.#roomAtMs = monotonicMs + ROOM_MS;
    this.#forgetResolved(clock.nowMs());
  }

  #forgetResolved(nowMs: number): void {
    const { alerts } = this.#parts.state;
    const owed = this.#owedEnds();
    alerts.collectGarbage(nowMs, (fingerprint) => owed.has(fingerprint));
    this.#parts.forgotten((fingerprint) => alerts.get(fingerprint) !== undefined);
  }

  /** Fingerprints of what is in a group, and of which somebody there was told that it fires, and of what is owed to those who are no more told
   *  of a group: at most those that were told within the retention. */
  #owedEnds(): ReadonlySet<string> {
    const { state, groups, receivers } = this.#parts;
    const { notifications } = state;
    const owed = notifications.owed();
    const ends = new Set(
      groups().flatMap(({ key, alerts }) =>
        alerts.flatMap(({ fingerprint }) => (owed.get(key)?.has(fingerprint) === true ? [fingerprint] : [])),
      ),
    );
    const known = integrationIdsOf(receivers());
    for (const { integration, entry } of notifications.all())
      for (const fingerprint of endsOwed(integration, entry, (id) => known.has(id))) ends.add(fingerprint);
    return ends;
  }
}
