/** Runs groups of rules: each at its own times, over reloads and restarts, until it is closed. Source: Prometheus, rules/manager.go. */
import { compareText } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import type { RestoreTiming } from './alerts/restore-alerts.ts';
import { GroupEvaluator } from './group/group-evaluator.ts';
import type { RuleSettings, RuleWorld } from './group/rule-world.ts';
import { runGroup } from './group/run-group.ts';
import { endRemoved, type RemovedRule } from './removed-rules.ts';
import { groupKey, type RuleGroup } from './rule.ts';
import { memoriesOf, placeKey, type RuleRecord } from './state/rule-record.ts';
import type { RuleStore } from './state/rule-store.ts';

export interface RuleRunnerOptions extends RestoreTiming {
  /** Where the state of alerts before a restart is found, to the second and without what is short; undefined: nowhere. */
  readonly restoreFrom: Querier | undefined;
  /** Where it is kept whole: a group goes on from there before its first evaluation. It is this runner's own; undefined: nowhere. */
  readonly store?: RuleStore | undefined;
  /** Asked at each time of a group (`FILE;GROUP`): whether this process evaluates it now, and no other does. A group that it did not own the last
   *  time goes on from what is kept then. undefined: it evaluates all. */
  readonly owns?: ((group: string) => boolean) | undefined;
}

/** Prometheus' own. */
export const DEFAULT_RESTORE: RestoreTiming = { outageToleranceMs: 3_600_000, forGraceMs: 600_000 };
export const DEFAULT_RESEND_DELAY_MS = 60_000;
export const DEFAULT_INTERVAL_MS = 60_000;

/** Intervals until the series and alerts of what is no more end: a group of another name may go on with them by then. */
const INTERVALS_UNTIL_END = 2;

interface RunningGroup {
  readonly evaluator: GroupEvaluator;
  readonly ending: AbortController;
  /** Whether the state of alerts is still to be read. */
  isRestoring: boolean;
  hasBegun: boolean;
  isOwned: boolean;
  /** Settles when the last evaluation has ended. */
  running: Promise<void>;
}

