/** Pages and their timers: who acknowledges one, and who is told next of one that nobody does. Kept over a restart. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import { startTelling } from '../dispatch/telling.ts';
import type { HistoryEvent, PageEvent } from '../history/history-event.ts';
import type { StateRecord } from '../state/state-record.ts';
import {
  type Acknowledgement,
  dueReceivers,
  type EscalationStep,
  type Members,
  nextDueMs,
  type Page,
  type Reopening,
  reaching,
  reopened,
  reviewed,
} from './page.ts';

export interface EscalationsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly record: (event: HistoryEvent) => void;
  /** Resolves when they are on the disk. */
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
  /** Of the receiver of a route, of now. */
  readonly stepsOf: (receiver: string) => readonly EscalationStep[];
  /** The group of that id, with its alerts that are not muted now; undefined: it is no more. */
  readonly look: (groupId: string) => GroupLook | undefined;
  /** Whether it is for this replica to tell of the group now. Where it becomes so later, `resume` is called. */
  readonly owns: (group: AlertGroup) => boolean;
  /** Tells receivers of what fires in a group. It does not throw. */
  readonly tell: (group: AlertGroup, receivers: readonly string[], signal: AbortSignal) => Promise<void>;
}

export interface GroupLook {
  readonly group: AlertGroup;
  readonly unmuted: readonly Alert[];
}

/** What a flush of a group has to heed. */
export interface FlushOrders {
  /** Repeats are not sent. */
  readonly isAcknowledged: boolean;
  /** Receivers that are told as the group's own. */
  readonly reached: readonly string[];
  /** Receivers that are told of the end of what they were told, and of nothing else. */
  readonly ending: readonly string[];
}

export class Escalations {
  readonly counts = { acknowledged: 0, escalated: new Map<string, number>() };
  readonly #pages: Map<string, Page>;
  readonly #deps: EscalationsDeps;
  readonly #timers = new Map<string, Timer>();
  readonly #tellings = new Map<AbortController, Promise<void>>();
  #isClosed = false;

  /** @param pages by the ids of groups: the state's */
  constructor(pages: Map<string, Page>, deps: EscalationsDeps) {
    this.#pages = pages;
    this.#deps = deps;
  }

  get pages(): ReadonlyMap<string, Page> {
    return this.#pages;
  }

