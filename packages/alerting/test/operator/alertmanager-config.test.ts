import { AssetLookup } from '@vigie/kube/custom-objects/assets';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { type Fragment, fragmentOf, type MatcherStrategy } from '../../src/operator/alertmanager-config.ts';
import { problemsWith, withFragments, withUsableFragments } from '../../src/operator/merged-config.ts';

const BASE_TEXT = `# of the platform team
global: { smtp_smarthost: 'mail:25', smtp_from: a@example.com }
route:
  receiver: platform
  routes: [{ receiver: platform, matchers: [severity="page"] }]
receivers: [{ name: platform }]
`;
const BASE = { file: '/etc/alertmanager.yml', text: BASE_TEXT, config: parseAlertmanagerConfig(BASE_TEXT, 'a.yml') };

/** Every Secret is there, and has every key. */
const SECRETS = {
  get: () => ({
    status: 'read' as const,
    values: new Proxy({}, { get: (_target, key) => `https://hooks.example/${String(key)}\n` }),
  }),
};

function made(spec: string, matcherStrategy: MatcherStrategy = 'namespace', fileAccess = false) {
  const assets = new AssetLookup('shop', SECRETS);
  return fragmentOf({ namespace: 'shop', name: 'web', spec: parse(spec) }, { assets, fileAccess, matcherStrategy });
}

function written(spec: string, matcherStrategy?: MatcherStrategy): Fragment {
  const outcome = made(spec, matcherStrategy);
  if (outcome.status === 'refused') throw new Error(outcome.problems.join('\n'));
  return outcome.fragment;
}

const ROUTED = 'route: { receiver: team }\nreceivers: [{ name: team }]\n';

