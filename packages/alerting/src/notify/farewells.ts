/** Ends that are owed to somebody who is no more told of a group, or was told in the place of such a one: a reload has given its alerts another
 *  receiver, or put them in other groups. The incident that was opened for it stays open unless it is told: once, when all that it was told of is over. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import { endsOwed, type NotificationLog } from '../dispatch/notification-log.ts';
import { OUT_OF_TIME } from '../dispatch/telling.ts';
import type { Notifier, OwedEnd } from './notifier.ts';
import { addresseeOf, integrationIdsOf, type Receiver } from './receiver.ts';

export interface FarewellsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly notifications: Pick<NotificationLog, 'all'>;
  readonly alertOf: (fingerprint: string) => Alert | undefined;
  /** Whether, as things are now, a group with this key is told to the integration. */
  readonly toldNow: () => (groupKey: string, integration: string) => boolean;
  /** Of now, by their names. */
  readonly receivers: () => ReadonlyMap<string, Receiver>;
  /** Whether it is for this replica to tell of the group. */
  readonly owns: (groupKey: string) => boolean;
  readonly tell: Notifier['tellEnd'];
}

/** As long as a flush may take that has Alertmanager's own group_interval. */
const LONGEST_MS = 5 * 60_000;

export class Farewells {
  readonly #deps: FarewellsDeps;
  /** By group and integration. */
  readonly #underWay = new Map<string, { readonly ending: AbortController; readonly ended: Promise<void> }>();

  constructor(deps: FarewellsDeps) {
    this.#deps = deps;
  }

  /** Tells whom is to be told now.
   *  Cost: O(what was told), of each until the first that fires, + O(groups) where some of it is over. */
  look(): void {
    for (const { group, integration, alerts } of this.#due()) {
      const key = `${group}\n${integration}`;
      if (this.#underWay.has(key)) continue;
      const to = addresseeOf(this.#deps.receivers(), integration);
      const ending = new AbortController();
      this.#underWay.set(key, { ending, ended: this.#tell(key, { group, integration, to, alerts }, ending) });
    }
  }

  /** What is under way is told after the next start. */
  async close(): Promise<void> {
    const open = [...this.#underWay.values()];
    for (const { ending } of open) ending.abort();
    await Promise.all(open.map(({ ended }) => ended));
  }

  #due() {
    const { clock, notifications, receivers, alertOf, toldNow, owns } = this.#deps;
    const nowMs = clock.nowMs();
    // Of one that is no more in the configuration there is nobody to tell.
    const known = integrationIdsOf(receivers());
    const over = [...notifications.all()].flatMap(({ group, integration, entry }) => {
      const owed = endsOwed(integration, entry, (id) => known.has(id));
      const alerts = endedOf(owed, alertOf, nowMs);
      return alerts.length === 0 ? [] : [{ group, integration, alerts }];
    });
    if (over.length === 0) return [];
    const isTold = toldNow();
    return over.filter(({ group, integration }) => !isTold(group, integration) && owns(group));
  }

  async #tell(key: string, end: Omit<OwedEnd, 'timeMs'>, ending: AbortController): Promise<void> {
    const { clock, log, tell } = this.#deps;
    const timer = clock.setTimer(LONGEST_MS, () => ending.abort(OUT_OF_TIME));
    try {
      await tell({ ...end, timeMs: clock.nowMs() }, ending.signal);
    } catch (error) {
      log.error('the end of what a receiver was told before a reload could not be told', { integration: key, error });
    } finally {
      timer.cancel();
      this.#underWay.delete(key);
    }
  }
}

/** @returns none where one of them fires, or nobody knows any */
function endedOf(owed: ReadonlySet<string>, alertOf: FarewellsDeps['alertOf'], nowMs: number): readonly Alert[] {
  const ended: Alert[] = [];
  for (const fingerprint of owed) {
    const alert = alertOf(fingerprint);
    if (alert === undefined) continue;
    if (!isResolved(alert, nowMs)) return [];
    ended.push(alert);
  }
  return ended;
}