  /** Goes on after a restart, or with another configuration. */
  resume(): void {
    for (const page of this.#pages.values()) this.#schedule(page);
  }

  /** A flush of the group begins.
   *  @returns undefined where the group is told as if there were no escalation
   *  Cost: two look-ups where neither steps nor an acknowledgement concern the group. */
  review(group: AlertGroup, members: () => Members): FlushOrders | undefined {
    const { receiver } = group.route.options;
    const steps = this.#deps.stepsOf(receiver);
    const known = this.#pages.get(group.id);
    if (known === undefined && steps.length === 0) return undefined;
    const { timeMs, firing, ended } = members();
    if (known === undefined && firing.length === 0) return undefined;
    // The configuration may have given its route another receiver.
    const before =
      known === undefined || known.receiver !== receiver ? { ...pageOf(group, timeMs), ...known, receiver } : known;
    const { page: after, reopening } = reviewed(before, { timeMs, firing, ended });
    if (reopening !== undefined) this.#note('reopened', after, { timeMs, cause: reopening, firing });
    const due = firing.length === 0 ? [] : dueReceivers(after, steps, timeMs);
    const page = this.#reach(after, due, { timeMs, firing });
    if (page !== known) this.#keep(page);
    return {
      isAcknowledged: page.acknowledgement !== undefined,
      reached: [...page.reached],
      ending: [...page.told].filter((name) => !page.reached.has(name)),
    };
  }

  /** The group is no more. */
  forget(groupId: string): void {
    this.#timers.get(groupId)?.cancel();
    this.#timers.delete(groupId);
    if (this.#pages.delete(groupId)) this.#write({ kind: 'page', id: groupId, page: undefined });
  }

  /** @param acknowledgement in place of the one that there may be
   *  @returns the page, on the disk when it resolves
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE: it holds until the next restart */
  async acknowledge(group: AlertGroup, acknowledgement: Acknowledgement): Promise<Page> {
    const known = this.#pages.get(group.id) ?? pageOf(group, acknowledgement.atMs);
    const page = { ...known, acknowledgement };
    this.counts.acknowledged += 1;
    const { atMs: timeMs, by, comment: cause, covers } = acknowledgement;
    this.#note('acknowledged', page, { timeMs, by, cause, firing: [...covers] });
    this.#pages.set(page.id, page);
    this.#schedule(page);
    await this.#deps.persist([{ kind: 'page', id: page.id, page }]);
    return page;
  }

  /** @returns the page, open from now on; undefined where it was
   *  @throws as acknowledge */
  async withdraw(group: AlertGroup, by: string): Promise<Page | undefined> {
    const known = this.#pages.get(group.id);
    if (known?.acknowledgement === undefined) return undefined;
    const timeMs = this.#deps.clock.nowMs();
    const page = reopened(known, timeMs);
    const cause: Reopening = 'the acknowledgement was withdrawn';
    this.#note('reopened', page, { timeMs, by, cause, firing: [...known.acknowledgement.covers] });
    this.#pages.set(page.id, page);
    this.#schedule(page);
    await this.#deps.persist([{ kind: 'page', id: page.id, page }]);
    return page;
  }

  /** What is being told has graceMs to end. */
  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    const abort = (): void => {
      for (const telling of this.#tellings.keys()) telling.abort();
    };
    if (graceMs <= 0) abort();
    const deadline = this.#deps.clock.setTimer(graceMs, abort);
    await Promise.all(this.#tellings.values());
    deadline.cancel();
  }

  #schedule(page: Page): void {
    this.#timers.get(page.id)?.cancel();
    this.#timers.delete(page.id);
    const dueMs = nextDueMs(page, this.#deps.stepsOf(page.receiver));
    if (dueMs === undefined || this.#isClosed) return;
    const { clock } = this.#deps;
    const timer = clock.setTimer(dueMs - clock.nowMs(), () => this.#onTimer(page.id));
    this.#timers.set(page.id, timer);
  }

  /** Where all that fires is muted, nobody is told; the next flush of the group looks again. */
  #onTimer(id: string): void {
    this.#timers.delete(id);
    const known = this.#pages.get(id);
    const look = this.#deps.look(id);
    if (this.#isClosed || known === undefined || look === undefined || !this.#deps.owns(look.group)) return;
    const timeMs = this.#deps.clock.nowMs();
    const firing = look.unmuted.filter((alert) => !isResolved(alert, timeMs)).map(({ fingerprint }) => fingerprint);
    const { page: after, reopening } = reviewed(known, { timeMs, firing, ended: [] });
    if (reopening !== undefined) this.#note('reopened', after, { timeMs, cause: reopening, firing });
    const due = firing.length === 0 ? [] : dueReceivers(after, this.#deps.stepsOf(after.receiver), timeMs);
    const page = this.#reach(after, due, { timeMs, firing });
    if (page !== known) this.#keep(page);
    if (due.length > 0) this.#tell(look.group, due);
  }

  #tell(group: AlertGroup, receivers: readonly string[]): void {
    // As long as a flush may take: the next one tells whom this could not.
    const { ending: telling, timer } = startTelling(group, this.#deps.clock);
    const told = this.#deps.tell(group, receivers, telling.signal).finally(() => {
      timer.cancel();
      this.#tellings.delete(telling);
    });
    this.#tellings.set(telling, told);
  }

  #reach(page: Page, receivers: readonly string[], at: Pick<Noted, 'timeMs' | 'firing'>): Page {
    if (receivers.length === 0) return page;
    for (const receiver of receivers) {
      this.counts.escalated.set(receiver, (this.counts.escalated.get(receiver) ?? 0) + 1);
      this.#note('escalated', page, { ...at, cause: receiver });
    }
    return reaching(page, receivers);
  }

  #keep(page: Page): void {
    this.#pages.set(page.id, page);
    this.#schedule(page);
    this.#write({ kind: 'page', id: page.id, page });
  }

  /** A disk that does not take it keeps nobody from being told. */
  #write(record: StateRecord): void {
    this.#deps
      .persist([record])
      .catch((error: unknown) => this.#deps.log.error('the escalation of a group cannot be kept', { error }));
  }

  #note(kind: PageEvent['kind'], { group: groupKey, labels: groupLabels, receiver }: Page, noted: Noted): void {
    const { timeMs, by = '', cause, firing } = noted;
    this.#deps.record({ kind, timeMs, receiver, groupKey, groupLabels, by, cause, firing });
  }
}

interface Noted {
  readonly timeMs: number;
  readonly by?: string;
  readonly cause: string;
  readonly firing: readonly string[];
}

function pageOf({ id, key: group, labels, route }: AlertGroup, sinceMs: number): Page {
  const { receiver } = route.options;
  return { id, group, labels, receiver, sinceMs, reached: new Set(), told: new Set(), acknowledgement: undefined };
}
