/** Rules on logs over the past: what they would have found, and what that costs the log store. */
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { describe, expect, it } from 'vitest';
import { type BacktestRequest, backtest } from '../../src/backtest/backtest.ts';
import { parseLogRuleFile } from '../../src/logs/file/parse-log-rule-file.ts';
import type { LogSource, Steps } from '../../src/logs/log-source.ts';
import type { InputLine } from '../../src/scenario/input-lines.ts';
import { ScenarioLogs } from '../../src/scenario/scenario-logs.ts';
import { toldBy } from './told-by.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A multiple of every step. */
const START = Date.UTC(2026, 10, 30);
const { signal } = new AbortController();

const lineAt = (seconds: number, fields: Readonly<Record<string, string>> = {}): InputLine => ({
  timeMs: START + seconds * SECOND,
  // Late or not: by now it is there.
  arrivesMs: START + seconds * SECOND,
  message: 'panic: no memory',
  labels: LabelSet.of({ namespace: 'shop', container: 'web', ...fields }),
});
const everyTen = (from: number, count: number): readonly InputLine[] =>
  Array.from({ length: count }, (_, index) => lineAt(from + 10 * index));

interface Past {
  readonly lines?: readonly InputLine[];
  /** What it answers in place of that. */
  readonly source?: Partial<LogSource>;
  /** Throws where it does not answer. */
  readonly onAsk?: (steps: Steps) => void;
}

async function backtested(rules: string, { lines = [], source, onAsk }: Past, request: Partial<BacktestRequest> = {}) {
  const logs = new ScenarioLogs('loki', lines, () => Number.POSITIVE_INFINITY);
  const asked: Steps[] = [];
  const past: LogSource = {
    lastLines: (query) => logs.lastLines(query),
    newestLine: () => Promise.reject(new Error('no line is shown')),
    evaluate: (expression, steps, stop) => logs.evaluate(expression, steps, stop),
    counts: async (query) => {
      const { fromMs, toMs, stepMs } = query;
      asked.push({ fromMs: fromMs - START, toMs: toMs - START, stepMs });
      onAsk?.(query);
      return logs.counts(query);
    },
    ...source,
  };
  const progress: string[] = [];
  const result = await backtest(
    {
      groups: parseLogRuleFile(rules, 'logs.yml', { intervalMs: MINUTE }),
      told: undefined,
      policy: DEFAULT_POLICY,
      resendDelayMs: MINUTE,
      startMs: START,
      endMs: START + HOUR,
      intervalMs: MINUTE,
      externalLabels: LabelSet.empty,
      ...request,
    },
    {
      ask: () => Promise.reject(new Error('nothing asks for metrics')),
      logs: { source: past, queryDelayMs: 10 * SECOND },
      onProgress: (done, total) => progress.push(`${done}/${total}`),
      onTold: () => undefined,
    },
    signal,
  );
  return { ...result, asked, progress };
}

const group = (...rules: readonly string[]): string =>
  `groups:\n  - name: g\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join('')}`;
const RATE = '{ alert: Rate, rate: { query: { namespace: shop }, by: [container], range: 5m, above: 20 } }';
const PATTERN =
  '{ alert: Panic, pattern: { query: { message: { contains: "panic:" } }, by: [container], range: 5m }, annotations: { line: "{{ $line }}" } }';

