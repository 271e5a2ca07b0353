/** Heartbeats that others send to us: silence raises an alert, which ends with the next. Kept over a restart. */
import type { Clock, Timer } from '@vigie/core/clock';
import { formatDuration } from '@vigie/core/durations';
import type { Log } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import type { StateRecord } from '../state/state-record.ts';
import { deadlineMs, type ExpectedHeartbeat, type HeartbeatState } from './expected-heartbeat.ts';

export interface ExpectedHeartbeatsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when they are on the disk. */
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
  readonly post: (alerts: readonly PostedAlert[]) => Promise<void>;
}

/** An alert that is missing its heartbeat is told of again at this interval, as those of rules are. */
const RESEND_MS = 60_000;
/** Prometheus': four times that. */
const LIFETIME_MS = 4 * RESEND_MS;

export class ExpectedHeartbeats {
  readonly #states: Map<string, HeartbeatState>;
  readonly #deps: ExpectedHeartbeatsDeps;
  readonly #startedAtMs: number;
  readonly #timers = new Map<string, Timer>();
  #expected: ReadonlyMap<string, ExpectedHeartbeat> = new Map();

  /** @param states by name: those of the state */
  constructor(states: Map<string, HeartbeatState>, deps: ExpectedHeartbeatsDeps) {
    this.#states = states;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.nowMs();
  }

  get expected(): ReadonlyMap<string, ExpectedHeartbeat> {
    return this.#expected;
  }

  isMissing(name: string): boolean {
    return this.#states.get(name)?.missingSinceMs !== undefined;
  }

  /** Begins, or goes on with others. One that is no more expected ends, and so does its alert. */
  apply(expected: readonly ExpectedHeartbeat[]): void {
    const before = this.#expected;
    this.#expected = new Map(expected.map((one) => [one.name, one] as const));
    for (const [name, state] of this.#states) {
      if (this.#expected.has(name)) continue;
      const old = before.get(name);
      this.#timers.get(name)?.cancel();
      this.#timers.delete(name);
      this.#states.delete(name);
      this.#write({ kind: 'heartbeat', name, state: undefined });
      if (old !== undefined && state.missingSinceMs !== undefined) this.#post(old, state.missingSinceMs, true);
    }
    const nowMs = this.#deps.clock.nowMs();
    for (const one of expected) {
      if (!this.#states.has(one.name)) this.#keep(one.name, { heardAtMs: nowMs, missingSinceMs: undefined });
      this.#check(one);
    }
  }

  /** Somebody has sent one; on the disk when it resolves.
   *  @returns false where none of that name is expected
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE */
  async hear(name: string): Promise<boolean> {
    const expected = this.#expected.get(name);
    if (expected === undefined) return false;
    const missingSinceMs = this.#states.get(name)?.missingSinceMs;
    const state: HeartbeatState = { heardAtMs: this.#deps.clock.nowMs(), missingSinceMs: undefined };
    this.#states.set(name, state);
    if (missingSinceMs !== undefined) this.#post(expected, missingSinceMs, true);
    this.#check(expected);
    await this.#deps.persist([{ kind: 'heartbeat', name, state }]);
    return true;
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #check(expected: ExpectedHeartbeat): void {
    const { clock } = this.#deps;
    const { name } = expected;
    this.#timers.get(name)?.cancel();
    const state = this.#states.get(name);
    if (state === undefined) return;
    const nowMs = clock.nowMs();
    const dueMs = deadlineMs(state, expected, this.#startedAtMs);
    let nextMs = dueMs;
    if (state.missingSinceMs !== undefined || dueMs <= nowMs) {
      const sinceMs = state.missingSinceMs ?? nowMs;
      if (state.missingSinceMs === undefined) this.#keep(name, { ...state, missingSinceMs: sinceMs });
      this.#post(expected, sinceMs, false);
      nextMs = nowMs + RESEND_MS;
    }
    this.#timers.set(
      name,
      clock.setTimer(nextMs - nowMs, () => this.#check(expected)),
    );
  }

  #keep(name: string, state: HeartbeatState): void {
    this.#states.set(name, state);
    this.#write({ kind: 'heartbeat', name, state });
  }

  #write(record: StateRecord): void {
    this.#deps
      .persist([record])
      .catch((error: unknown) => this.#deps.log.error('when a heartbeat was heard cannot be kept', { error }));
  }

  #post(expected: ExpectedHeartbeat, sinceMs: number, isOver: boolean): void {
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const alert = alertOf(expected, sinceMs, nowMs, isOver ? nowMs : nowMs + LIFETIME_MS);
    this.#deps
      .post([alert])
      .catch((error: unknown) => log.error('the alert of a heartbeat that is missing was not taken', { error }));
  }
}

function alertOf(
  { name, labels: own, annotations, everyMs, graceMs }: ExpectedHeartbeat,
  startsAtMs: number,
  nowMs: number,
  endsAtMs: number,
): PostedAlert {
  const labels = LabelSet.of({ alertname: 'HeartbeatMissing', ...own, heartbeat: name });
  const summary = `heartbeat ${name} has not been heard for ${formatDuration(everyMs + graceMs)}`;
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: LabelSet.of({ summary, ...annotations }),
    startsAtMs,
    endsAtMs,
    updatedAtMs: nowMs,
    generatorUrl: '',
    hasTimeout: false,
  };
}
