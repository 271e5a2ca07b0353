/** The silences that there are, in memory. Source: Alertmanager, silence/silence.go. */
import type { Clock } from '@vigie/core/clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import {
  canBecome,
  checkSilence,
  type Silence,
  type SilenceContent,
  SilenceError,
  type SilenceState,
  shownState,
  silenceState,
  silences,
} from './silence.ts';

/** Unless the configuration says otherwise: each is looked at for each alert of a flush, some 100 ns a matcher. */
export const MOST_SILENCES = 10_000;

export interface SilenceStoreDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** An id that nothing has, such as a UUID. */
  readonly newId: () => string;
  /** How long an expired silence can still be looked at. */
  readonly retentionMs: number;
  /** How many there may be at a time, those that can only be looked at among them; Infinity unless given. */
  readonly most?: (() => number) | undefined;
}

export interface SilenceQuery {
  readonly ids?: readonly string[];
  readonly states?: readonly SilenceState[];
  /** Those that silence an alert with these labels. */
  readonly labels?: LabelSet;
}

export class SilenceStore {
  readonly #deps: SilenceStoreDeps;
  /** In the order in which they came. */
  readonly #silences = new Map<string, Silence>();
  /** Those that held when they were asked for last; undefined where one has changed since. */
  #active: { readonly atMs: number; readonly silences: readonly Silence[] } | undefined;

  constructor(deps: SilenceStoreDeps) {
    this.#deps = deps;
  }

  /** Adds a silence, or changes one. A change that would rewrite what was silenced until now ends the old one and makes another.
   *  @param id of the one to change
   *  @returns what is there now; its id may be a new one, and it begins no earlier than now where it is new
   *  @throws {SilenceError} */
  set(content: SilenceContent, id?: string): Silence {
    const nowMs = this.#deps.clock.nowMs();
    checkSilence(content);
    const previous = id === undefined ? undefined : this.#get(id);
    if (previous !== undefined && canBecome(previous, content, nowMs))
      return this.#put({ ...content, id: previous.id, updatedAtMs: nowMs });
    this.#checkRoom();
    if (previous !== undefined) this.#expire(previous, nowMs);
    const startsAtMs = Math.max(content.startsAtMs, nowMs);
    return this.#put({ ...content, startsAtMs, id: this.#deps.newId(), updatedAtMs: nowMs });
  }

  /** Ends it now; one that has ended stays as it is.
   *  @throws {SilenceError} where there is none */
  expire(id: string): Silence {
    return this.#expire(this.#get(id), this.#deps.clock.nowMs());
  }

  /** Takes a version from elsewhere: a replica, or what was stored.
   *  @returns whether it changed anything: the version updated last stays, and one beyond its retention does not come back */
  merge(silence: Silence): boolean {
    const known = this.#silences.get(silence.id);
    if (this.#isOver(silence) || (known !== undefined && known.updatedAtMs >= silence.updatedAtMs)) return false;
    this.#put(silence);
    return true;
  }

  /** A version of it that comes next holds, whatever its time says. */
  forget(id: string): void {
    this.#silences.delete(id);
    this.#active = undefined;
  }

  /** Forgets what expired longer ago than the retention.
   *  @returns how many */
  collectGarbage(): number {
    const over = [...this.#silences.values()].filter((silence) => this.#isOver(silence));
    for (const { id } of over) this.forget(id);
    return over.length;
  }

  /** Those that hold now. Thousands of alerts are looked at in one millisecond, beside silences of five days that have ended.
   *  Cost: O(silences), once a millisecond. */
  active(): readonly Silence[] {
    const atMs = this.#deps.clock.nowMs();
    if (this.#active?.atMs !== atMs) this.#active = { atMs, silences: this.query({ states: ['active'] }) };
    return this.#active.silences;
  }

  /** In the order in which they came.
   *  Cost: O(silences). */
  query({ ids, states, labels }: SilenceQuery = {}): readonly Silence[] {
    const nowMs = this.#deps.clock.nowMs();
    const wanted = ids === undefined ? undefined : new Set(ids);
    return [...this.#silences.values()].filter(
      (silence) =>
        (wanted === undefined || wanted.has(silence.id)) &&
        (states === undefined || states.includes(shownState(silence, nowMs))) &&
        (labels === undefined || silences(silence, labels)),
    );
  }

  /** @throws {SilenceError} SILENCES_TOO_MANY, in Alertmanager's words */
  #checkRoom(): void {
    const most = this.#deps.most?.() ?? Number.POSITIVE_INFINITY;
    if (this.#silences.size >= most) this.collectGarbage();
    const { size } = this.#silences;
    if (size >= most)
      throw new SilenceError('SILENCES_TOO_MANY', `exceeded maximum number of silences: ${size} (limit: ${most})`);
  }

  #get(id: string): Silence {
    const silence = this.#silences.get(id);
    if (silence === undefined) throw new SilenceError('SILENCE_NOT_FOUND', `silence ${id} not found`);
    return silence;
  }

  #expire(silence: Silence, nowMs: number): Silence {
    switch (silenceState(silence, nowMs)) {
      case 'expired':
        return silence;
      case 'active':
        return this.#put({ ...silence, endsAtMs: nowMs, updatedAtMs: nowMs });
      case 'pending':
        return this.#put({ ...silence, startsAtMs: nowMs, endsAtMs: nowMs, updatedAtMs: nowMs });
    }
  }

  #put(silence: Silence): Silence {
    this.#silences.set(silence.id, silence);
    this.#active = undefined;
    return silence;
  }

  #isOver({ endsAtMs }: Silence): boolean {
    return endsAtMs + this.#deps.retentionMs <= this.#deps.clock.nowMs();
  }
}
