/** What a page says beside its alerts, and how long it waits for that. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { Log } from '@vigie/core/log';
import type { RangeQuery } from '@vigie/promql/evaluate/query-engine';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { ChartStore } from '../../src/context/chart-store.ts';
import { ContextCounts } from '../../src/context/context-counts.ts';
import type { LineSource } from '../../src/context/log-lines.ts';
import { type ContextSources, PageContext } from '../../src/context/page-context.ts';
import type { Alert } from '../../src/dispatch/alert.ts';
import type { LastLinesQuery } from '../../src/logs/log-source.ts';
import { alertOf, contextOptions, EXTERNAL_URL, logLine, NOW, seriesOf } from './contexts.ts';

const EXPRESSION = 'http://p.example/graph?g0.expr=rate%28errors%5B5m%5D%29+%3E+2&g0.tab=1';
const never = new AbortController().signal;

function bed(sources: Partial<ContextSources>) {
  const clock = new FakeClock(NOW);
  const counts = new ContextCounts();
  const warnings: string[] = [];
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => warnings.push(message),
    error: () => undefined,
    child: () => log,
  };
  let ids = 0;
  const charts = new ChartStore(() => (ids++).toString(16).padStart(32, '0'));
  const context = new PageContext(
    { logs: undefined, metrics: undefined, ...sources },
    { clock, counts, log, charts, externalUrl: () => EXTERNAL_URL },
  );
  const gather = (alerts: readonly Alert[], options = contextOptions(), signal = never) =>
    context.gather({ alerts, timeMs: NOW, options }, signal);
  return { clock, counts, charts, warnings, gather };
}

const podAlert = (pod: string, alertname = 'Slow', change: Partial<Alert> = {}): Alert =>
  alertOf({ alertname, namespace: 'shop', pod }, change);

function saying(lines: readonly string[], queries: LastLinesQuery[] = []): LineSource {
  return {
    lastLines: async (query) => {
      queries.push(query);
      return lines.map((line) => logLine(line));
    },
  };
}

const drawing = (series: readonly RangeSeries[], queries: RangeQuery[] = []): ContextSources['metrics'] => ({
  range: async (query) => {
    queries.push(query);
    return { result: series, warnings: [], infos: [], usage: undefined };
  },
});

describe('log lines', () => {
  it('stand at the first alert of each pod that fires, of so many pods', async () => {
    const queries: LastLinesQuery[] = [];
    const { gather, counts } = bed({ logs: saying(['boom'], queries) });
    const ended = podAlert('z', 'Slow', { endsAtMs: NOW - 1 });
    const alerts = [ended, podAlert('a'), podAlert('a', 'Down'), podAlert('b'), podAlert('c'), podAlert('d')];
    const { annotations } = await gather([...alerts, alertOf({ alertname: 'NoPod' })]);
    const quoted = alerts.map(({ fingerprint }) => annotations.get(fingerprint)?.get('vigie_log_lines'));
    expect(quoted).toEqual([undefined, '10:00:00 boom', undefined, '10:00:00 boom', '10:00:00 boom', undefined]);
    expect(queries.map(({ pod }) => pod)).toEqual(['a', 'b', 'c']);
    expect(counts.of('log_lines', 'lines')).toBe(3);
  });

  it('hold up a page for the budget and no longer, and it says why they are missing', async () => {
    const { gather, clock, counts } = bed({ logs: { lastLines: () => new Promise(() => undefined) } });
    const alert = podAlert('a');
    let gathered: ReadonlyMap<string, string> | undefined;
    const asked = gather([alert]).then(({ annotations }) => {
      gathered = annotations.get(alert.fingerprint);
    });
    await clock.advance(1999);
    expect(gathered).toBeUndefined();
    await clock.advance(1);
    await asked;
    expect(gathered?.get('vigie_log_lines')).toBe('(no log lines: nobody has answered within 2s)');
    expect(gathered?.get('vigie_silence_url')).toContain(EXTERNAL_URL);
    expect(counts.of('log_lines', 'late')).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('of a storm of pages are asked for sixteen at a time, and each page still goes in time', async () => {
    let running = 0;
    let most = 0;
    const logs: LineSource = {
      lastLines: (_query, signal) =>
        new Promise((_resolve, reject) => {
          running += 1;
          most = Math.max(most, running);
          signal.addEventListener('abort', () => {
            running -= 1;
            reject(signal.reason);
          });
        }),
    };
    const { gather, clock } = bed({ logs });
    const pages = Array.from({ length: 100 }, (_, index) =>
      gather([podAlert(`p${index}`)], contextOptions(), new AbortController().signal),
    );
    await clock.advance(2000);
    const gathered = await Promise.all(pages);
    expect(most).toBe(16);
    for (const { annotations } of gathered) {
      const [texts] = annotations.values();
      expect(texts?.get('vigie_log_lines')).toBe('(no log lines: nobody has answered within 2s)');
    }
  });

  it('end with the page', async () => {
    const { gather, clock } = bed({ logs: { lastLines: () => new Promise(() => undefined) } });
    const page = new AbortController();
    const asked = gather([podAlert('a')], contextOptions(), page.signal);
    page.abort(new Error('the flush is over'));
    await asked;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a chart', () => {
  const fires = (pod: string): Alert => podAlert(pod, 'Slow', { generatorUrl: EXPRESSION });

  it('shows the expression over the time before, with the series that fire', async () => {
    const queries: RangeQuery[] = [];
    const series = [seriesOf({ pod: 'a', namespace: 'shop' }), seriesOf({ pod: 'other' })];
    const { gather, charts } = bed({ metrics: drawing(series, queries) });
    const [alert, second] = [fires('a'), fires('b')];
    const gathered = await gather([alert, second]);
    expect(queries).toMatchObject([
      { query: 'rate(errors[5m])', startMs: NOW - 3_600_000, endMs: NOW, stepMs: 20_000 },
    ]);
    const url = `${EXTERNAL_URL}/charts/${'0'.repeat(32)}.png`;
    expect(gathered.annotations.get(alert.fingerprint)?.get('vigie_chart_url')).toBe(url);
    expect(gathered.annotations.get(second.fingerprint)?.has('vigie_chart_url')).toBe(false);
    expect(gathered.charts.get(url)).toMatchObject({
      title: 'rate(errors[5m])',
      threshold: { operator: '>', value: 2 },
      firedAtMs: NOW - 60_000,
      lines: [
        { label: '{namespace="shop", pod="a"}', isFiring: true },
        { label: '{pod="other"}', isFiring: false },
      ],
    });
    expect(charts.draw(url.slice(url.lastIndexOf('/') + 1))?.contentType).toBe('image/png');
  });

  it('is left out where the server fails or has nothing, and the page goes', async () => {
    const failing = bed({ metrics: { range: () => Promise.reject(new Error('500')) } });
    expect((await failing.gather([fires('a')])).charts.size).toBe(0);
    expect(failing.counts.of('chart', 'failed')).toBe(1);
    expect(failing.warnings).toEqual(['a page goes without its chart']);
    const empty = bed({ metrics: drawing([]) });
    expect((await empty.gather([fires('a')])).charts.size).toBe(0);
    expect(empty.counts.of('chart', 'none')).toBe(1);
  });

  it('is drawn of the first so many series', async () => {
    const series = Array.from({ length: 40 }, (_, index) => seriesOf({ pod: `p${index}` }));
    const alerts = Array.from({ length: 20 }, (_, index) => fires(`p${index}`));
    const { charts } = await bed({ metrics: drawing(series) }).gather(alerts);
    const [chart] = charts.values();
    expect(chart?.lines.filter(({ isFiring }) => isFiring)).toHaveLength(12);
    expect(chart?.lines).toHaveLength(20);
    expect(chart?.left).toBe(20);
  });
});

describe('a part that a receiver does not ask for', () => {
  it('is not there, and nobody is asked for it', async () => {
    const asked: string[] = [];
    const sources: ContextSources = {
      logs: {
        lastLines: async () => {
          asked.push('logs');
          return [];
        },
      },
      metrics: {
        range: async () => {
          asked.push('metrics');
          return { result: [], warnings: [], infos: [], usage: undefined };
        },
      },
    };
    const annotations = LabelSet.of({ runbook_url: 'https://wiki.example/' });
    const alert = podAlert('a', 'Slow', { generatorUrl: EXPRESSION, annotations });
    const { gather } = bed(sources);
    const links = await gather([alert], contextOptions({ parts: new Set(['links']) }));
    expect([...(links.annotations.get(alert.fingerprint)?.keys() ?? [])]).toEqual([
      'vigie_runbook_url',
      'vigie_silence_url',
    ]);
    expect(asked).toEqual([]);
    await gather([alert], contextOptions({ parts: new Set(['log_lines', 'chart']) }));
    expect(asked).toEqual(['logs', 'metrics']);
  });
});