describe('what an AlertmanagerConfig adds to alertmanager.yml', () => {
  it('is for alerts of its namespace, under names of its own, and lets other routes be tried', () => {
    const fragment = written(`
route:
  receiver: team
  groupBy: [alertname]
  groupWait: 5s
  matchers: [{ name: app, value: web, matchType: '=' }, { name: tier, value: 'a|b', regex: true }]
  muteTimeIntervals: [nights]
  routes: [{ receiver: other, matchers: [{ name: severity, value: page, matchType: '!=' }], activeTimeIntervals: [nights] }]
receivers: [{ name: team }, { name: other }]
inhibitRules:
  - sourceMatch: [{ name: alertname, value: Node }]
    targetMatch: [{ name: alertname, value: Pod, matchType: =~ }]
    equal: [node]
muteTimeIntervals:
  - name: nights
    timeIntervals: [{ times: [{ startTime: '20:00', endTime: '24:00' }], weekdays: ['Monday:Friday'], daysOfMonth: [{ start: 1, end: -1 }], months: [january], years: ['2026'] }]
`);
    expect(fragment).toEqual({
      route: {
        receiver: 'shop/web/team',
        group_by: ['alertname'],
        group_wait: '5s',
        matchers: ['app="web"', 'tier=~"a|b"', 'namespace="shop"'],
        continue: true,
        mute_time_intervals: ['shop/web/nights'],
        active_time_intervals: [],
        routes: [
          {
            receiver: 'shop/web/other',
            matchers: ['severity!="page"'],
            mute_time_intervals: [],
            active_time_intervals: ['shop/web/nights'],
            routes: [],
          },
        ],
      },
      receivers: [{ name: 'shop/web/team' }, { name: 'shop/web/other' }],
      inhibitRules: [
        {
          source_matchers: ['alertname="Node"', 'namespace="shop"'],
          target_matchers: ['alertname=~"Pod"', 'namespace="shop"'],
          equal: ['node'],
        },
      ],
      timeIntervals: [
        {
          name: 'shop/web/nights',
          time_intervals: [
            {
              times: [{ start_time: '20:00', end_time: '24:00' }],
              weekdays: ['monday:friday'],
              days_of_month: ['1:-1'],
              months: ['january'],
              years: ['2026'],
            },
          ],
        },
      ],
      intervalsKey: 'muteTimeIntervals',
    });
    expect(problemsWith(BASE, fragment)).toEqual([]);
  });

  it('is for all alerts where that is asked for', () => {
    const { route } = written(ROUTED, 'none');
    expect(route).toMatchObject({ matchers: [], continue: true });
  });

  it('tells nobody without a route', () => {
    expect(written('receivers: [{ name: team }]')).toMatchObject({ route: undefined, receivers: [] });
  });

  it('has every kind of receiver that Vigie sends to, with what stands in Secrets', () => {
    const { receivers } = written(`
route: { receiver: all }
receivers:
  - name: all
    webhookConfigs: [{ urlSecret: { name: s, key: hook }, sendResolved: false, maxAlerts: 5, httpConfig: { authorization: { credentials: { name: s, key: token } }, proxyURL: 'http://proxy:3128' } }]
    slackConfigs: [{ apiURL: { name: s, key: slack }, channel: '#web', iconURL: 'http://i', fields: [{ title: a, value: b, short: true }], actions: [{ type: button, text: Go, url: 'http://x', confirm: { text: Sure, okText: Yes } }] }]
    pagerdutyConfigs: [{ routingKey: { name: s, key: pd }, details: [{ key: Team_Name, value: web }], pagerDutyLinkConfigs: [{ href: 'http://l', alt: runbook }], pagerDutyImageConfigs: [{ src: 'http://i', alt: chart }] }]
    opsgenieConfigs: [{ apiKey: { name: s, key: og }, responders: [{ name: web, type: team }], updateAlerts: true }]
    emailConfigs: [{ to: web@example.com, html: '', headers: [{ key: X-Team, value: web }], requireTLS: true, tlsConfig: { ca: { configMap: { name: c, key: ca.crt } } } }]
    pushoverConfigs: [{ userKey: { name: s, key: user }, token: { name: s, key: token }, urlTitle: there }]
    telegramConfigs: [{ botToken: { name: s, key: bot }, chatID: -100, disableNotifications: true }]
    discordConfigs: [{ apiURL: { name: s, key: discord }, avatarURL: 'http://a' }]
    msteamsConfigs: [{ webhookUrl: { name: s, key: teams } }]
    msteamsv2Configs: [{ webhookURL: { name: s, key: teams2 } }]
`);
    const url = (key: string): string => `https://hooks.example/${key}`;
    expect(receivers[0]).toMatchObject({
      name: 'shop/web/all',
      webhook_configs: [
        {
          url: url('hook'),
          send_resolved: false,
          max_alerts: 5,
          http_config: { proxy_url: 'http://proxy:3128', authorization: { type: 'Bearer' } },
        },
      ],
      slack_configs: [
        {
          api_url: url('slack'),
          icon_url: 'http://i',
          fields: [{ short: true }],
          actions: [{ confirm: { text: 'Sure', ok_text: 'Yes' } }],
        },
      ],
      pagerduty_configs: [
        {
          routing_key: url('pd'),
          details: { Team_Name: 'web' },
          links: [{ href: 'http://l', text: 'runbook' }],
          images: [{ alt: 'chart' }],
        },
      ],
      opsgenie_configs: [{ api_key: url('og'), responders: [{ name: 'web', type: 'team' }], update_alerts: true }],
      email_configs: [{ to: 'web@example.com', html: '', headers: { 'X-Team': 'web' }, require_tls: true }],
      pushover_configs: [{ user_key: url('user'), token: url('token'), url_title: 'there' }],
      telegram_configs: [{ bot_token: url('bot'), chat_id: -100, disable_notifications: true }],
      discord_configs: [{ webhook_url: url('discord'), avatar_url: 'http://a' }],
      msteams_configs: [{ webhook_url: url('teams') }],
      msteamsv2_configs: [{ webhook_url: url('teams2') }],
    });
    const { config } = withFragments(BASE, [
      written(ROUTED),
      { ...written(ROUTED.replaceAll('team', 'all')), receivers },
    ]);
    expect(config.receivers.find(({ name }) => name === 'shop/web/all')?.integrations).toHaveLength(10);
  });

  it.each([
    ['route: { receiver: "" }', 'spec.route.receiver: expected the name of a receiver'],
    ['route: text', 'spec.route: expected a route'],
    [
      `${ROUTED}inhibitRules: [{ sourceMatch: a }]`,
      'spec.inhibitRules[0]: expected sourceMatch, targetMatch and equal',
    ],
    [
      'route: { receiver: a, matchers: [{ name: a, value: "(", matchType: =~ }] }',
      'spec.route.matchers[0]: expected a matcher (error parsing regexp',
    ],
    [
      'route: { receiver: a }\nreceivers: [{ name: a, snsConfigs: [{}] }]',
      'spec.receivers[0].snsConfigs: expected a receiver that Vigie sends to',
    ],
    [
      'route: { receiver: a }\nreceivers: [{ name: a, telegramConfigs: [{ botTokenFile: /t }] }]',
      'spec.receivers[0].telegramConfigs[0].botTokenFile: files of this process may not be named',
    ],
    [
      'route: { receiver: a }\nreceivers: [{ name: a, webhookConfigs: [{ urlSecret: text }] }]',
      'spec.receivers[0].webhookConfigs[0].urlSecret: expected the name and key of a Secret',
    ],
  ])('is refused with the path of what is wrong: %s', (spec, problem) => {
    const outcome = made(spec);
    expect(outcome.status === 'refused' && outcome.problems[0]).toContain(problem);
  });

  it('leaves out what is newer than Vigie, and says so', () => {
    const outcome = made(
      'route: { receiver: a }\nreceivers: [{ name: a, webhookConfigs: [{ url: "http://a", shiny: true }] }]',
    );
    expect(outcome).toMatchObject({
      warnings: ['spec.receivers[0].webhookConfigs[0].shiny: not supported, has no effect'],
    });
  });
});

