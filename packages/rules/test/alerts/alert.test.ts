import { LabelSet } from '@vigie/promql/labels/label-set';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alerts, advanceAlerts, type FoundAlert, RESOLVED_RETENTION_MS } from '../../src/alerts/alert.ts';
import { takeDueAlerts } from '../../src/alerts/due-alerts.ts';

const MINUTE_MS = 60_000;

function found(...names: readonly string[]): ReadonlyMap<string, FoundAlert> {
  return new Map(
    names.map((name) => {
      const labels = LabelSet.of({ alertname: 'A', name });
      return [labels.key, { labels, source: labels, annotations: LabelSet.empty, value: 1 }];
    }),
  );
}

const shown = (alerts: Alerts) => [...alerts.values()].map(({ labels, state }) => `${labels.get('name')} ${state}`);

/** States after each evaluation, a minute apart; `x` where the rule finds the alert, `.` where it does not. */
function timeline(seen: string, timing: { readonly holdMs: number; readonly keepFiringMs: number }): readonly string[] {
  let alerts: Alerts = new Map();
  return [...seen].map((one, minute) => {
    ({ alerts } = advanceAlerts(alerts, one === 'x' ? found('a') : found(), minute * MINUTE_MS, timing));
    return [...alerts.values()][0]?.state ?? '-';
  });
}

describe('alerts', () => {
  it.each([
    ['fire at once without `for`', 'x.', 0, 0, ['firing', 'inactive']],
    ['are pending until `for` has passed', 'xxxx', 2, 0, ['pending', 'pending', 'firing', 'firing']],
    ['are forgotten when they end while pending', 'x.xx', 2, 0, ['pending', '-', 'pending', 'pending']],
    [
      'go on firing for `keep_firing_for`, counted from when they were not found',
      'x...x',
      0,
      2,
      ['firing', 'firing', 'firing', 'inactive', 'firing'],
    ],
    [
      'begin to count again when they are found meanwhile',
      'x.x..',
      0,
      2,
      ['firing', 'firing', 'firing', 'firing', 'firing'],
    ],
    ['are not kept while they are pending', 'x.', 2, 2, ['pending', '-']],
    ['begin anew after they are resolved', 'xxx.x', 2, 0, ['pending', 'pending', 'firing', 'inactive', 'pending']],
  ])('%s', (_, seen, holdMinutes, keepMinutes, expected) => {
    const timing = { holdMs: holdMinutes * MINUTE_MS, keepFiringMs: keepMinutes * MINUTE_MS };
    expect(timeline(seen, timing)).toEqual(expected);
  });

  it('are remembered for 15 minutes after they are resolved', () => {
    const timing = { holdMs: 0, keepFiringMs: 0 };
    const { alerts: firing } = advanceAlerts(new Map(), found('a'), 0, timing);
    const { alerts: resolved } = advanceAlerts(firing, found(), MINUTE_MS, timing);
    const last = MINUTE_MS + RESOLVED_RETENTION_MS;
    expect(shown(advanceAlerts(resolved, found(), last, timing).alerts)).toEqual(['a inactive']);
    expect(shown(advanceAlerts(resolved, found(), last + 1, timing).alerts)).toEqual([]);
  });

  it('that fire are pending again when `for` becomes longer', () => {
    const { alerts: firing } = advanceAlerts(new Map(), found('a'), 0, { holdMs: 0, keepFiringMs: 0 });
    const { alerts: sent } = takeDueAlerts(firing, 0, { resendDelayMs: MINUTE_MS, intervalMs: MINUTE_MS });
    const { alerts } = advanceAlerts(sent, found('a'), MINUTE_MS, { holdMs: 5 * MINUTE_MS, keepFiringMs: 0 });
    expect([...alerts.values()]).toMatchObject([
      { state: 'pending', activeAtMs: 0, firedAtMs: undefined, lastSentAtMs: undefined },
    ]);
  });

  it('take value and annotations of the last evaluation, and keep since when they are active', () => {
    const labels = LabelSet.of({ alertname: 'A' });
    const at = (value: number) =>
      new Map([[labels.key, { labels, source: labels, value, annotations: LabelSet.of({ value: String(value) }) }]]);
    const timing = { holdMs: 5 * MINUTE_MS, keepFiringMs: 0 };
    const { alerts: before } = advanceAlerts(new Map(), at(1), 0, timing);
    const { active } = advanceAlerts(before, at(2), MINUTE_MS, timing);
    expect(active).toMatchObject([{ value: 2, activeAtMs: 0 }]);
    expect(active[0]?.annotations.toJSON()).toEqual({ value: '2' });
  });
});