export class RuleRunner {
  readonly #world: RuleWorld;
  readonly #options: RuleRunnerOptions;
  readonly #abort = new AbortController();
  readonly #leaving = new Set<Promise<void>>();
  #groups: ReadonlyMap<string, RunningGroup> = new Map();
  #isStarted = false;
  #isFirstUpdate = true;
  #tellsRemoved = true;
  #updating: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(world: RuleWorld, options: RuleRunnerOptions) {
    const { store } = options;
    this.#world = store === undefined ? world : { ...world, keep: (records) => store.keep(records) };
    this.#options = options;
  }

  /** By file, then name. */
  get groups(): readonly GroupEvaluator[] {
    return [...this.#groups.values()]
      .map(({ evaluator }) => evaluator)
      .sort(({ group: a }, { group: b }) => compareText(a.file, b.file) || compareText(a.name, b.name));
  }

  /** Evaluations begin; before, the storage may not be ready to be asked. */
  start(): void {
    if (this.#closing !== undefined) return;
    this.#isStarted = true;
    for (const group of this.#groups.values()) this.#run(group);
  }

  /** Groups that are as they were go on undisturbed; of the others, rules with the same name and labels keep the state of their alerts.
   *  Resolves when the groups before have ended the evaluation of a rule that was under way. */
  update(groups: readonly RuleGroup[], settings: RuleSettings): Promise<void> {
    const updating = this.#updating.then(() => this.#update(groups, settings));
    this.#updating = updating.catch(() => undefined);
    return updating;
  }

  /** Of groups that another process evaluates, `groups` has the alerts that are kept; of when and how well they were evaluated nothing is. */
  showKept(): void {
    const { store } = this.#options;
    if (store === undefined) return;
    for (const [key, { evaluator, isOwned }] of this.#groups)
      if (!isOwned) evaluator.restoreRecords(store.records(key));
  }

  /** Queries under way are aborted. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #update(groups: readonly RuleGroup[], settings: RuleSettings): Promise<void> {
    if (this.#closing !== undefined) return;
    const { store, restoreFrom, owns } = this.#options;
    const isFirst = this.#isFirstUpdate;
    // What is kept is exact: where there is anything, it is all.
    const isRestoring = isFirst && restoreFrom !== undefined && isEmpty(store);
    this.#isFirstUpdate = false;
    const before = new Map(this.#groups);
    const next = new Map<string, RunningGroup>();
    const replaced: Promise<void>[] = [];
    for (const group of groups) {
      const key = groupKey(group);
      const old = before.get(key);
      before.delete(key);
      const stillRestoring = old?.isRestoring ?? isRestoring;
      const evaluator = new GroupEvaluator(group, settings, this.#world, !stillRestoring);
      if (old === undefined && store !== undefined) evaluator.restoreRecords(store.records(key));
      if (old?.evaluator.definition === evaluator.definition) {
        next.set(key, old);
        continue;
      }
      next.set(key, {
        evaluator,
        ending: new AbortController(),
        isRestoring: stillRestoring,
        hasBegun: false,
        // Of those that are shared, nobody knows who has evaluated them last.
        isOwned: old?.isOwned ?? owns === undefined,
        running: Promise.resolve(),
      });
      if (old !== undefined) replaced.push(stop(old).then(() => evaluator.copyState(old.evaluator)));
    }
    await Promise.all([...replaced, ...Array.from(before.values(), (old) => this.#retire(old))]);
    this.#groups = next;
    const { onRemoved } = settings.policy;
    this.#tellsRemoved = onRemoved === 'resolve';
    for (const { evaluator } of next.values()) this.#endLater(evaluator.takeRemoved(), evaluator.intervalMs);
    if (isFirst) this.#endLater(leftOver(store, next), settings.intervalMs);
    if (this.#closing !== undefined || !this.#isStarted) return;
    for (const group of next.values()) this.#run(group);
  }

  #run(group: RunningGroup): void {
    if (group.hasBegun) return;
    group.hasBegun = true;
    const { evaluator, ending } = group;
    const signals = { ending: ending.signal, abort: this.#abort.signal };
    const restore = group.isRestoring ? () => this.#restore(group) : undefined;
    const isOurs = (): boolean => this.#isOurs(group);
    group.running = runGroup(evaluator, this.#world.clock, signals, { restore, isOurs }).catch((error: unknown) => {
      const { file, name } = evaluator.group;
      this.#world.log.error('a group of rules is evaluated no more', { file, group: name, error });
    });
  }

  #isOurs(group: RunningGroup): boolean {
    const { key } = group.evaluator;
    const isOwned = this.#options.owns?.(key) ?? true;
    if (isOwned && !group.isOwned) this.#takeOver(group);
    group.isOwned = isOwned;
    return isOwned;
  }

  /** What is kept of a group is what its alerts are from now on: another process has evaluated it meanwhile. */
  #takeOver({ evaluator }: RunningGroup): void {
    const { store } = this.#options;
    if (store === undefined) return;
    evaluator.restoreRecords(store.records(evaluator.key));
    this.#endLater(evaluator.takeRemoved(), evaluator.intervalMs);
  }

  async #restore(group: RunningGroup): Promise<void> {
    const { restoreFrom } = this.#options;
    if (restoreFrom !== undefined) await group.evaluator.restore(restoreFrom, this.#options, this.#abort.signal);
    group.isRestoring = false;
  }

  async #retire(old: RunningGroup): Promise<void> {
    await stop(old);
    const { clock } = this.#world;
    const { evaluator } = old;
    const stoppedMs = clock.nowMs();
    if (old.isOwned) this.#endLater(evaluator.takeRemoved(true), evaluator.intervalMs);
    evaluator.abandonSeries();
    const leaving = clock
      .sleep(INTERVALS_UNTIL_END * evaluator.intervalMs, this.#abort.signal)
      .then(() => evaluator.endStaleSeries(stoppedMs, this.#abort.signal))
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** What another rule goes on with by then is not told of. */
  #endLater(removed: readonly RemovedRule[], intervalMs: number): void {
    const left = removed.filter(({ memory }) => memory.alerts.size + memory.flaps.size + memory.series.size > 0);
    if (left.length === 0) return;
    const leaving = this.#world.clock
      .sleep(INTERVALS_UNTIL_END * intervalMs, this.#abort.signal)
      .then(() => this.#end(left))
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async #end(removed: readonly RemovedRule[]): Promise<void> {
    const rules = this.groups.flatMap((group) => group.rules);
    const live = new Map(rules.map(({ place, memory }) => [placeKey(place), memory]));
    const isElsewhere = (key: string): boolean =>
      rules.some(({ alerts }) => (alerts.get(key)?.state ?? 'inactive') !== 'inactive');
    for (const rule of removed) {
      if (this.#options.owns?.(rule.place.group) === false) continue;
      const next = live.get(placeKey(rule.place));
      const { told, records } = endRemoved(rule, isElsewhere, next, this.#world.clock.nowMs());
      if (this.#tellsRemoved && told.length > 0) this.#world.notify(told);
      if (records.length > 0) await this.#world.keep?.(records);
    }
  }

  async #close(): Promise<void> {
    this.#abort.abort(new DOMException('rules are no longer evaluated', 'AbortError'));
    const running = Array.from(this.#groups.values(), stop);
    await Promise.all([...running, this.#updating, ...this.#leaving]);
  }
}

function isEmpty(store: RuleStore | undefined): boolean {
  for (const _ of store?.records() ?? []) return false;
  return true;
}

/** What is kept of groups that there are no more. */
function leftOver(store: RuleStore | undefined, groups: ReadonlyMap<string, unknown>): readonly RemovedRule[] {
  if (store === undefined) return [];
  const records: RuleRecord[] = [...store.records()].filter(({ group }) => !groups.has(group));
  return Array.from(memoriesOf(records).values(), ({ place, memory }) => ({ place, memory, generatorUrl: '' }));
}

async function stop({ ending, running }: RunningGroup): Promise<void> {
  ending.abort(new DOMException('the group has ended', 'AbortError'));
  await running;
}
