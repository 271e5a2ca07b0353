/** `vigie check alertmanager` and `vigie alert explain` beside amtool: the same files good and bad, the same receivers. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Random, seededRandom } from '@vigie/core/random';
import { afterAll, describe, expect, it } from 'vitest';
import { inForm } from './form.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { installAmtool } from './parts/amtool-binary.ts';
import { fixedSeed } from './seeded.ts';

const bin = process.env.VIGIE_BIN ?? fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
const amtool = installAmtool();
const home = temporaryFolder('amtool');
afterAll(() => removeFolder(home));

function run(command: string, args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: home, encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}

/** Of each file: what amtool says is wrong with it, '' for nothing. */
function amtoolSays(files: readonly string[]): ReadonlyMap<string, string> {
  const { text } = run(amtool, ['check-config', ...files]);
  // What it warns of stands in the middle of its line.
  const checks = text.matchAll(/^Checking '([^']+)'(?:\S.*\n)* {2}(?:SUCCESS|FAILED: (.*))$/gm);
  return new Map(Array.from(checks, ([, file = '', message = '']) => [file, message]));
}

const RECEIVER = (lines: string): string => `route: { receiver: a }\nreceivers:\n  - name: a\n    ${lines}\n`;
const ROUTE = (lines: string): string => `receivers: [{ name: a }]\nroute:\n  receiver: a\n  ${lines}\n`;

const GOOD: readonly string[] = [
  ROUTE('group_by: [...]'),
  ROUTE('routes: [{ match: { a: b }, match_re: { c: d.* }, matchers: [e=f, "{g!=h,i=~j}"] }]'),
  ROUTE('routes: [{ matchers: [foo=!bar] }]'),
  ROUTE('routes: [{ matchers: ["foo🙂=bar"] }]'),
  ROUTE('group_wait: 0s\n  labels: { a: "{{ .x }}" }'),
  `${ROUTE('')}global: { wechat_api_url: 'http://h', smtp_require_tls: no }`,
  `${ROUTE('')}time_intervals: [{ name: n, time_intervals: [{ times: [{ start_time: '00:00', end_time: '24:00' }], weekdays: ['Monday:friday'], days_of_month: ['1:-1'], months: ['may:9'], years: ['2026'], location: Asia/Tokyo }] }]`,
  `${ROUTE('')}inhibit_rules: [{ source_match: { a: b }, target_matchers: [c=d], equal: [x] }]`,
  RECEIVER(
    'webhook_configs: [{ url: "http://h/{{ .GroupLabels.x }}", timeout: 1.5s, max_alerts: 3, payload: { a: [b] } }]',
  ),
  RECEIVER('email_configs: [{ to: a, from: b, smarthost: "[::1]:25", headers: { subject: x } }]'),
  RECEIVER(
    'slack_configs: [{ api_url: "http://h", fields: [{ title: t, value: v }], http_config: { proxy_url: "http://p" } }]',
  ),
  RECEIVER('slack_configs: [{ app_token: t }]'),
  RECEIVER('pagerduty_configs: [{ service_key: k, details: { a: { b: c } }, links: [{ href: h }] }]'),
  RECEIVER('opsgenie_configs: [{ api_key: k, responders: [{ id: i, type: Team }, { name: n, type: "{{ .x }}" }] }]'),
  RECEIVER('pushover_configs: [{ user_key: u, token_file: t, retry: 90s, expire: 1h30m }]'),
  RECEIVER('telegram_configs: [{ bot_token: t, chat_id: -100123, parse_mode: "" }]'),
  RECEIVER('discord_configs: [{ webhook_url_file: f }]'),
  RECEIVER(
    'msteamsv2_configs: [{ webhook_url: "https://h/x" }]\n    msteams_configs: [{ webhook_url: "https://h/x" }]',
  ),
];

