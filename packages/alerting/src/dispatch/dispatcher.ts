/** Alerts to the groups of the routes that they belong to, and the groups to whoever tells of them, when their timers say so.
 *  Source: Alertmanager, dispatch/dispatch.go. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import { type Alert, isResolved } from './alert.ts';
import { AlertGroup, type Flush, groupIdOf } from './alert-group.ts';
import { startTelling } from './telling.ts';

/** Of a group that is another replica's: until its flush is taken for told by that one, longer than it takes to go on in a dead one's place. */
const STANDBY_MS = 15_000;
/** Why a telling is aborted. */
const TAKEN = new Error('the group has been taken from this replica');

export interface DispatcherDeps {
  readonly clock: Clock;
  /** Tells of a group.
   *  @param signal aborts when the time for it is over
   *  @returns whether it is told; if not, its resolved alerts are kept and told of at the next flush */
  readonly tell: (group: AlertGroup, flush: Flush, signal: AbortSignal) => Promise<boolean>;
  /** A group has begun or begins a flush: it is told next at that time. undefined: it is no more. */
  readonly onTimer: (groupId: string, nextFlushMs: number | undefined) => void;
  /** An alert that begins to fire has joined a group; not those that were in it before a restart. */
  readonly onJoined?: ((group: AlertGroup, alert: Alert) => void) | undefined;
  /** After a flush: times at which the group is to be told before the next group_interval, Unix ms; those that have been mean nothing. */
  readonly earlier?: ((group: AlertGroup) => readonly number[]) | undefined;
  /** What went wrong where `tell` threw. */
  readonly onError: (error: unknown) => void;
  /** undefined: all groups are this replica's. */
  readonly sharing?: GroupSharing | undefined;
}

/** Where several replicas share the groups: each has all of them, and tells of its own. */
export interface GroupSharing {
  /** Whether this replica is to tell of it. */
  begins(group: AlertGroup): boolean;
  /** Whether what it has begun to tell may go on. */
  owns(group: AlertGroup): boolean;
  /** Whether another one is there that tells of it. */
  isOwnedElsewhere(group: AlertGroup): boolean;
  /** Whether somebody is still to be told that an alert of it is over. */
  isOwed(group: AlertGroup, alert: Alert): boolean;
}

interface RunningGroup {
  readonly group: AlertGroup;
  /** undefined while a flush is under way. */
  timer: Timer | undefined;
  /** It is due, and another replica's. */
  isHeld: boolean;
}

export class Dispatcher {
  readonly #deps: DispatcherDeps;
  #root: Route;
  /** By route and labels. */
  #groups = new Map<string, RunningGroup>();
  /** One for each flush that is being told, and its group. */
  readonly #tellings = new Map<AbortController, AlertGroup>();
  /** Of flushes: when each has ended. */
  readonly #underWay = new Map<Promise<void>, AlertGroup>();
  #isClosed = false;

  constructor(root: Route, deps: DispatcherDeps) {
    this.#root = root;
    this.#deps = deps;
  }

