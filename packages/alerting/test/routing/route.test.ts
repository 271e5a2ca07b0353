import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { buildRoutes, groupLabelsOf, matchRoutes, type Route } from '../../src/routing/route.ts';

const rootOf = (route: string, receivers: readonly string[]): Route =>
  buildRoutes(
    parseAlertmanagerConfig(
      `route:\n${route}\nreceivers:\n${receivers.map((name) => `  - name: ${name}\n`).join('')}`,
      'alertmanager.yml',
    ).route,
  );

/** The tree of dispatch/route_test.go. */
const root = rootOf(
  `  receiver: notify-def
  routes:
    - matchers: ['{owner="team-A"}']
      receiver: notify-A
      routes:
        - { matchers: ['{env="testing"}'], receiver: notify-testing, group_by: [...] }
        - { match: { env: production }, receiver: notify-productionA, group_wait: 1m, continue: true }
        - matchers: [ env=~"produ.*", job=~".*" ]
          receiver: notify-productionB
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 1h
          group_by: [job]
    - match_re: { owner: 'team-(B|C)' }
      group_by: [foo, bar]
      group_wait: 2m
      receiver: notify-BC
    - matchers: [group_by="role"]
      group_by: [role]
      routes:
        - matchers: [env="testing"]
          receiver: notify-testing
          routes: [{ matchers: [wait="long"], group_wait: 2m }]`,
  ['notify-def', 'notify-A', 'notify-testing', 'notify-productionA', 'notify-productionB', 'notify-BC'],
);

const told = (labels: Readonly<Record<string, string>>) =>
  matchRoutes(root, LabelSet.of(labels)).map(({ key, options }) => [key, options.receiver]);

describe('a tree of routes', () => {
  it.each<[Readonly<Record<string, string>>, string[][]]>([
    [{ owner: 'team-A' }, [['{}/{owner="team-A"}', 'notify-A']]],
    [{ owner: 'team-A', env: 'unset' }, [['{}/{owner="team-A"}', 'notify-A']]],
    [{ owner: 'team-C' }, [['{}/{owner=~"team-(B|C)"}', 'notify-BC']]],
    [{ owner: 'team-A', env: 'testing' }, [['{}/{owner="team-A"}/{env="testing"}', 'notify-testing']]],
    [
      { owner: 'team-A', env: 'production' },
      [
        ['{}/{owner="team-A"}/{env="production"}', 'notify-productionA'],
        ['{}/{owner="team-A"}/{env=~"produ.*",job=~".*"}', 'notify-productionB'],
      ],
    ],
    [{ group_by: 'role' }, [['{}/{group_by="role"}', 'notify-def']]],
    [{ env: 'testing', group_by: 'role' }, [['{}/{group_by="role"}/{env="testing"}', 'notify-testing']]],
    [
      { env: 'testing', group_by: 'role', wait: 'long' },
      [['{}/{group_by="role"}/{env="testing"}/{wait="long"}', 'notify-testing']],
    ],
    [{ owner: 'nobody' }, [['{}', 'notify-def']]],
  ])('tells of %j', (labels, expected) => {
    expect(told(labels)).toEqual(expected);
  });

  it('hands down what a route does not say', () => {
    const [long] = matchRoutes(root, LabelSet.of({ env: 'testing', group_by: 'role', wait: 'long' }));
    expect(long?.options).toEqual({
      receiver: 'notify-testing',
      groupBy: ['role'],
      groupWaitMs: 120_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 4 * 3_600_000,
      muteTimeIntervals: [],
      activeTimeIntervals: [],
      labels: {},
    });
    expect(long?.id).toBe('{}/{group_by="role"}/0/{env="testing"}/0/{wait="long"}/0');
    expect(long?.place).toBe('route.routes[2].routes[0].routes[0]');
  });

  it('does not hand down matchers, continue and time intervals, and merges labels', () => {
    const { route } = parseAlertmanagerConfig(
      `time_intervals: [{ name: night }]
receivers: [{ name: a }]
route:
  receiver: a
  labels: { team: x, tier: '1' }
  group_by: [...]
  routes:
    - matchers: [a=b]
      mute_time_intervals: [night]
      continue: true
      labels: { team: y }
      routes: [{ matchers: [c=d] }, { group_by: [] }]`,
      'alertmanager.yml',
    );
    const [parent] = buildRoutes(route).routes;
    const [child, alone] = parent?.routes ?? [];
    expect(parent?.options).toMatchObject({ muteTimeIntervals: ['night'], labels: { team: 'y', tier: '1' } });
    expect(child).toMatchObject({
      continues: false,
      options: { muteTimeIntervals: [], labels: { team: 'y', tier: '1' }, groupBy: 'all' },
    });
    expect(alone?.options.groupBy).toEqual([]);
  });

  it('groups by the labels that the alert has of those named', () => {
    const labels = LabelSet.of({ alertname: 'Down', pod: 'p' });
    const options = root.options;
    expect(groupLabelsOf(labels, { ...options, groupBy: ['alertname', 'cluster'] }).toJSON()).toEqual({
      alertname: 'Down',
    });
    expect(groupLabelsOf(labels, { ...options, groupBy: 'all' })).toBe(labels);
    expect(groupLabelsOf(labels, { ...options, groupBy: [] }).size).toBe(0);
  });
});
