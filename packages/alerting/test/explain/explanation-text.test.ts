import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it } from 'vitest';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { explainAlert } from '../../src/explain/explain-alert.ts';
import { explanationText } from '../../src/explain/explanation-text.ts';

const config = parseAlertmanagerConfig(
  `
route:
  receiver: mail
  group_by: [alertname]
  routes:
    - matchers: [severity="page"]
      receiver: pager
      continue: true
      group_wait: 10s
      labels: { team: infra }
      mute_time_intervals: [weekend, night]
      routes: [{ matchers: [team="db"] }]
    - matchers: [severity=~"page|ticket"]
      receiver: chat
      group_by: [...]
      active_time_intervals: [weekend]
    - matchers: [alertname=~".+"]
inhibit_rules:
  - name: node
    source_matchers: [alertname="NodeDown"]
    target_matchers: [severity="page"]
    equal: [cluster, node]
  - source_matchers: [alertname="Other"]
    target_matchers: [severity="info"]
time_intervals:
  - { name: weekend, time_intervals: [{ weekdays: [sunday] }] }
  - { name: night, time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] }
receivers:
  - name: mail
  - name: pager
    webhook_configs: [{ url: 'http://h' }]
    pagerduty_configs: [{ routing_key: k }]
  - name: chat
    discord_configs: [{ webhook_url: 'http://h' }]
`,
  'alertmanager.yml',
);

const explain = (labels: Readonly<Record<string, string>>, ...firing: readonly Readonly<Record<string, string>>[]) =>
  explanationText(
    explainAlert(config, {
      labels: LabelSet.of(labels),
      timeMs: Date.parse('2026-11-29T20:00:00Z'),
      firing: firing.map((one) => LabelSet.of(one)),
    }),
  );

it('says of every route, interval and inhibition rule what it decides', () => {
  expect(explain({ alertname: 'Down', severity: 'page', cluster: 'a' }, { alertname: 'NodeDown', cluster: 'a' })).toBe(
    `alert {alertname="Down", cluster="a", severity="page"}, fingerprint dde1c8e09512783f, at 2026-11-29T20:00:00Z

routes
  {} mail: matches, a route below is told
  ├─ {severity="page"} pager, continue: told
  │  └─ {team="db"} pager: no match, no label team
  ├─ {severity=~"page|ticket"} chat: told
  └─ {alertname=~".+"} mail: not reached, route.routes[1] has taken the alert

receiver pager, not now
  by             webhook, pagerduty
  route          route.routes[0]
  group          {alertname="Down"}, by alertname
  group key      {}/{severity="page"}:{alertname="Down"}
  timers         group_wait 10s, group_interval 5m, repeat_interval 4h
  route labels   team="infra"
  muted in       weekend (now), night (not now)

receiver chat
  by             discord
  route          route.routes[1]
  group          {alertname="Down", cluster="a", severity="page"}, by every label
  group key      {}/{severity=~"page|ticket"}:{alertname="Down", cluster="a", severity="page"}
  timers         group_wait 30s, group_interval 5m, repeat_interval 4h
  active in      weekend (now)

inhibition
  inhibit_rules[0] node: inhibited by {alertname="NodeDown", cluster="a"}
    by an alert that matches {alertname="NodeDown"}, and has {cluster="a"}, and lacks node
`,
  );
});

it('says where nobody is told, and where nothing inhibits', () => {
  const text = explain({ severity: 'none' });
  expect(text).toContain('  {} mail: told\n  ├─ {severity="page"} pager, continue: no match, severity is "none"\n');
  expect(text).toContain('  └─ {alertname=~".+"} mail: no match, no label alertname\n');
  expect(text).toContain('receiver mail\n  by             nothing: the receiver is empty\n');
  expect(text).toContain('inhibition\n  no rule has this alert among its targets\n');
  expect(explain({ severity: 'page' })).toContain('inhibit_rules[0] node: not inhibited\n');
});
