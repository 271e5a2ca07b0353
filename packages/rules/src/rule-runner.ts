/** Runs groups of rules: each at its own times, over reloads, until it is closed. Source: Prometheus, rules/manager.go. */
import { setMaxListeners } from 'node:events';
import { compareText } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import type { RestoreTiming } from './alerts/restore-alerts.ts';
import { GroupEvaluator, type RuleSettings, type RuleWorld } from './group/group-evaluator.ts';
import { runGroup } from './group/run-group.ts';
import type { RuleGroup } from './rule.ts';

export interface RuleRunnerOptions extends RestoreTiming {
  /** Where the state of alerts before a restart is found; undefined: nowhere. */
  readonly restoreFrom: Querier | undefined;
}

/** Prometheus' own. */
export const DEFAULT_RESTORE: RestoreTiming = { outageToleranceMs: 3_600_000, forGraceMs: 600_000 };
export const DEFAULT_RESEND_DELAY_MS = 60_000;
export const DEFAULT_INTERVAL_MS = 60_000;

/** Intervals until the series of a group that is no more end: a group of another name may go on writing them by then. */
const INTERVALS_UNTIL_END = 2;

interface RunningGroup {
  readonly evaluator: GroupEvaluator;
  readonly ending: AbortController;
  /** Whether the state of alerts is still to be read. */
  isRestoring: boolean;
  hasBegun: boolean;
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
  #updating: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(world: RuleWorld, options: RuleRunnerOptions) {
    this.#world = world;
    this.#options = options;
    // As many as there are groups wait for it, and Node takes more than ten for a leak.
    setMaxListeners(0, this.#abort.signal);
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

  /** Queries under way are aborted. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #update(groups: readonly RuleGroup[], settings: RuleSettings): Promise<void> {
    if (this.#closing !== undefined) return;
    const isRestoring = this.#isFirstUpdate && this.#options.restoreFrom !== undefined;
    this.#isFirstUpdate = false;
    const before = new Map(this.#groups);
    const next = new Map<string, RunningGroup>();
    const replaced: Promise<void>[] = [];
    for (const group of groups) {
      const key = `${group.file};${group.name}`;
      const old = before.get(key);
      before.delete(key);
      const stillRestoring = old?.isRestoring ?? isRestoring;
      const evaluator = new GroupEvaluator(group, settings, this.#world, !stillRestoring);
      if (old?.evaluator.definition === evaluator.definition) {
        next.set(key, old);
        continue;
      }
      next.set(key, {
        evaluator,
        ending: new AbortController(),
        isRestoring: stillRestoring,
        hasBegun: false,
        running: Promise.resolve(),
      });
      if (old !== undefined) replaced.push(stop(old).then(() => evaluator.copyState(old.evaluator)));
    }
    await Promise.all([...replaced, ...Array.from(before.values(), (old) => this.#retire(old))]);
    this.#groups = next;
    if (this.#closing !== undefined || !this.#isStarted) return;
    for (const group of next.values()) this.#run(group);
  }

  #run(group: RunningGroup): void {
    if (group.hasBegun) return;
    group.hasBegun = true;
    const { evaluator, ending } = group;
    const signals = { ending: ending.signal, abort: this.#abort.signal };
    const restore = group.isRestoring ? () => this.#restore(group) : undefined;
    group.running = runGroup(evaluator, this.#world.clock, signals, restore).catch((error: unknown) => {
      const { file, name } = evaluator.group;
      this.#world.log.error('a group of rules is evaluated no more', { file, group: name, error });
    });
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
    evaluator.abandonSeries();
    const leaving = clock
      .sleep(INTERVALS_UNTIL_END * evaluator.intervalMs, this.#abort.signal)
      .then(() => evaluator.endStaleSeries(stoppedMs, this.#abort.signal))
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async #close(): Promise<void> {
    this.#abort.abort(new DOMException('rules are no longer evaluated', 'AbortError'));
    const running = Array.from(this.#groups.values(), stop);
    await Promise.all([...running, this.#updating, ...this.#leaving]);
  }
}

async function stop({ ending, running }: RunningGroup): Promise<void> {
  ending.abort(new DOMException('the group has ended', 'AbortError'));
  await running;
}