  get groups(): readonly AlertGroup[] {
    return Array.from(this.#groups.values(), ({ group }) => group);
  }

  group(id: string): AlertGroup | undefined {
    return this.#groups.get(id)?.group;
  }

  /** Takes an alert that has come or changed, to each group that it belongs to. */
  set(alert: Alert): void {
    if (this.#isClosed) return;
    for (const [route, labels] of this.#groupsOf(alert)) this.#setIn(route, labels, alert);
  }

  /** Takes alerts that were there before a restart.
   *  @param isOwed whether a resolved one is still to be told: what was told before must not be told again
   *  @param timers by the ids of groups: when they were to be told */
  restore(
    alerts: Iterable<Alert>,
    isOwed: (groupKey: string, alert: Alert) => boolean,
    timers: ReadonlyMap<string, number>,
  ): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const alert of alerts) {
      for (const [route, labels] of this.#groupsOf(alert)) {
        const id = groupIdOf(route, labels);
        const group = this.#groups.get(id)?.group ?? new AlertGroup(route, labels, alert, nowMs, timers.get(id));
        if (isResolved(alert, nowMs) && !isOwed(group.key, alert)) continue;
        if (this.#groups.has(id)) group.set(alert);
        else this.#start(group);
      }
    }
  }

  /** Takes up another tree of routes. Groups that are in it, too, go on with their timers; alerts of the others are grouped anew.
   *  @param alerts all that there are */
  update(root: Route, alerts: Iterable<Alert>): void {
    if (this.#isClosed) return;
    const { clock, onTimer, onJoined } = this.#deps;
    const nowMs = clock.nowMs();
    const before = this.#groups;
    const members = new Map<string, { readonly route: Route; readonly labels: LabelSet; readonly alerts: Alert[] }>();
    this.#root = root;
    this.#groups = new Map();
    for (const alert of alerts) {
      for (const [route, labels] of this.#groupsOf(alert)) {
        const id = groupIdOf(route, labels);
        if (isResolved(alert, nowMs) && before.get(id)?.group.has(alert) !== true) continue;
        const found = members.get(id) ?? { route, labels, alerts: [] };
        members.set(id, found);
        found.alerts.push(alert);
      }
    }
    for (const [
      id,
      {
        route,
        labels,
        alerts: [first, ...others],
      },
    ] of members) {
      if (first === undefined) continue;
      const running = before.get(id);
      before.delete(id);
      if (running === undefined) {
        for (const alert of [first, ...others]) this.#setIn(route, labels, alert);
        continue;
      }
      const { group } = running;
      const joining = [first, ...others].filter((alert) => joinsAnew(group, alert, nowMs));
      group.continueAs(route, [first, ...others], nowMs);
      for (const alert of joining) onJoined?.(group, alert);
      this.#groups.set(id, running);
      if (running.timer === undefined) continue;
      running.timer.cancel();
      running.timer = this.#setTimer(running);
    }
    for (const [id, { timer }] of before) {
      timer?.cancel();
      onTimer(id, undefined);
    }
  }

  /** What this replica is to tell of is another part now: of groups that are no longer its own nothing more is told, and those that have become
   *  its own are told at once where they are due.
   *  @param isUnsure whether somebody else may have begun to tell of it, and nobody knows whether it arrived */
  ownershipChanged(isUnsure: (group: AlertGroup) => boolean): void {
    const { sharing, clock } = this.#deps;
    if (sharing === undefined || this.#isClosed) return;
    for (const [telling, group] of this.#tellings) if (!sharing.owns(group)) telling.abort(TAKEN);
    for (const running of this.#groups.values()) {
      const { group, timer } = running;
      if (timer === undefined || !sharing.begins(group)) continue;
      if (isUnsure(group)) group.postpone(clock.nowMs());
      else if (!running.isHeld) continue;
      this.#reschedule(running);
    }
  }

  /** Other replicas have told of groups.
   *  @param times of the flushes, by the keys of the groups
   *  Cost: O(groups). */
  toldElsewhere(times: ReadonlyMap<string, number>): void {
    const { sharing, clock } = this.#deps;
    if (this.#isClosed || times.size === 0) return;
    for (const running of this.#groups.values()) {
      const { group, timer } = running;
      const timeMs = times.get(group.key);
      if (timeMs === undefined || timer === undefined || sharing?.begins(group) === true) continue;
      // Its clock may be another.
      const nextMs = Math.min(timeMs, clock.nowMs()) + group.route.options.groupIntervalMs;
      if (nextMs <= group.nextFlushMs) continue;
      group.postpone(nextMs);
      this.#reschedule(running);
    }
  }

  /** Resolves when what is being told of such groups has ended. */
  async finish(isMeant: (groupKey: string) => boolean): Promise<void> {
    const meant = [...this.#underWay].filter(([, { key }]) => isMeant(key));
    await Promise.all(meant.map(([ended]) => ended));
  }

  /** Ends the timers; resolves when what is under way has ended, which is aborted after graceMs. The groups go on after a restart. */
  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#groups.values()) timer?.cancel();
    const abort = (): void => {
      for (const telling of this.#tellings.keys()) telling.abort();
    };
    if (graceMs <= 0) abort();
    const deadline = this.#deps.clock.setTimer(graceMs, abort);
    await Promise.all(this.#underWay.keys());
    deadline.cancel();
  }

  #groupsOf(alert: Alert): readonly (readonly [Route, LabelSet])[] {
    return matchRoutes(this.#root, alert.labels).map((route) => [route, groupLabelsOf(alert.labels, route.options)]);
  }

  #setIn(route: Route, labels: LabelSet, alert: Alert): void {
    const nowMs = this.#deps.clock.nowMs();
    const known = this.#groups.get(groupIdOf(route, labels))?.group;
    const joins = joinsAnew(known, alert, nowMs);
    const group = known ?? new AlertGroup(route, labels, alert, nowMs);
    if (known === undefined) this.#start(group);
    else group.set(alert);
    if (joins) this.#deps.onJoined?.(group, alert);
  }

  #start(group: AlertGroup): void {
    const running: RunningGroup = { group, timer: undefined, isHeld: false };
    this.#groups.set(group.id, running);
    this.#deps.onTimer(group.id, group.nextFlushMs);
    running.timer = this.#setTimer(running);
  }

  #setTimer(running: RunningGroup): Timer {
    const { clock } = this.#deps;
    return clock.setTimer(running.group.nextFlushMs - clock.nowMs(), () => {
      running.timer = undefined;
      if (this.#isClosed) return;
      const { sharing } = this.#deps;
      if (sharing !== undefined && !sharing.begins(running.group)) {
        this.#hold(running, sharing);
        return;
      }
      const flush = this.#flush(running).catch(this.#deps.onError);
      this.#underWay.set(flush, running.group);
      void flush.then(() => this.#underWay.delete(flush));
    });
  }

  #reschedule(running: RunningGroup): void {
    running.timer?.cancel();
    running.isHeld = false;
    running.timer = this.#setTimer(running);
  }

  /** It is another replica's to tell of. Should that be gone, this one goes on with what is due. */
  #hold(running: RunningGroup, sharing: GroupSharing): void {
    const { clock, onTimer } = this.#deps;
    const { group } = running;
    running.isHeld = true;
    running.timer = clock.setTimer(STANDBY_MS, () => {
      running.timer = undefined;
      if (this.#isClosed) return;
      if (sharing.begins(group)) {
        this.#reschedule(running);
        return;
      }
      if (!sharing.isOwnedElsewhere(group)) {
        this.#hold(running, sharing);
        return;
      }
      group.passFlush(clock.nowMs(), (alert) => sharing.isOwed(group, alert));
      if (group.isEmpty) {
        this.#groups.delete(group.id);
        onTimer(group.id, undefined);
      } else this.#reschedule(running);
    });
  }

  /** One flush of a group is under way at a time: the next waits for it, and it ends when that is due. */
  async #flush(running: RunningGroup): Promise<void> {
    if (this.#isClosed) return;
    const { group } = running;
    const { clock, onTimer } = this.#deps;
    const flush = group.beginFlush(clock.nowMs());
    if (flush !== undefined) {
      onTimer(group.id, group.nextFlushMs);
      try {
        const outcome = await this.#tell(group, flush);
        if (outcome === 'told') group.endFlush(flush);
        // Whoever has it next tells of it at once, also where that is this one again.
        else if (outcome === 'taken') group.postpone(clock.nowMs());
      } catch (error) {
        this.#deps.onError(error);
      }
    }
    // A change of the configuration may have ended it meanwhile.
    if (this.#isClosed || this.#groups.get(group.id) !== running) return;
    if (group.isEmpty) {
      this.#groups.delete(group.id);
      onTimer(group.id, undefined);
      return;
    }
    this.#bringForward(group);
    running.timer = this.#setTimer(running);
  }

  #bringForward(group: AlertGroup): void {
    const { clock, onTimer, earlier } = this.#deps;
    const nowMs = clock.nowMs();
    const times = earlier?.(group).filter((timeMs) => timeMs > nowMs) ?? [];
    const nextMs = times.reduce((firstMs, timeMs) => Math.min(firstMs, timeMs), group.nextFlushMs);
    if (nextMs === group.nextFlushMs) return;
    group.postpone(nextMs);
    onTimer(group.id, nextMs);
  }

  async #tell(group: AlertGroup, flush: Flush): Promise<'told' | 'untold' | 'taken'> {
    const { ending: telling, timer } = startTelling(group, this.#deps.clock);
    this.#tellings.set(telling, group);
    try {
      if (await this.#deps.tell(group, flush, telling.signal)) return 'told';
      return telling.signal.reason === TAKEN || this.#deps.sharing?.owns(group) === false ? 'taken' : 'untold';
    } finally {
      timer.cancel();
      this.#tellings.delete(telling);
    }
  }
}

/** @param group undefined: there is none yet */
function joinsAnew(group: AlertGroup | undefined, alert: Alert, nowMs: number): boolean {
  return !isResolved(alert, nowMs) && group?.hasFiring(alert, nowMs) !== true;
}