const BAD: readonly string[] = [
  '',
  'route: {}',
  'route: { receiver: a }',
  `${ROUTE('')}unknown: 1`,
  ROUTE('matchers: [a=b]'),
  ROUTE('match_re: { a: b }'),
  ROUTE('continue: true'),
  ROUTE('mute_time_intervals: [n]'),
  ROUTE('active_time_intervals: [n]'),
  ROUTE('group_by: [a, a]'),
  ROUTE('group_by: [a, ...]'),
  ROUTE('group_by: [""]'),
  ROUTE('group_interval: 0s'),
  ROUTE('repeat_interval: 0'),
  ROUTE('group_wait: 1m1h'),
  ROUTE('routes: [{ receiver: b }]'),
  ROUTE('routes: [{ active_time_intervals: [n] }]'),
  ROUTE('routes: [{ match: { a-b: c } }]'),
  ROUTE('routes: [{ match_re: { a: "(" } }]'),
  ROUTE('routes: [{ match_re: { a: } }]'),
  ROUTE('routes: [{ matchers: [a] }]'),
  ROUTE('routes: [{ matchers: ["a=~("] }]'),
  ROUTE('routes: [{ matchers: ["foo!bar"] }]'),
  ROUTE('routes: [{ matchers: ["a=\\"b"] }]'),
  `${ROUTE('')}time_intervals: [{}]`,
  `${ROUTE('')}time_intervals: [{ name: n }]\nmute_time_intervals: [{ name: n }]`,
  ...['weekdays: ["friday:monday"]', 'weekdays: [someday]', 'days_of_month: ["0"]', 'days_of_month: ["-5:5"]'],
  ...[
    'months: ["may:april"]',
    'years: ["2027:2026"]',
    'location: Mars',
    'times: [{ start_time: "9:00", end_time: "10:00" }]',
  ],
  'route: { receiver: a }\nreceivers: [{ name: a }, { name: a }]',
  'route: { receiver: a }\nreceivers: [{ name: a }, {}]',
  'route: { receiver: a }\nreceivers: [{ name: a, labels: { name: b } }]',
  RECEIVER('webhook_configs: [{}]'),
  RECEIVER('webhook_configs: [null]'),
  RECEIVER('webhook_configs: [{ url: "ftp://h" }]'),
  RECEIVER('webhook_configs: [{ url: "http://h", url_file: f }]'),
  RECEIVER('email_configs: [{ to: a, from: b }]'),
  RECEIVER('email_configs: [{ to: a, smarthost: "h:25" }]'),
  RECEIVER('email_configs: [{ to: a, from: b, smarthost: "h" }]'),
  RECEIVER('email_configs: [{ to: a, from: b, smarthost: "h:25", headers: { subject: x, Subject: y } }]'),
  RECEIVER('slack_configs: [{ channel: c }]'),
  RECEIVER('slack_configs: [{ api_url: "http://h", app_token: t }]'),
  RECEIVER('slack_configs: [{ api_url: "http://h", update_message: true }]'),
  RECEIVER('slack_configs: [{ api_url: "http://h", actions: [{ type: t, text: x }] }]'),
  RECEIVER('pagerduty_configs: [{ url: "http://h" }]'),
  RECEIVER('opsgenie_configs: [{ entity: e }]'),
  RECEIVER('opsgenie_configs: [{ api_key: k, responders: [{ id: i, type: x }] }]'),
  RECEIVER('pushover_configs: [{ token: t }]'),
  RECEIVER('pushover_configs: [{ token: t, user_key: u, html: true, monospace: true }]'),
  RECEIVER('pushover_configs: [{ token: t, user_key: u, retry: 30 }]'),
  RECEIVER('telegram_configs: [{ bot_token: t }]'),
  RECEIVER('telegram_configs: [{ bot_token: t, chat_id: 1, parse_mode: md }]'),
  RECEIVER('discord_configs: [{ title: t }]'),
  RECEIVER('msteams_configs: [{ webhook_url: "http://h", webhook_url_file: f }]'),
  RECEIVER('webhook_configs: [{ url: "http://h", http_config: { basic_auth: {}, bearer_token: t } }]'),
  RECEIVER('webhook_configs: [{ url: "http://h", http_config: { no_proxy: x } }]'),
].map((text) =>
  /^(?:weekdays|days|months|years|location|times)/.test(text)
    ? `${ROUTE('')}time_intervals: [{ name: n, time_intervals: [{ ${text} }] }]`
    : text,
);

