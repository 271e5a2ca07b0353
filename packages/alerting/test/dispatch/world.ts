/** A dispatcher on a clock that a test moves, with a receiver that keeps a diary. */
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import type { Alert } from '../../src/dispatch/alert.ts';
import type { AlertGroup, Flush } from '../../src/dispatch/alert-group.ts';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { NotificationLog, notificationReason } from '../../src/dispatch/notification-log.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import { buildRoutes } from '../../src/routing/route.ts';

const MINUTE = 60_000;

export class World {
  readonly clock = new FakeClock(0);
  readonly log = new NotificationLog(120 * 60 * MINUTE);
  /** `minute: reason firing -resolved`, of what was told. */
  readonly diary: string[] = [];
  readonly errors: unknown[] = [];
  /** As a restart would find them. */
  readonly timers = new Map<string, number>();
  sendResolved = true;
  /** What becomes of a flush that is to be told. */
  outcome: (signal: AbortSignal) => Promise<boolean> = () => Promise.resolve(true);
  readonly dispatcher: Dispatcher;

  /** @param route of the root, beside its receiver */
  constructor(route: string) {
    const config = `receivers: [{ name: a }]\nroute:\n  receiver: a\n  ${route}\n`;
    this.dispatcher = new Dispatcher(buildRoutes(parseAlertmanagerConfig(config, 'alertmanager.yml').route), {
      clock: this.clock,
      tell: (group, flush, signal) => this.#tell(group, flush, signal),
      onTimer: (id, nextFlushMs) => {
        if (nextFlushMs === undefined) this.timers.delete(id);
        else this.timers.set(id, nextFlushMs);
      },
      onError: (error) => this.errors.push(error),
    });
  }

  /** @param endsAtMs by default it has no end */
  set(labels: Readonly<Record<string, string>>, endsAtMs?: number, startsAtMs = this.clock.nowMs()): void {
    this.dispatcher.set(alertOf(labels, this.clock.nowMs(), startsAtMs, endsAtMs));
  }

  minutes(count: number): Promise<void> {
    return this.clock.advance(count * MINUTE);
  }

  async #tell(group: AlertGroup, flush: Flush, signal: AbortSignal): Promise<boolean> {
    const { repeatIntervalMs } = group.route.options;
    const rules = { sendResolved: this.sendResolved, repeatIntervalMs, owesResolves: false };
    const entry = this.log.get(group.key, 'a/webhook/0');
    const reason = notificationReason(entry, flush, rules);
    if (reason === undefined) return true;
    if (!(await this.outcome(signal))) return false;
    this.log.record(group.key, 'a/webhook/0', flush, rules);
    const ended = new Set(flush.resolved.map(({ fingerprint }) => fingerprint));
    const names = flush.alerts.map(
      ({ labels, fingerprint }) => `${ended.has(fingerprint) ? '-' : ''}${labels.get('alertname')}`,
    );
    this.diary.push(`${flush.timeMs / MINUTE}: ${reason} ${names.join(' ')}`);
    return true;
  }
}

export function alertOf(
  labels: Readonly<Record<string, string>>,
  updatedAtMs = 0,
  startsAtMs = 0,
  endsAtMs?: number,
): Alert {
  const set = LabelSet.of(labels);
  return {
    fingerprint: fingerprintOf(set),
    labels: set,
    annotations: LabelSet.empty,
    startsAtMs,
    endsAtMs,
    updatedAtMs,
    generatorUrl: '',
  };
}
