/** What of the state of alerts is over, and forgotten in time: alerts, silences, what was told, and what was to be. */
import type { Clock } from '@vigie/core/clock';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import type { AlertingState } from './alerting-state.ts';

export interface ForgettingParts {
  readonly state: AlertingState;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly groups: () => readonly AlertGroup[];
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
    const { state, clock, groups } = this.#parts;
    if (clock.monotonicMs() < this.#dueAtMs) return false;
    const nowMs = clock.nowMs();
    this.#dueAtMs = clock.monotonicMs() + GARBAGE_MS;
    this.#forgetResolved(nowMs);
    state.notifications.collectGarbage(nowMs);
    state.silences.collectGarbage();
    state.outbox.retain(new Set(groups().map(({ id }) => id)));
    return true;
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

  /** Fingerprints of what is in a group, and of which somebody there was told that it fires: at most those that were told within the retention. */
  #owedEnds(): ReadonlySet<string> {
    const owed = this.#parts.state.notifications.owed();
    return new Set(
      this.#parts
        .groups()
        .flatMap(({ key, alerts }) =>
          alerts.flatMap(({ fingerprint }) => (owed.get(key)?.has(fingerprint) === true ? [fingerprint] : [])),
        ),
    );
  }
}
