/** Rules that are killed between any two evaluations, with a write under way, against rules that never stop: they know and tell the same. */

import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import type { Alert } from '@vigie/rules/alerts/alert';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { parseRuleFile } from '@vigie/rules/file/parse-rule-file';
import { engineQuery } from '@vigie/rules/query';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESTORE, RuleRunner } from '@vigie/rules/rule-runner';
import { describe, expect, it } from 'vitest';
import { RuleStateLog } from '../../src/rules/rule-state-log.ts';
import { MemoryFs } from '../state/memory-fs.ts';

const SECOND = 1000;
const INTERVAL_MS = 15 * SECOND;
const FOLDER = '/data/alerting-rules';
const START_MS = 1_800_000_000_000;

const RULES = `groups:
  - name: g
    interval: 15s
    rules:
      - { alert: AtOnce, expr: a > 5 }
      - { alert: Short, expr: a > 5, for: 30s, keep_firing_for: 45s, annotations: { v: '{{ $value }}' } }
      - { alert: Long, expr: a > 3, for: 2m }
      - { alert: Kept, expr: a > 5, annotations: { vigie_no_data: keep } }
      - { alert: Lost, expr: a > 5, for: 30s, annotations: { vigie_no_data: alert } }
      - { alert: Strict, expr: a > 5, annotations: { vigie_no_data: error } }
      - { alert: Hysteresis, expr: a > 6, annotations: { vigie_clear_expr: a < 3 } }
      - { alert: Flapping, expr: a > 5, annotations: { vigie_flap: 3 in 3m } }
`;

const log = createLog('error', { write: () => undefined });

/** Rules over one storage, which may be away, and a disk of their own. */
class Replica {
  readonly told: string[] = [];
  readonly #clock: FakeClock;
  readonly #storage: MemoryStorage;
  readonly #isAway: () => boolean;
  #fs = new MemoryFs();
  #store: RuleStateLog | undefined;
  #runner: RuleRunner | undefined;

  constructor(clock: FakeClock, storage: MemoryStorage, isAway: () => boolean) {
    this.#clock = clock;
    this.#storage = storage;
    this.#isAway = isAway;
  }

  async start(): Promise<void> {
    const store = new RuleStateLog(FOLDER, { clock: this.#clock, log, fs: this.#fs });
    await store.start();
    const query = engineQuery(new Engine(), this.#storage);
    const runner = new RuleRunner(
      {
        query: async (...asked) => {
          if (this.#isAway()) throw new Error('away');
          return query(...asked);
        },
        append: async (samples) => samples.map(() => undefined),
        notify: (alerts) => this.told.push(...alerts.map(words)),
        clock: this.#clock,
        log,
      },
      { ...DEFAULT_RESTORE, restoreFrom: undefined, store },
    );
    const settings = {
      intervalMs: INTERVAL_MS,
      queryOffsetMs: 0,
      resendDelayMs: 60 * SECOND,
      externalLabels: new Map(),
      externalUrl: '',
      policy: { ...DEFAULT_POLICY, noDataForMs: 150 * SECOND },
    };
    await runner.update(parseRuleFile(RULES, 'f.yml'), settings);
    runner.start();
    this.#store = store;
    this.#runner = runner;
  }

  /** @param surviving of a write under way, the part that has reached the disk */
  async kill(surviving: number): Promise<void> {
    this.#fs = new MemoryFs(this.#fs.contents(surviving));
    await this.close();
    await this.start();
  }

  async close(): Promise<void> {
    await this.#runner?.close();
    await this.#store?.close();
  }

  /** What is known of each alert, flap and series, by rule.
   *  @param withValues of alerts that the last evaluation has found */
  known(withValues: boolean): unknown {
    return this.#runner?.groups.flatMap(({ rules }) =>
      rules.map(({ rule, memory }) => [
        rule.name,
        Array.from(memory.alerts.values(), (alert) => shown(alert, withValues)).sort(),
        Array.from(memory.flaps.values(), sorted).sort(),
        Array.from(memory.series.values(), sorted).sort(),
      ]),
    );
  }
}

/** Annotations are of the last change, where an evaluation has not found the alert since. */
function words({ labels, annotations, startsAtMs, endsAtMs, isResolved, resolveReason }: AlertNotification): string {
  return JSON.stringify([labels, annotations.get('vigie_flapping'), startsAtMs, endsAtMs, isResolved, resolveReason]);
}

/** Value and its template are of the last change of an alert that is no longer found. */
function shown({ value, annotations, ...alert }: Alert, withValues: boolean): string {
  const { state, held, keepFiringSinceMs } = alert;
  const isKept = held !== undefined || keepFiringSinceMs !== undefined || annotations.has('vigie_no_data_since');
  const isFound = state !== 'inactive' && !isKept;
  return sorted(withValues && isFound ? { ...alert, value: String(value), annotations } : alert);
}

function sorted(value: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
}

async function torture(seed: number, evaluations: number): Promise<number> {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage();
  let isAway = false;
  const [steady, killed] = [0, 1].map(() => new Replica(clock, storage, () => isAway)) as [Replica, Replica];
  await Promise.all([steady.start(), killed.start()]);
  let kills = 0;
  for (let evaluation = 0; evaluation < evaluations; evaluation++) {
    for (const x of ['1', '2', '3']) {
      const what = below(10);
      // It stays as it is for a while, or goes.
      const value: number | 'stale' | undefined = what === 0 ? 'stale' : what < 5 ? below(10) : undefined;
      if (value === undefined && evaluation > 0) continue;
      const samples = [{ timestampMs: clock.nowMs(), value: value ?? 1, startTimestampMs: 0 }];
      storage.append(LabelSet.of({ __name__: 'a', x }), samples);
    }
    isAway = below(12) === 0;
    await clock.advance(INTERVAL_MS);
    // What is not evaluated is as it was kept.
    const [got, expected] = [killed, steady].map((replica) => replica.known(!isAway));
    expect({ seed, evaluation, known: got }).toEqual({ seed, evaluation, known: expected });
    expect(killed.told.splice(0)).toEqual(steady.told.splice(0));
    if (below(3) === 0) {
      kills += 1;
      await killed.kill(random());
      expect({ seed, evaluation, known: killed.known(false) }).toEqual({
        seed,
        evaluation,
        known: steady.known(false),
      });
    }
  }
  await Promise.all([steady.close(), killed.close()]);
  return kills;
}

describe('rules that are killed between evaluations', () => {
  it.each([1, 2, 3, 4])('go on as if they had never stopped, seed %d', async (seed) => {
    expect(await torture(seed, 90)).toBeGreaterThan(15);
  });
});
