/** That `/history?format=alertmanager` answers what Alertmanager's event recorder would write: its schema reads it, finds no member that it does not
 *  know, and makes the same of it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startAlerting } from './alerting-process.ts';
import { until } from './deadline.ts';
import { builtOnce } from './parts/cache.ts';
import { buildGoModule } from './parts/go.ts';
import { startRecordingServer } from './recording-server.ts';

const module = fileURLToPath(new URL('./parts/event-recorder/', import.meta.url));
const definedBy = ['go.mod', 'go.sum', 'main.go'].map((name) => join(module, name));
const folder = builtOnce('event-recorder', definedBy, (into) => {
  const purpose = "the schema of Alertmanager's event recorder is built from its Go module";
  buildGoModule(join(module, 'go.mod'), join(into, 'event-recorder'), purpose, {});
});

const CONFIG = (hook: string): string => `route:
  receiver: hook
  routes: [{ matchers: ['alertname!~"x{1}"'], group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 90s }]
receivers: [{ name: hook, webhook_configs: [{ url: '${hook}/' }] }]
inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"], equal: [über] }]
`;

const MESSAGES = [
  ...['alertCreated', 'alertGrouped', 'alertResolved', 'inhibitionMutedAlert', 'notification'],
  ...['silenceCreated', 'silenceMutedAlert', 'silenceUpdated'],
];

function parsed(lines: string): readonly unknown[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

function messagesIn(lines: string): readonly string[] {
  const names = parsed(lines).flatMap((event) => Object.keys(Object(event).data));
  return [...new Set(names)].sort();
}

test('the history is what the schema of Alertmanager reads, and would write', async () => {
  const hook = await startRecordingServer({}, () => ({ status: 200, body: {} }));
  onTestFinished(() => hook.close());
  const vigie = await startAlerting({ alertmanager_config: 'am.yml' }, { 'am.yml': CONFIG(hook.url) });
  onTestFinished(() => vigie.stop());
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(vigie.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.anything()]);
    return text === '' ? undefined : JSON.parse(text);
  };
  const silence = {
    matchers: [
      { name: 'alertname', value: 'Quiet', isRegex: false },
      { name: 'job', value: 'a|"b"', isRegex: true, isEqual: false },
    ],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'ann',
    comment: 'new <disk>',
    annotations: { ticket: 'OPS-1' },
  };
  const { silenceID } = Object(await post('/api/v2/silences', silence));
  const [{ startsAt }] = Object(await (await fetch(`${vigie.url}/api/v2/silences`)).json());
  await post('/api/v2/silences', { ...silence, startsAt, id: silenceID, comment: 'newer disk' });
  const named = (alertname: string) => ({ labels: { alertname, über: 'ß' }, annotations: { summary: '{{ "x" }}' } });
  await post('/api/v2/alerts', ['Disk', 'Node', 'Pod', 'Quiet'].map(named));
  await until('the web hook to be told', 20_000, () => (hook.requests.length >= 2 ? true : undefined));
  await post('/api/v2/alerts', [{ ...named('Disk'), endsAt: new Date().toISOString() }]);
  const exported = await until('every message to be there', 20_000, async () => {
    const text = await (await fetch(`${vigie.url}/history?format=alertmanager`)).text();
    const isTold = text.includes('NOTIFY_REASON_ALL_ALERTS_RESOLVED');
    return isTold && messagesIn(text).length === MESSAGES.length ? text : undefined;
  });
  expect(messagesIn(exported)).toEqual(MESSAGES);
  const kept = [
    '"flushId"',
    '"repeatInterval":"90s"',
    '"inhibitRules"',
    '"equalLabels":["über"]',
    'OPS-1',
    '"matchers"',
  ];
  for (const part of kept) expect(exported).toContain(part);
  const options = { input: exported, encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const { status, stdout, stderr } = spawnSync(join(folder, 'event-recorder'), options);
  expect([status, stderr]).toEqual([0, '']);
  expect(parsed(stdout)).toEqual(parsed(exported));
});
