/** Which alerts that come are events: one that goes on comes again each minute, and is none. */
import { type Alert, isResolved } from '../dispatch/alert.ts';
import { resolveReasonOf } from '../notify/notification-of.ts';
import type { AlertEvent } from './history-event.ts';

export class AlertChanges {
  /** Those that fire, as they came last, by fingerprint. */
  readonly #firing = new Map<string, Alert>();

  /** Takes one that there was before a restart. */
  restore(alert: Alert, nowMs: number): void {
    if (!isResolved(alert, nowMs)) this.#firing.set(alert.fingerprint, alert);
  }

  /** @param alert as it is known now
   *  @returns what has happened to it, in order; of one that had ended when it came first, nothing */
  note(alert: Alert, nowMs: number): readonly AlertEvent[] {
    const known = this.#firing.get(alert.fingerprint);
    if (isResolved(alert, nowMs)) return known === undefined ? [] : [this.#end(alert)];
    const ended = known !== undefined && isResolved(known, nowMs) ? [this.#end(known)] : [];
    this.#firing.set(alert.fingerprint, alert);
    if (known === undefined || ended.length > 0) return [...ended, eventOf('created', alert, nowMs)];
    return known.annotations.key === alert.annotations.key ? [] : [eventOf('changed', alert, nowMs)];
  }

  /** Those that nobody has told of until their end.
   *  Cost: O(alerts that fire). */
  ended(nowMs: number): readonly AlertEvent[] {
    return [...this.#firing.values()].filter((alert) => isResolved(alert, nowMs)).map((alert) => this.#end(alert));
  }

  #end(alert: Alert): AlertEvent {
    this.#firing.delete(alert.fingerprint);
    const event = eventOf('resolved', alert, alert.endsAtMs ?? alert.updatedAtMs);
    return { ...event, reason: resolveReasonOf(alert) };
  }
}

function eventOf(kind: AlertEvent['kind'], alert: Alert, timeMs: number): AlertEvent {
  const { fingerprint, labels, annotations, startsAtMs, endsAtMs } = alert;
  return { kind, timeMs, fingerprint, labels, annotations, startsAtMs, endsAtMs };
}
