/** Alertmanager's API beside a real Alertmanager: the same requests, the same answers. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listening, MemoryWorld } from '../../packages/alerting/test/api/world.ts';
import { startAlertmanager } from './parts/alertmanager.ts';

const CONFIG = `route:
  receiver: mail
  group_by: [alertname]
  routes:
    - matchers: [severity="page"]
      receiver: pager
      continue: true
    - matchers: [team="shop"]
      receiver: shop
inhibit_rules:
  - source_matchers: [alertname="NodeDown"]
    target_matchers: [severity="page"]
    equal: [node]
receivers: [{ name: mail }, { name: pager }, { name: shop }]
`;

interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
}

interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly json: unknown;
}

async function ask(url: string, { method = 'GET', path, body, type = 'application/json' }: Request): Promise<Said> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(`${url}/api/v2${path}`, {
    method,
    ...(text === undefined ? {} : { body: text, headers: { 'content-type': type } }),
  });
  const answer = await response.text();
  const json: unknown = answer === '' ? '' : JSON.parse(answer);
  return { status: response.status, type: response.headers.get('content-type'), json };
}

/** Members that the older release has not, and what differs from run to run. */
const LEFT_OUT = new Set(['mutedBy', 'routeLabels', 'updatedAt', 'id', 'silenceID']);

/** What differs from run to run and from release to release is the same text in both. */
function comparableText(text: string): string {
  if (Math.abs(Date.parse(text) - Date.now()) < 60_000) return 'now';
  return text
    .replace(/(failed, because ).*$/s, '$1a reason')
    .replace(/^silence .*not found$/, 'silence not found')
    .replace(/^(?:invalid silence|silence invalid): /, '')
    .replace(/^matcher set 0: | in set 0(?=:)/, '')
    .replace('[POST,GET]', '[GET,POST]');
}

function comparable(value: unknown): unknown {
  if (typeof value === 'string') return comparableText(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !LEFT_OUT.has(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, comparable(member)]));
}

const LONG = { startsAt: '2026-01-01T00:00:00.000Z', endsAt: '2099-01-01T00:00:00.000Z' };
const ALERTS = [
  { labels: { alertname: 'NodeDown', node: 'n1', empty: '' }, annotations: { summary: 'gone <&>' }, ...LONG },
  {
    labels: { alertname: 'Slow', severity: 'page', team: 'shop', node: 'n1' },
    generatorURL: 'http://p/g?a&b',
    ...LONG,
  },
  { labels: { alertname: 'Full', severity: 'page', name: 'n\u00e4me \u{1f642}' }, ...LONG },
  { labels: { alertname: 'Ended' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-02T00:00:00Z' },
];

function silence(members: object = {}): object {
  const matchers = [{ name: 'alertname', value: 'Full|x.*', isRegex: true }];
  return { matchers, ...LONG, createdBy: 'me', comment: 'why', ...members };
}

const NOBODY = '00000000-0000-4000-8000-00000000000f';
const post = (path: string, body: unknown): Request => ({ method: 'POST', path, body });
const matcher = (members: object): object =>
  silence({ matchers: [{ name: 'a', value: 'b', isRegex: false, ...members }] });

const REQUESTS: readonly Request[] = [
  { path: '/alerts' },
  post('/alerts', ALERTS),
  { path: '/alerts' },
  ...['active', 'silenced', 'inhibited', 'unprocessed'].map((state) => ({ path: `/alerts?${state}=false` })),
  ...[
    'filter=severity%3Dpage',
    'filter=node%3D%22%22',
    'filter=alertname!~%22S.*%22&filter=severity%3Dpage',
    'receiver=pag.*',
    'receiver=pag',
    'active=maybe',
  ].flatMap((query) => [{ path: `/alerts?${query}` }, { path: `/alerts/groups?${query}` }]),
  { path: '/alerts?receiver=(' },
  { path: '/alerts/groups?receiver=(' },
  post('/silences', silence()),
  { path: '/alerts?silenced=false' },
  { path: '/silences' },
  { path: '/silences?filter=alertname%3D~%22Full%7Cx.*%22' },
  { path: '/silences?filter=alertname%3DFull' },
  post('/silences', silence({ id: NOBODY })),
  post('/silences', silence({ startsAt: '2098-01-01T00:00:00Z' })),
  { path: '/silences' },
  ...[
    { matchers: [] },
    { matchers: undefined },
    { comment: undefined },
    { createdBy: undefined },
    { startsAt: undefined },
    { endsAt: undefined },
    { endsAt: '2025-01-01T00:00:00Z' },
    { startsAt: '2025-01-01T00:00:00Z', endsAt: '2025-01-02T00:00:00Z' },
    { startsAt: LONG.endsAt },
    { comment: 1 },
    { matchers: 1 },
  ].map((members) => post('/silences', silence(members))),
  ...[
    { name: undefined },
    { value: undefined },
    { isRegex: undefined },
    { value: '' },
    { name: '' },
    { value: '(', isRegex: true },
    { value: '.*', isRegex: true },
  ].map((members) => post('/silences', matcher(members))),
  post('/silences', ''),
  post('/silences', '[]'),
  { path: `/silence/${NOBODY}` },
  { path: '/silence/x' },
  { method: 'DELETE', path: '/silence/x' },
  ...[
    '',
    '{',
    '{}',
    '[1]',
    '[{}]',
    '[{"labels":{}}]',
    '[{"labels":{"a":""}}]',
    '[{"labels":{"a":1}}]',
    '[{"labels":null}]',
    'null',
    '[]',
  ].map((body) => post('/alerts', body)),
  ...[
    { labels: { a: 'b' }, startsAt: 'x' },
    { labels: { a: 'b' }, generatorURL: 'no url' },
    { labels: { a: 'b' }, startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
  ].map((alert) => post('/alerts', [{ labels: { good: 'one' }, ...LONG }, alert])),
  { path: '/alerts?filter=good%3Done' },
  { method: 'POST', path: '/alerts', body: '[]', type: 'text/plain' },
  { path: '/nothing' },
  { method: 'PUT', path: '/alerts' },
  { method: 'POST', path: '/status', body: '{}' },
];

describe('Alertmanager and Vigie', () => {
  it('answer the same', async () => {
    const alertmanager = await startAlertmanager(CONFIG);
    onTestFinished(() => alertmanager.stop());
    const vigie = await listening(new MemoryWorld(CONFIG));
    const differences: unknown[] = [];
    for (const request of REQUESTS) {
      const [theirs, ours] = [await ask(alertmanager.url, request), await ask(vigie, request)];
      if (!isDeepStrictEqual(comparable(ours), comparable(theirs))) differences.push({ request, theirs, ours });
    }
    expect(differences).toEqual([]);
  });
});
