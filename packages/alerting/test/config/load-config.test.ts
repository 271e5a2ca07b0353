import { errorCode } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import { type AlertmanagerConfig, parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { formatMatchers } from '../../src/matchers/alert-matcher.ts';

const load = (text: string): AlertmanagerConfig => parseAlertmanagerConfig(text, '/etc/am/alertmanager.yml');

function problemsOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    expect(errorCode(error)).toBe('CONFIG_INVALID');
    return error instanceof Error ? error.message.replaceAll('/etc/am/alertmanager.yml:', '').split('\n') : [];
  }
  return [];
}

const withRoute = (lines: string): string => `receivers: [{ name: a }]\nroute:\n  receiver: a\n  ${lines}\n`;

describe('alertmanager.yml', () => {
  it('is read whole', () => {
    const config = load(`
global:
  resolve_timeout: 10m
  http_config: { proxy_url: 'http://127.0.0.1:1025', bearer_token_file: token }
templates: ['templates/*.tmpl', /etc/other.tmpl]
route:
  group_by: [alertname, cluster]
  group_wait: 45s
  receiver: pager
  routes:
    - match: { service: files, version: 1.10 }
      match_re: { team: a|b }
      matchers: [severity=~"page|ticket", 'pod != ""']
      continue: yes
      mute_time_intervals: [nights]
inhibit_rules:
  - name: critical
    source_matchers: [severity=critical]
    target_match: { severity: warning }
    equal: [alertname, cluster]
receivers:
  - name: pager
    labels: { owner: infra }
time_intervals:
  - name: nights
    time_intervals:
      - times: [{ start_time: '22:00', end_time: '24:00' }]
        weekdays: ['monday:friday', saturday]
        days_of_month: ['-7:-1']
        months: [december, 1]
        years: ['2026:2027']
        location: Europe/Paris
mute_time_intervals: [{ name: always, time_intervals: [{}] }]
`);
    expect(config.global).toMatchObject({
      resolveTimeoutMs: 600_000,
      http: {
        proxy: { url: 'http://127.0.0.1:1025' },
        authorization: { kind: 'credentials', type: 'Bearer', credentials: { file: '/etc/am/token' } },
      },
    });
    expect(config.templates).toEqual(['/etc/am/templates/*.tmpl', '/etc/other.tmpl']);
    expect(config.route).toMatchObject({ receiver: 'pager', groupBy: ['alertname', 'cluster'], groupWaitMs: 45_000 });
    const [route] = config.route.routes;
    expect(formatMatchers(route?.matchers ?? [])).toBe(
      '{pod!="",service="files",severity=~"page|ticket",team=~"a|b",version="1.10"}',
    );
    expect(route).toMatchObject({ continues: true, muteTimeIntervals: ['nights'], groupBy: undefined });
    expect(
      config.inhibitRules.map(({ name, source, target, equal }) => [name, `${source}`, `${target}`, equal]),
    ).toEqual([['critical', 'severity="critical"', 'severity="warning"', ['alertname', 'cluster']]]);
    expect(config.receivers).toEqual([{ name: 'pager', labels: { owner: 'infra', name: 'pager' }, integrations: [] }]);
    expect([...config.timeIntervals.keys()]).toEqual(['always', 'nights']);
    expect(config.timeIntervals.get('nights')).toEqual([
      {
        times: [{ startMinute: 1320, endMinute: 1440 }],
        weekdays: [
          { begin: 1, end: 5 },
          { begin: 6, end: 6 },
        ],
        daysOfMonth: [{ begin: -7, end: -1 }],
        months: [
          { begin: 12, end: 12 },
          { begin: 1, end: 1 },
        ],
        years: [{ begin: 2026, end: 2027 }],
        location: 'Europe/Paris',
      },
    ]);
    expect(config.warnings).toEqual([]);
  });

  it('tells every problem at once, with its position', () => {
    expect(
      problemsOf(`route:
  receiver: nobody
  group_by: [a, a]
  routes:
    - matchers: ['a!b']
      group_interval: 0s
      mute_time_intervals: [night]
receivers:
  - name: a
    webhook_configs: [{}]
  - name: a
    webhooks: []
`),
    ).toEqual([
      expect.stringMatching(/^12:5: receivers\[1\]\.webhooks: expected one of the keys name, labels, webhook_configs/),
    ]);
    expect(
      problemsOf(`route:
  receiver: nobody
  group_by: [a, a]
  routes:
    - matchers: ['a!b']
      group_interval: 0s
      mute_time_intervals: [night]
receivers:
  - name: a
    webhook_configs: [{}]
  - name: a
`),
    ).toEqual([
      '2:13: route.receiver: expected the name of a receiver (undefined receiver "nobody" used in route), got "nobody"',
      '3:17: route.group_by[1]: expected each label once (duplicated label "a" in group_by), got "a"',
      '5:18: route.routes[0].matchers[0]: expected matchers (bad matcher format: a!b), got "a!b"',
      '6:23: route.routes[0].group_interval: expected a duration above 0 (group_interval cannot be zero), got "0s"',
      '7:29: route.routes[0].mute_time_intervals[0]: expected the name of a time interval (undefined time interval "night" used in route), got "night"',
      '10:23: receivers[0].webhook_configs[0]: expected one of url or url_file, got a mapping',
      '11:11: receivers[1].name: expected a name that no other receiver has (notification config name "a" is not unique), got "a"',
    ]);
  });

  it.each([
    ['', 'no route provided in config'],
    ['# route: { receiver: a }\n', 'no route provided in config'],
    ['receivers: [{ name: a }] # no route\n', 'no routes provided'],
    ['route: {}', 'root route must specify a default receiver'],
    [withRoute('matchers: [a=b]'), 'root route must not have any matchers'],
    [withRoute('match: { a: b }'), 'root route must not have any matchers'],
    [withRoute('mute_time_intervals: [n]'), 'root route must not have any mute time intervals'],
    [withRoute('active_time_intervals: [n]'), 'root route must not have any active time intervals'],
    [withRoute('continue: true'), 'cannot have continue in root route'],
    [withRoute('repeat_interval: 0'), 'repeat_interval cannot be zero'],
    [withRoute('group_by: [a, ...]'), 'cannot have wildcard group_by (`...`) and other labels at the same time'],
    [withRoute('group_by: [""]'), 'invalid label name "" in group_by list'],
    [withRoute('routes: [{ match: { a-b: c } }]'), 'invalid label name "a-b"'],
    [withRoute('routes: [{ match_re: { a: } }]'), 'invalid regexp value for "a"'],
    [withRoute('routes: [{ match_re: { a: "(" } }]'), 'error parsing regexp: missing closing ): `^(?:()$`'],
    [`${withRoute('')}inhibit_rules: [{ equal: [''] }]`, 'invalid label name "" in equal list'],
    [`${withRoute('')}inhibit_rules: [{ source_match_re: { a: } }]`, 'invalid regexp value for "a"'],
    [`${withRoute('')}time_intervals: [{}]`, 'missing name in time interval'],
    [`${withRoute('')}mute_time_intervals: [{}]`, 'missing name in mute time interval'],
    [`${withRoute('')}time_intervals: [{ name: n }, { name: n }]`, 'time interval "n" is not unique'],
    [`${withRoute('')}time_intervals: [{ name: n, time_intervals: [{ location: Mars }] }]`, 'unknown time zone Mars'],
    [
      `${withRoute('')}time_intervals: [{ name: n, time_intervals: [{ location: '+01:00' }] }]`,
      'unknown time zone +01:00',
    ],
    [
      `${withRoute('')}time_intervals: [{ name: n, time_intervals: [{ location: europe/paris }] }]`,
      'unknown time zone europe/paris',
    ],
    [
      `${withRoute('')}time_intervals: [{ name: n, time_intervals: [{ weekdays: ['friday:monday'] }] }]`,
      'start day cannot be before end day',
    ],
    ['route: { receiver: a }\nreceivers: [{ name: a }, {}]', 'missing name in receiver'],
    [
      'route: { receiver: a }\nreceivers: [{ name: a, labels: { name: b } }]',
      'receiver label "name" must match receiver name "a", got "b"',
    ],
  ])('says what Alertmanager says of %j', (text, message) => {
    expect(problemsOf(text).join('\n')).toContain(`(${message})`);
  });

  it.each([
    'sns',
    'wechat',
    'victorops',
    'webex',
    'jira',
    'rocketchat',
    'incidentio',
    'mattermost',
  ])('refuses %s by its name', (name) => {
    const text = `route: { receiver: a }\nreceivers: [{ name: a, ${name}_configs: [{ token: s3cret }] }]`;
    expect(problemsOf(text)).toEqual([
      `2:24: receivers[0].${name}_configs: expected a receiver that Vigie sends to: webhook, email, pagerduty, opsgenie, slack, pushover, telegram, discord, msteams or msteamsv2, got "${name}_configs"`,
    ]);
  });

  it('refuses sections that would have no effect', () => {
    expect(problemsOf(`${withRoute('')}tracing: { endpoint: x }\nevent_recorder: {}`)).toEqual([
      '5:1: tracing: expected no tracing, which Vigie does not do, got "tracing"',
      '6:1: event_recorder: expected no event_recorder, which Vigie does not have, got "event_recorder"',
    ]);
  });

  it('warns of matchers that are to be written otherwise', () => {
    const { warnings } = load(withRoute('routes: [{ matchers: [a=!b] }]'));
    expect(warnings).toEqual([
      expect.objectContaining({ line: 4, column: 25, text: expect.stringMatching(/write a="!b"$/) }),
    ]);
  });

  it.each([
    [
      'group_interval: 20m, repeat_interval: 90m',
      ['repeat_interval 1h30m is no multiple of group_interval 20m: repeats are told after 1h40m'],
    ],
    ['repeat_interval: 1m', ['repeat_interval 1m is no multiple of group_interval 5m: repeats are told after 5m']],
    ['group_interval: 7m', ['repeat_interval 4h is no multiple of group_interval 7m: repeats are told after 4h5m']],
    [
      'group_interval: 1m, repeat_interval: 90m, routes: [{ group_wait: 1s }, { repeat_interval: 90s }]',
      ['repeat_interval 1m30s is no multiple of group_interval 1m: repeats are told after 2m'],
    ],
    ['repeat_interval: 1h', []],
    [
      'group_interval: 1m, repeat_interval: 1m',
      ['repeat_interval 1m is not more than group_interval 1m: repeats are told after 2m'],
    ],
    // Of who wants one at each flush.
    ['group_interval: 1m, repeat_interval: 55s', []],
  ])('warns of repeats that come later than they say: %s', (timers, expected) => {
    const { warnings } = load(`receivers: [{ name: a }]\nroute: { receiver: a, ${timers} }\n`);
    expect(warnings.map(({ text }) => text.replace(/, unless notifications.*/, ''))).toEqual(expected);
  });

  it('refuses a tree of routes that stands in itself', () => {
    expect(problemsOf(withRoute('routes: &all [{ receiver: a, routes: *all }]')).join('\n')).toMatch(/levels deep/);
  });
});
