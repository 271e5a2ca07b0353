/** The rules of kube-prometheus, which a user brings along: loaded by a live collector, which records, and by live alerting, which asks it; each alert
 *  fires when series make it true, and arrives at a web hook. They are read from ../shared/conformance/rules beside the checkout and not part of it:
 *  without them these tests are skipped. `for` is taken out of them: what it does is tested by itself. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeRequests } from '../promql/written-series.ts';
import { type AlertingProcess, startAlerting } from './alerting-process.ts';
import { type CollectorProcess, startCollector } from './collector-process.ts';
import { FIRE_WITHOUT_SERIES, LAST_SERIES, SERIES } from './conformance-series.ts';
import { until } from './deadline.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { progress } from './progress.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, at, stringAt } from './rest.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/conformance/rules/', import.meta.url));
const isThere = existsSync(FOLDER);
const files = isThere ? readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')) : [];
const rules = files.flatMap((name) =>
  arrayAt(parse(readFileSync(join(FOLDER, name), 'utf8')), 'spec', 'groups').flatMap((group) =>
    arrayAt(group, 'rules'),
  ),
);
const alerts = rules.filter((rule) => at(rule, 'alert') !== undefined);
const TIMEOUT_MS = 180_000;
/** Of the series: ten minutes of them. */
const STEP_MS = 15_000;
const STEPS = 40;

/** What tells alerts of one name apart. */
function keyOf(name: unknown, labels: unknown): string {
  return [name, at(labels, 'severity'), at(labels, 'long')].filter((part) => part !== undefined).join(' ');
}

const wanted = alerts.map((rule) => keyOf(at(rule, 'alert'), at(rule, 'labels')));

let collector: CollectorProcess;
let alerting: AlertingProcess;
let hook: RecordingServer;
let home: string;

async function start(): Promise<void> {
  home = temporaryFolder('conformance-rules');
  mkdirSync(join(home, 'rules'));
  const texts = Object.fromEntries(
    files.map((name) => [
      name,
      readFileSync(join(FOLDER, name), 'utf8')
        .replace(/^ +for: .*\n/gm, '')
        .replace('interval: 3m', 'interval: 1s'),
    ]),
  );
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(home, 'rules', name), text);
  const config = {
    global: { evaluation_interval: '1s' },
    rule_files: ['rules/*.yaml'],
    storage: { path: join(home, 'metrics') },
  };
  writeFileSync(join(home, 'collector.yaml'), JSON.stringify(config));
  collector = await startCollector(join(home, 'collector.yaml'));
  hook = await startRecordingServer({}, () => ({ status: 200, body: {} }));
  const told = {
    route: { receiver: 'hook', group_by: ['...'], group_wait: '0s', group_interval: '1s' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: `${hook.url}/` }] }],
  };
  alerting = await startAlerting(
    {
      alertmanager_config: 'alertmanager.yml',
      evaluation_interval: '1s',
      rule_files: files,
      datasources: { metrics: { url: collector.url } },
    },
    { ...texts, 'alertmanager.yml': JSON.stringify(told) },
  );
}

/** Up to now, of each alert with its name as the cluster, so that they do not meddle with one another. */
async function write(series: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const nowMs = Date.now();
  const written = Object.entries(series).flatMap(([alert, lines]) =>
    lines.map((line, index) => {
      const [, what = '', does = ''] = /^(.*\}) (.*)$/.exec(line) ?? [];
      const values = parseSeriesLine(`${what} ${/[x ]/.test(does) ? does : `${does}x${STEPS}`}`, index + 1);
      const samples = values.values.flatMap(({ value }, step) =>
        typeof value === 'number' ? [{ timestampMs: nowMs - (values.values.length - 1 - step) * STEP_MS, value }] : [],
      );
      return { labels: { ...values.labels.toJSON(), cluster: alert }, samples };
    }),
  );
  for (const body of writeRequests(written)) {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
    const answer = await fetch(`${collector.url}/api/v1/write`, { method: 'POST', headers, body });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  }
}

/** Of the alerts that were told of, those that fire for the series that were made for them. */
function told(status: 'firing' | 'resolved'): ReadonlySet<string> {
  return new Set(
    hook.requests
      .flatMap(({ body }) => arrayAt(body, 'alerts'))
      .filter((alert) => {
        const { alertname, cluster } = Object(at(alert, 'labels'));
        return at(alert, 'status') === status && (cluster === undefined || cluster === alertname);
      })
      .map((alert) => keyOf(at(alert, 'labels', 'alertname'), at(alert, 'labels'))),
  );
}

async function untilTold(keys: readonly string[], status: 'firing' | 'resolved'): Promise<void> {
  const missing = (): readonly string[] => keys.filter((key) => !told(status).has(key));
  await until(
    `the alerts to be ${status}`,
    TIMEOUT_MS,
    () => missing().length === 0 || undefined,
    () => `missing: ${missing().join(', ')}`,
  );
}

async function failingRules(url: string): Promise<readonly unknown[]> {
  const answer: unknown = await (await fetch(`${url}/api/v1/rules`)).json();
  return arrayAt(answer, 'data', 'groups')
    .flatMap((group) => arrayAt(group, 'rules'))
    .filter((rule) => at(rule, 'health') !== 'ok')
    .map((rule) => [at(rule, 'name'), at(rule, 'health'), at(rule, 'lastError')]);
}

describe.skipIf(!isThere)("kube-prometheus' rules (skipped without ../shared/conformance)", () => {
  beforeAll(start);

  afterAll(async () => {
    await alerting?.stop();
    await collector?.stop();
    await hook?.close();
    if (home !== undefined) removeFolder(home);
  });

  test('there are series for each alert', () => {
    const names = new Set(alerts.map((rule) => stringAt(rule, 'alert')));
    const made = [...FIRE_WITHOUT_SERIES, ...Object.keys(SERIES), ...Object.keys(LAST_SERIES)];
    expect([...made].sort()).toEqual([...names].sort());
  });

  test('without series, those fire that miss something, and no others', async () => {
    const critical = FIRE_WITHOUT_SERIES.map((name) => `${name} critical`);
    await untilTold(critical, 'firing');
    expect([...told('firing')].sort()).toEqual(critical);
  });

  test('each alert fires when its condition is made true, and is told of', async () => {
    await write(SERIES);
    await untilTold(
      wanted.filter((key) => !Object.keys(LAST_SERIES).some((name) => key.startsWith(name))),
      'firing',
    );
    await write(LAST_SERIES);
    await untilTold(wanted, 'firing');
    await untilTold(
      FIRE_WITHOUT_SERIES.map((name) => `${name} critical`),
      'resolved',
    );
    progress(`${wanted.length} alerts of kube-prometheus have fired`);
  });

  test('no rule fails, neither those that are recorded nor those that are alerted on', async () => {
    for (const url of [collector.url, alerting.url]) {
      await until(
        'each rule to have been evaluated',
        TIMEOUT_MS,
        async () => ((await failingRules(url)).length === 0 ? true : undefined),
        () => 'see /api/v1/rules',
      );
    }
  });
});