describe('alertmanager.yml with what objects add', () => {
  it('has the routes of objects first, and keeps what is written', () => {
    const { text, config } = withFragments(BASE, [written(ROUTED), { ...written(ROUTED), receivers: [] }]);
    expect(text).toContain('# of the platform team');
    expect(config.route.routes.map(({ receiver }) => receiver)).toEqual(['shop/web/team', 'shop/web/team', 'platform']);
    expect(config.route.routes.map(({ continues }) => continues)).toEqual([true, true, false]);
    expect(parseAlertmanagerConfig(text, 'again.yml').receivers.map(({ name }) => name)).toEqual([
      'platform',
      'shop/web/team',
    ]);
  });

  it.each([
    ['route: { receiver: nobody }', 'spec.route.receiver: expected the name of a receiver'],
    [
      `${ROUTED.replace('{ name: team }', '{ name: team, webhookConfigs: [{ maxAlerts: 1 }] }')}`,
      'spec.receivers[0].webhookConfigs[0]: expected one of url or url_file',
    ],
    [
      `${ROUTED}muteTimeIntervals: [{ name: a, timeIntervals: [{ weekdays: [someday] }] }]`,
      'spec.muteTimeIntervals[0].timeIntervals[0].weekdays[0]: expected',
    ],
    [
      `${ROUTED}timeIntervals: [{ name: a, timeIntervals: [{ months: [x] }] }]`,
      'spec.timeIntervals[0].timeIntervals[0].months[0]: expected',
    ],
    [
      'route: { receiver: team, groupWait: soon }\nreceivers: [{ name: team }]',
      'spec.route.groupWait: expected a duration',
    ],
  ])('is checked as a file is, with paths of the object: %s', (spec, problem) => {
    expect(problemsWith(BASE, written(spec))).toEqual([expect.stringContaining(problem)]);
  });

  it('goes on without an object that the file no longer goes with', () => {
    const bad = written('route: { receiver: nobody }');
    const { config } = withUsableFragments(BASE, [bad, written(ROUTED)]);
    expect(config.route.routes.map(({ receiver }) => receiver)).toEqual(['shop/web/team', 'platform']);
  });
});
