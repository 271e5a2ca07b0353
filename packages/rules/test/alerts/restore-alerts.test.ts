import { describe, expect, it } from 'vitest';
import { advanceAlerts } from '../../src/alerts/alert.ts';
import { findAlerts } from '../../src/alerts/find-alerts.ts';
import { restoreAlerts, restoredActiveAtMs } from '../../src/alerts/restore-alerts.ts';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';
import { DEFAULT_RESTORE } from '../../src/rule-runner.ts';
import { never, SETTINGS, TestWorld } from '../world.ts';

const MINUTE_MS = 60_000;

describe('since when an alert counts as active after a restart', () => {
  const HOLD_MS = 30 * MINUTE_MS;
  const restored = (activeMinute: number, downMinute: number, nowMinute: number): number =>
    restoredActiveAtMs(
      { timestampMs: downMinute * MINUTE_MS, activeAtSeconds: activeMinute * 60 },
      HOLD_MS,
      nowMinute * MINUTE_MS,
      10 * MINUTE_MS,
    ) / MINUTE_MS;

  it.each([
    ['as it was, where it was firing', 0, 30, 40, 0],
    ['so that it fires after the grace time, where less was left', 0, 25, 40, 40 + 10 - 30],
    ['as it was, without the time that the server was down', 0, 10, 40, 30],
    ['as it was, where exactly the grace time was left', 0, 20, 30, 10],
  ])('%s', (_, active, down, now, expected) => {
    expect(restored(active, down, now)).toBe(expected);
  });
});

describe('restoring alerts', () => {
  const [group] = parseRuleFile(
    `groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
        for: 30m
        labels: { severity: page, who: "{{ $labels.job }}" }
`,
    'f',
  );
  const rule = group?.rules[0];
  if (rule?.kind !== 'alerting') throw new Error('no alerting rule');
  const NOW_MINUTE = 50;

  async function restoredMinutes(storedBefore: (world: TestWorld) => void): Promise<readonly number[]> {
    const world = new TestWorld();
    world.load('up{job="a"} 0', NOW_MINUTE * MINUTE_MS);
    world.load('up{job="b"} 0', NOW_MINUTE * MINUTE_MS);
    storedBefore(world);
    const nowMs = NOW_MINUTE * MINUTE_MS;
    const { query } = world.world;
    const vector = await query(rule!.query, nowMs, never);
    const context = { ...SETTINGS, query };
    if (rule?.kind !== 'alerting') return [];
    const found = await findAlerts(rule, vector, nowMs, context, never);
    const { alerts } = advanceAlerts(new Map(), found, nowMs, rule);
    const restored = await restoreAlerts(rule, alerts, world.storage, nowMs, DEFAULT_RESTORE, never);
    return [...restored.values()].map(({ activeAtMs }) => activeAtMs / MINUTE_MS);
  }

  const stored = 'ALERTS_FOR_STATE{alertname="Down", job="a", severity="page", who="a"}';

  it('finds each by its labels, labels by templates included', async () => {
    expect(await restoredMinutes((world) => world.load(`${stored} 600x9`, 10 * MINUTE_MS))).toEqual([
      10 + (NOW_MINUTE - 19),
      NOW_MINUTE,
    ]);
  });

  it('leaves those that had ended', async () => {
    expect(await restoredMinutes((world) => world.load(`${stored} 600x8 stale`, 10 * MINUTE_MS))).toEqual([
      NOW_MINUTE,
      NOW_MINUTE,
    ]);
  });

  it('leaves those of other rules with the same name', async () => {
    const other = stored.replace('page', 'info');
    expect(await restoredMinutes((world) => world.load(`${other} 600x9`, 10 * MINUTE_MS))).toEqual([
      NOW_MINUTE,
      NOW_MINUTE,
    ]);
  });

  it('leaves what was active longer ago than an outage is tolerated', async () => {
    expect(await restoredMinutes((world) => world.load(`${stored} 0`, -11 * MINUTE_MS))).toEqual([
      NOW_MINUTE,
      NOW_MINUTE,
    ]);
  });
});