describe('alerts due to be sent', () => {
  const timing = { resendDelayMs: 2 * MINUTE_MS, intervalMs: MINUTE_MS };
  const sent = (seen: string, holdMs = 0): readonly string[] => {
    let alerts: Alerts = new Map();
    return [...seen].map((one, minute) => {
      const atMs = minute * MINUTE_MS;
      const advanced = advanceAlerts(alerts, one === 'x' ? found('a') : found(), atMs, { holdMs, keepFiringMs: 0 });
      const taken = takeDueAlerts(advanced.alerts, atMs, timing);
      ({ alerts } = taken);
      return taken.due.map(({ state, validUntilMs = 0 }) => `${state} ${validUntilMs / MINUTE_MS - minute}`).join();
    });
  };

  it('are those that fire, again after more than the delay, and those resolved at once', () => {
    expect(sent('xxxxx..')).toEqual(['firing 8', '', '', 'firing 8', '', 'inactive 8', '']);
  });

  it('are none that are pending', () => {
    expect(sent('xx.', 5 * MINUTE_MS)).toEqual(['', '', '']);
  });
});

/** Of one alert, from all that was seen of it: told again from the beginning at each evaluation. */
function naive(
  history: readonly {
    readonly minute: number;
    readonly isFound: boolean;
    readonly hold: number;
    readonly keep: number;
  }[],
) {
  let episode: { from: number; firing: number | undefined; missingSince: number | undefined } | undefined;
  let resolved: number | undefined;
  for (const { minute, isFound, hold, keep } of history) {
    if (isFound) {
      resolved = undefined;
      episode ??= { from: minute, firing: undefined, missingSince: undefined };
      episode.missingSince = undefined;
    } else if (episode !== undefined) {
      episode.missingSince ??= minute;
      const isKept = episode.firing !== undefined && minute - episode.missingSince < keep;
      if (!isKept) {
        if (episode.firing !== undefined) resolved = minute;
        episode = undefined;
      }
    }
    if (resolved !== undefined && minute - resolved > 15) resolved = undefined;
    if (episode === undefined) continue;
    if (minute - episode.from < hold) {
      if (episode.firing !== undefined) episode.missingSince = undefined;
      episode.firing = undefined;
    } else episode.firing ??= minute;
  }
  if (episode !== undefined)
    return episode.firing === undefined ? `pending ${episode.from}` : `firing ${episode.from} ${episode.firing}`;
  return resolved === undefined ? '-' : `inactive ${resolved}`;
}

describe('the state machine', () => {
  const minutes = fc.integer({ min: 0, max: 6 });
  const step = fc.record({
    wait: fc.constantFrom(1, 1, 1, 1, 2, 16),
    found: fc.subarray(['a', 'b', 'c']),
    /** A reload. */
    timing: fc.option(fc.record({ hold: minutes, keep: minutes }), { freq: 5, nil: undefined }),
  });

  it('is, for each alert, what its history alone says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let alerts: Alerts = new Map();
        let timing = { hold: 2, keep: 1 };
        let minute = 0;
        const histories = new Map(['a', 'b', 'c'].map((name) => [name, [] as Parameters<typeof naive>[0][number][]]));
        for (const { wait, found: names, timing: reloaded } of steps) {
          minute += wait;
          timing = reloaded ?? timing;
          const { hold, keep } = timing;
          const advanced = advanceAlerts(alerts, found(...names), minute * MINUTE_MS, {
            holdMs: hold * MINUTE_MS,
            keepFiringMs: keep * MINUTE_MS,
          });
          ({ alerts } = advanced);
          for (const [name, history] of histories) {
            history.push({ minute, isFound: names.includes(name), hold, keep });
            const alert = alerts.get([...found(name).keys()][0] ?? '');
            expect(describeAlert(alert)).toBe(naive(history));
          }
          expect(advanced.active).toEqual([...alerts.values()].filter(({ state }) => state !== 'inactive'));
        }
      }),
      { seed: 20_261_129, numRuns: 500 },
    );
  });
});

function describeAlert(alert: ReturnType<Alerts['get']>): string {
  if (alert === undefined) return '-';
  const { state, activeAtMs, firedAtMs = 0, resolvedAtMs = 0 } = alert;
  if (state === 'inactive') return `inactive ${resolvedAtMs / MINUTE_MS}`;
  return state === 'pending'
    ? `pending ${activeAtMs / MINUTE_MS}`
    : `firing ${activeAtMs / MINUTE_MS} ${firedAtMs / MINUTE_MS}`;
}