describe('a backtest of rules on logs', () => {
  it('finds what they would have found, at the times at which they would have', async () => {
    const { rules } = await backtested(group(RATE, PATTERN), { lines: everyTen(60, 60) });
    // As the scenario of the reference has it: from 5m to 13m. The last line is of 10m50s, found at 11m, and fires for 5 minutes.
    expect(rules).toMatchObject([
      { alert: 'Rate', alerts: 1, fired: 1, firingMs: 8 * MINUTE, error: undefined },
      { alert: 'Panic', alerts: 1, fired: 1, firingMs: 15 * MINUTE, error: undefined },
    ]);
  });

  it('has `for`, groups with an interval and an offset of their own, and whom they would have told', async () => {
    const rules = `groups:
  - name: g
    interval: 2m
    query_offset: 1m
    rules:
      - alert: Rate
        for: 4m
        labels: { team: '{{ $labels.container }}' }
        rate: { query: { namespace: shop }, by: [container], range: 5m, above: 20 }
`;
    const told = await toldBy(
      `route: { receiver: office, group_wait: 30s, routes: [{ receiver: web, matchers: [team="web"] }] }
receivers: [{ name: office }, { name: web, webhook_configs: [{ url: 'http://x/' }] }]
`,
    );
    const { rules: tested, receivers } = await backtested(rules, { lines: everyTen(60, 60) }, { told });
    // Windows end 70 s before: found from 6m, fires from 10m to 14m.
    expect(tested).toMatchObject([{ fired: 1, firingMs: 4 * MINUTE, pages: 1 }]);
    expect(receivers).toEqual([
      { receiver: 'web', pages: 1, firstMs: START + 10 * MINUTE + 30_000, lastMs: START + 10 * MINUTE + 30_000 },
    ]);
  });

  it('misses what stays away, and learns from what was before', async () => {
    const absence = '{ alert: Silent, absence: { query: { container: web }, range: 10m } }';
    const term = '{ alert: New, new_term: { query: { namespace: shop }, field: code, learn: 1d, range: 15m } }';
    const lines = [
      lineAt(-3600, { code: 'E1' }),
      ...Array.from({ length: 20 }, (_, minute) => lineAt(minute * 60, { code: 'E1' })),
      lineAt(30 * 60 + 5, { code: 'E2' }),
    ];
    const { rules } = await backtested(group(absence, term), { lines });
    // From 30m until the line of 30m05s is found, and from 41m on.
    expect(rules).toMatchObject([
      { alert: 'Silent', fired: 2, firingMs: MINUTE + 19 * MINUTE },
      { alert: 'New', alerts: 1, fired: 1, firingMs: 15 * MINUTE },
    ]);
  });

  it('does not know at a time what was written later, however long the steps are that it learns from', async () => {
    const term = '{ alert: New, new_term: { query: { namespace: shop }, field: code, learn: 7d, range: 15m } }';
    const startMs = START + 10 * HOUR + 34 * MINUTE + 20 * SECOND;
    const since = (seconds: number, code: string): InputLine => lineAt(10 * 3600 + 34 * 60 + 20 + seconds, { code });
    const known = [-3 * 86_400, -9 * 3600, -2 * 3600, -1200, -120, -40, -20].map((at) => since(at, `E${at}`));
    const lines = [...known, ...known.map(({ labels }, at) => since(600 + at, labels.get('code'))), since(605, 'N')];
    const sorted = lines.toSorted((a, b) => a.timeMs - b.timeMs);
    const { rules, asked } = await backtested(group(term), { lines: sorted }, { startMs, endMs: startMs + HOUR });
    expect(rules).toMatchObject([{ alert: 'New', alerts: 1, fired: 1, firingMs: 15 * MINUTE }]);
    expect(asked.length).toBeLessThan(20);
  });

  it('asks a store that has a week of lines some dozens of times, and tells of its progress', async () => {
    const { rules, asked, progress } = await backtested(
      group(RATE),
      { lines: everyTen(0, 60_000) },
      { endMs: START + 7 * DAY },
    );
    expect(rules).toMatchObject([{ fired: 1 }]);
    expect(asked.length).toBeLessThan(35);
    expect(asked.every(({ fromMs }, index) => index === 0 || fromMs === asked[index - 1]?.toMs)).toBe(true);
    expect(progress).toEqual(Array.from({ length: 9 }, (_, done) => `${done}/8`));
  });

  it('asks for less at once of a store that has too much', async () => {
    const onAsk = ({ fromMs, toMs }: Steps): void => {
      if (toMs - fromMs > HOUR) throw new VigieError('LOGS_TOO_MANY', 'there are too many');
    };
    const { rules, asked } = await backtested(group(RATE), { lines: everyTen(60, 60), onAsk }, { endMs: START + DAY });
    expect(rules).toMatchObject([{ fired: 1, firingMs: 8 * MINUTE, error: undefined }]);
    expect(asked.length).toBeLessThan(50);
  });

  it('goes on with the others where a rule cannot be asked', async () => {
    const onAsk = ({ stepMs }: Steps): void => {
      if (stepMs === 30_000) throw new VigieError('LOGS_REFUSED', 'the store says no');
    };
    const long = RATE.replace('alert: Rate', 'alert: Long').replace('5m', '1h');
    const { rules, progress, asked } = await backtested(group(long, RATE), { lines: everyTen(60, 60), onAsk });
    expect(rules).toMatchObject([
      { alert: 'Long', error: 'the store says no' },
      { alert: 'Rate', fired: 1, error: undefined },
    ]);
    expect(progress.at(-1)).toBe('2/2');
    expect(asked.length).toBeLessThan(15);
  });

  it('has metric queries of LogQL at the times of the evaluations', async () => {
    const ranges: Steps[] = [];
    const evaluate: LogSource['evaluate'] = async (_expression, steps) => {
      ranges.push(steps);
      return [20, 21, 22, 40].map((minute) => ({
        labels: LabelSet.of({ container: 'web' }),
        timestampMs: START + minute * MINUTE,
        value: minute,
      }));
    };
    const expr = `{ alert: Logql, expr: 'sum by (container) (rate({namespace="shop"}[5m])) > 1', for: 1m }`;
    const { rules } = await backtested(group(expr), { source: { evaluate } });
    expect(rules).toMatchObject([{ alert: 'Logql', fired: 1, firingMs: 2 * MINUTE }]);
    expect(ranges).toEqual([{ fromMs: START - MINUTE, toMs: START + HOUR, stepMs: MINUTE }]);
  });
});
