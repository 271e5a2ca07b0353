/** Silences as they are set, changed and ended, here or at another replica: what becomes of each is kept, and told to the history. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { AlertStore } from '../alerts/alert-store.ts';
import { isResolved } from '../dispatch/alert.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import { heardSilenceEvent, silenceEvent } from '../history/silence-event.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { Silence, SilenceContent } from './silence.ts';
import type { SilenceStore } from './silence-store.ts';
import { UntilResolved } from './until-resolved.ts';

export interface SilenceKeepingDeps {
  readonly silences: SilenceStore;
  readonly alerts: Pick<AlertStore, 'all'>;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly log: Log;
  readonly record: (event: HistoryEvent) => void;
  /** @throws {VigieError} ALERTING_STATE_UNWRITABLE */
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
  /** Whether it is for this replica, of several, to look after one. */
  readonly owns: (id: string) => boolean;
  /** For how long nothing has to fire of what a silence silences that is to end with it. */
  readonly endsAfterMs: () => number;
}

export class SilenceKeeping {
  readonly #deps: SilenceKeepingDeps;
  readonly #untilResolved = new UntilResolved();

  constructor(deps: SilenceKeepingDeps) {
    this.#deps = deps;
  }

  /** As SilenceStore.set, on the disk when it resolves.
   *  @throws {SilenceError}; {VigieError} ALERTING_STATE_UNWRITABLE: it holds until the next restart */
  async set(content: SilenceContent, id?: string): Promise<Silence> {
    const { silences, record } = this.#deps;
    const before = this.#find(id);
    const silence = silences.set(content, id);
    const isChange = silence.id === id;
    // A change may have ended the one before.
    if (!isChange) this.#recordEndOf(before, `${silence.id} is in its place`);
    record(silenceEvent('silenced', silence, silence.comment, silence.updatedAtMs, isChange));
    await this.#keep(id === undefined ? [silence.id] : [id, silence.id]);
    return silence;
  }

  /** As SilenceStore.expire, on the disk when it resolves.
   *  @throws as set */
  async expire(id: string, why: string): Promise<Silence> {
    const before = this.#find(id);
    const silence = this.#deps.silences.expire(id);
    this.#recordEndOf(before, why);
    await this.#keep([id]);
    return silence;
  }

  /** Tells the history of what other replicas tell, before it is taken.
   *  @param heard versions of silences, in order */
  recordHeard(heard: Iterable<Silence>): void {
    const nowMs = this.#deps.clock.nowMs();
    const known = new Map<string, Silence>();
    for (const silence of heard) {
      const event = heardSilenceEvent(known.get(silence.id) ?? this.#find(silence.id), silence, nowMs);
      if (event !== undefined) this.#deps.record(event);
      known.set(silence.id, silence);
    }
  }

  /** Ends those that were to hold until what they silence is over. */
  endOver(): void {
    const { silences, alerts, clock, log, owns, endsAfterMs } = this.#deps;
    const nowMs = clock.nowMs();
    const active = silences.active().filter(({ id }) => owns(id));
    const firing = () => Array.from(alerts.all()).flatMap((alert) => (isResolved(alert, nowMs) ? [] : [alert.labels]));
    const timing = { monotonicMs: clock.monotonicMs(), afterMs: endsAfterMs() };
    for (const id of this.#untilResolved.over(active, firing, timing)) {
      log.info('a silence ends, for what it silences is over', { id });
      this.expire(id, 'what it silences is over').catch((error: unknown) =>
        log.error('the end of a silence cannot be kept', { id, error }),
      );
    }
  }

  #find(id: string | undefined): Silence | undefined {
    return id === undefined ? undefined : this.#deps.silences.query({ ids: [id] })[0];
  }

  /** Of a silence that may have been ended just now: nothing where it had ended before. */
  #recordEndOf(before: Silence | undefined, why: string): void {
    const ended = this.#find(before?.id);
    if (ended === undefined || ended.endsAtMs === before?.endsAtMs) return;
    this.#deps.record(silenceEvent('unsilenced', ended, why, ended.updatedAtMs));
  }

  #keep(ids: readonly string[]): Promise<void> {
    const silences = this.#deps.silences.query({ ids });
    return this.#deps.persist(silences.map((silence) => ({ kind: 'silence', silence })));
  }
}
