/** `vigie alert backtest` of rules on logs, against a server that answers as Loki does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BacktestCommand, backtestRules } from '../../packages/cli/src/alerts/run-backtest.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 29, 10);

function yamlOf(page: string): readonly string[] {
  const text = readFileSync(new URL(`../../docs/reference/${page}`, import.meta.url), 'utf8');
  return Array.from(text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, yaml = '']) => yaml);
}
const [, ALERTMANAGER = ''] = yamlOf('scenarios.md');
const [ALERTING = '', LOG_RULES = ''] = yamlOf('backtest.md');
const reference = readFileSync(new URL('../../docs/reference/backtest.md', import.meta.url), 'utf8');

interface Line {
  readonly timeMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly isPanic: boolean;
}

/** Two spells of errors, ten minutes each, and a panic. */
const LINES: readonly Line[] = [
  ...[41, 91].flatMap((minute) =>
    Array.from({ length: 60 }, (_, index) => ({
      timeMs: NOW - 120 * MINUTE + minute * MINUTE + index * 10 * SECOND,
      labels: { namespace: 'shop', container: 'web' },
      isPanic: false,
    })),
  ),
  {
    timeMs: NOW - 120 * MINUTE + 80 * MINUTE + 30 * SECOND,
    labels: { namespace: 'shop', pod: 'web-1' },
    isPanic: true,
  },
];

/** Of `sum by (…) (count_over_time(… [step]))` over a range. */
function matrixOf(form: URLSearchParams): object {
  const query = form.get('query') ?? '';
  const names = /^sum by \(([^)]*)\)/.exec(query)?.[1]?.split(', ') ?? [];
  const lines = LINES.filter(({ isPanic }) => isPanic === query.includes('panic:'));
  const [startMs = 0, endMs = 0] = ['start', 'end'].map((name) => Number(form.get(name)) / 1e6);
  const stepMs = Number(form.get('step')) * SECOND;
  const groups = new Map(
    lines.map(({ labels }) => {
      const metric = Object.fromEntries(names.map((name) => [name, labels[name] ?? '']));
      return [JSON.stringify(metric), metric] as const;
    }),
  );
  const result = Array.from(groups.values(), (metric) => {
    const values: [number, string][] = [];
    for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
      const count = lines.filter((line) => line.timeMs > timeMs - stepMs && line.timeMs <= timeMs).length;
      if (count > 0) values.push([timeMs / SECOND, String(count)]);
    }
    return { metric, values };
  });
  return { status: 'success', data: { resultType: 'matrix', result } };
}

async function loki(answer: (form: URLSearchParams) => object | number = matrixOf) {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const form = new URLSearchParams(body);
      asked.push(form);
      const answered = request.url === '/loki/api/v1/query_range' ? answer(form) : 404;
      if (typeof answered === 'number') response.writeHead(answered).end('nothing of the kind');
      else response.end(JSON.stringify(answered));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, asked };
}

/** @param config alerting.yaml, beside shop-logs.yml and alertmanager.yml */
async function backtested(config: string, command: Partial<BacktestCommand> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'vigie-log-backtest-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const [name, text] of [
    ['alerting.yaml', config],
    ['shop-logs.yml', LOG_RULES],
    ['alertmanager.yml', ALERTMANAGER],
  ] as const)
    writeFileSync(join(home, name), text);
  const terminal = new CapturedTerminal();
  Object.assign(terminal.stderr, { isTTY: true });
  const code = await backtestRules(
    {
      ...{ files: [], logRules: [join(home, 'shop-logs.yml')], config: join(home, 'alerting.yaml') },
      ...{ alertmanager: undefined, sinceMs: 120 * MINUTE, untilMs: NOW, intervalMs: undefined },
      ...{ dataDir: undefined, externalLabels: [], output: 'text', ...command },
    },
    // Nobody listens there: rules on logs do not ask for metrics.
    { server: { url: 'http://127.0.0.1:1' }, version: '1.2.3' },
    terminal,
    new AbortController().signal,
  );
  return { code, out: terminal.out, err: terminal.err };
}

const at = (url: string): string => ALERTING.replace(/http:\/\/[^']*/, url);

describe('vigie alert backtest of rules on logs', () => {
  it('answers as the reference shows, with a request for each rule, and tells of its progress', async () => {
    const [, table = ''] = /^\$ vigie alert backtest --log-rules .*\n([\s\S]*?)^```$/m.exec(reference) ?? [];
    const { url, asked } = await loki();
    const { code, out, err } = await backtested(at(url));
    expect({ code, out }).toEqual({ code: 0, out: table });
    expect(asked.map((form) => form.get('query'))).toEqual([
      'sum by (namespace, container) (count_over_time({namespace="shop"} | (level="error" or level="fatal")\n[10s]))',
      'sum by (namespace, pod) (count_over_time({namespace="shop"} |= "panic:"\n[10s]))',
    ]);
    const shown = err.split('\x1b[K').map((text) => text.replace(/^\r/, ''));
    expect(shown.slice(0, 3)).toEqual(['0 of 2 queries', '1 of 2 queries', '']);
    expect(shown.slice(3).join('|')).toMatch(/^(?:who would have been told: \d+%\|)+\|$/);
  });

  it('tests the rules of the configuration, with its interval and external labels, where none are named', async () => {
    const { url } = await loki();
    const config = `${at(url)}log_rule_files: ['*-logs.yml']\nevaluation_interval: 5m\nexternal_labels: { cluster: a }\n`;
    const { code, out } = await backtested(config, { logRules: [], output: 'json' });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      rules: [
        { alert: 'ManyErrors', fired: 2, firingSeconds: 2 * 10 * 60 },
        { alert: 'Panic', fired: 1 },
      ],
      receivers: [{ receiver: 'pager', pages: 3 }],
    });
  });

  it('names rules that the log store refuses, and exits 1', async () => {
    const { url, asked } = await loki((form) => (form.get('query')?.includes('panic') === true ? 400 : matrixOf(form)));
    const { code, err } = await backtested(at(url));
    expect(code).toBe(1);
    expect(err).toMatch(/vigie: Panic is not tested: .* answered 400: nothing of the kind/);
    expect(asked.length).toBeLessThan(10);
  });

  it('says what is missing: a log store, or rules', async () => {
    const without = ALERTING.replace(/datasources:[\s\S]*/, '');
    expect((await backtested(without)).code).toBe(2);
    expect((await backtested(ALERTING, { config: undefined })).code).toBe(2);
    expect((await backtested(ALERTING, { logRules: [] })).code).toBe(2);
  });
});