function write(folder: string, texts: readonly string[]): readonly string[] {
  mkdirSync(join(home, folder), { recursive: true });
  return texts.map((text, index) => {
    const file = join(folder, `${index}.yml`);
    writeFileSync(join(home, file), text);
    return file;
  });
}

describe('configurations, beside amtool check-config', () => {
  it('that it takes are taken', () => {
    const files = write('good', GOOD);
    const theirs = amtoolSays(files);
    expect(files.map((file) => [file, theirs.get(file)])).toEqual(files.map((file) => [file, '']));
    const ours = run(process.execPath, [bin, 'check', 'alertmanager', ...files]);
    expect(ours.code, ours.text).toBe(0);
  });

  it('the shipped one is taken', () => {
    const file = fileURLToPath(new URL('../../deploy/alerting/alertmanager.yml', import.meta.url));
    expect(amtoolSays([file]).get(file)).toBe('');
    expect(run(process.execPath, [bin, 'check', 'alertmanager', file]).code).toBe(0);
  });

  it('that it refuses are refused', () => {
    const files = write('bad', BAD);
    const theirs = amtoolSays(files);
    expect(files.filter((file) => !theirs.get(file))).toEqual([]);
    const ours = run(process.execPath, [bin, 'check', 'alertmanager', ...files]);
    expect(ours.code).toBe(2);
    const refused = new Set(Array.from(ours.text.matchAll(/^(bad\/\d+\.yml):\d+:\d+: /gm), ([, file]) => file));
    expect(files.filter((file) => !refused.has(file)).map((file) => [file, theirs.get(file)])).toEqual([]);
  });
});

describe('routes, beside amtool config routes test', () => {
  it('lead to the same receivers, for trees and alerts at random', () => {
    const seed = fixedSeed();
    const random = seededRandom(seed);
    for (let index = 0; index < inForm(40, 400); index++) {
      const text = randomTree(random);
      const [file = ''] = write(`routes-${index}`, [text]);
      const labels = NAMES.filter(() => random() < 0.7).map((name) => `${name}=${pick(random, VALUES)}`);
      if (labels.length === 0) labels.push('a=x');
      const theirs = run(amtool, ['config', 'routes', 'test', `--config.file=${file}`, ...labels]);
      expect(theirs.code, `seed ${seed}: ${theirs.text}\n${text}`).toBe(0);
      const options = labels.flatMap((label) => ['--label', label]);
      const ours = run(process.execPath, [bin, 'alert', 'explain', '--config', file, ...options]);
      const receivers = Array.from(ours.text.matchAll(/^receiver (\S+)$/gm), ([, name]) => name);
      expect(receivers.join(), `seed ${seed}, ${labels.join(' ')}\n${text}`).toBe(theirs.text.trim());
    }
  });
});

const NAMES = ['a', 'b', 'c'];
const VALUES = ['x', 'y', 'xy'];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function randomTree(random: Random): string {
  let names = 0;
  const route = (depth: number): string => {
    const count = depth > 2 ? 0 : Math.floor(random() * 4);
    const matchers = Array.from({ length: Math.floor(random() * 3) }, () => {
      const operator = pick(random, ['=', '!=', '=~', '!~']);
      return `'${pick(random, NAMES)}${operator}${pick(random, [...VALUES, 'x|y', 'x.*', '.+', '""'])}'`;
    });
    const parts = [
      ...(depth === 0 || random() < 0.8 ? [`receiver: r${names++ % 30}`] : []),
      ...(depth > 0 ? [`matchers: [${matchers.join(', ')}]`] : []),
      ...(depth > 0 && random() < 0.4 ? ['continue: true'] : []),
      `routes: [${Array.from({ length: count }, () => route(depth + 1)).join(', ')}]`,
    ];
    return `{ ${parts.join(', ')} }`;
  };
  const receivers = Array.from({ length: 30 }, (_, index) => `{ name: r${index} }`);
  return `receivers: [${receivers.join(', ')}]\nroute: ${route(0)}\n`;
}
