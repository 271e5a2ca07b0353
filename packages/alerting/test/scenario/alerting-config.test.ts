/** Scenarios with an alerting.yaml: what it says beyond alertmanager.yml decides here what it decides in the service. */
import { describe, expect, it } from 'vitest';
import { examplesOf } from './scenarios-page.ts';
import { runWritten } from './written-scenarios.ts';

const EXAMPLES = examplesOf('yaml');
const [SHOP_RULES = '', SHOP_ALERTMANAGER = ''] = EXAMPLES;
const SHOP_ALERTING = EXAMPLES.find((yaml) => yaml.startsWith('data_dir:')) ?? '';
const SHOP_PAGES = EXAMPLES.find((yaml) => yaml.startsWith('alerting_config:')) ?? '';

const RULES = `groups:
  - name: g
    rules:
      - { alert: NodeDown, expr: node_up == 0, for: 2m }
      - { alert: Slow, expr: slow == 1 }
`;
const ALERTMANAGER = `route: { receiver: pager, group_by: [alertname], group_wait: 30s, group_interval: 1m, repeat_interval: 90s }
receivers:
  - { name: pager, webhook_configs: [{ url: 'http://pager.example/' }] }
  - { name: chat, slack_configs: [{ api_url: 'https://chat.example/', channel: '#a', text: '{{ len .Alerts }}' }] }
`;
const ALERTING = `data_dir: /d\nalertmanager_config: alertmanager.yml\nrule_files: [rules.yml]\ndatasources: { metrics: { url: 'http://x' } }\n`;

interface Written {
  readonly alerting?: string;
  readonly alertmanager?: string;
  readonly file?: string;
}

/** @param alerting what alerting.yaml has beside the usual keys
 *  @param body of the scenario, with an indent of four */
async function failuresOf(
  body: string,
  { alerting = '', alertmanager = ALERTMANAGER, file = '' }: Written,
): Promise<readonly string[]> {
  const { failures } = await runWritten({
    'rules.yml': RULES,
    'alertmanager.yml': alertmanager,
    'alerting.yaml': ALERTING + alerting,
    's.yml': `alerting_config: alerting.yaml\n${file}scenarios:\n  - name: s\n${body}`,
  });
  return failures;
}

const SLOW = `    input_series: [{ series: 'slow{instance="n1"}', values: 1x20 }]\n`;
const told = (...lines: readonly string[]): string =>
  `    notified:\n${lines.map((line) => `      - { receiver: pager, ${line} }\n`).join('')}`;

describe('scenarios with an alerting.yaml', () => {
  it('of the reference come out as expected', async () => {
    const files = { 'shop.yml': SHOP_RULES, 'alertmanager.yml': SHOP_ALERTMANAGER, 'alerting.yaml': SHOP_ALERTING };
    expect(await runWritten({ ...files, 's.yml': SHOP_PAGES })).toEqual({ failures: [], unmatched: [] });
  });

  it('have its inhibition rules, and wait for pending alerts', async () => {
    const series = `    lasts: 4m
    input_series:
      - { series: 'slow{instance="n1"}', values: 1x10 }
      - { series: 'node_up{node="n1"}', values: 0x10 }\n`;
    const rules = `rules: [{ source_matchers: [alertname=NodeDown], target_matchers: [alertname=Slow], equal: [node=instance] }]`;
    const node = 'at: 2m30s, firing: [NodeDown]';
    const untold = '    not_notified: [{ alert: Slow, because: inhibition }]\n';
    const held = { alerting: `inhibition: { hold: 5m, ${rules} }\n` };
    expect(await failuresOf(series + told(node) + untold, held)).toEqual([]);
    const unheld = { alerting: `inhibition: { ${rules} }\n` };
    expect(await failuresOf(series + told('at: 30s, firing: [Slow]', node), unheld)).toEqual([]);
  });

  it('repeat on time, and say why an alert is over, or do not', async () => {
    const body = `    lasts: 4m\n    input_series: [{ series: 'slow{instance="n1"}', values: 1x2 0x2 }]\n`;
    const usual = told(
      'at: 30s, firing: [Slow]',
      'at: 2m30s, firing: [Slow]',
      `at: 3m30s, resolved: [Slow], text: '"vigie_resolve_reason":"recovered"'`,
    );
    expect(await failuresOf(body + usual, {})).toEqual([]);
    const onTime = told('at: 30s, firing: [Slow]', 'at: 2m1ms, firing: [Slow]', 'at: 3m1ms, resolved: [Slow]');
    expect(await failuresOf(body + onTime, { alerting: 'notifications: { repeat_on_time: true }\n' })).toEqual([]);
    const [failure] = await failuresOf(body + usual, { alerting: 'notifications: { resolve_reason: false }\n' });
    expect(failure).toContain('expected of pager/webhook/0 the text');
  });

  it('hold an alert that flaps, and one whose data is gone', async () => {
    const flapping = `    lasts: 14m\n    input_series: [{ series: 'slow{instance="n1"}', values: '1 0 1 0 1 0 1 0 1 0 1 0 1 0 1' }]\n    receivers: []\n`;
    const untold = '    not_notified: [{ alert: Slow, because: waiting }]\n';
    expect(await failuresOf(flapping + untold, {})).toEqual([
      expect.stringContaining('expected no notification of Slow'),
    ]);
    const gone = `    lasts: 6m\n    input_series: [{ series: 'slow{instance="n1"}', values: 1 stale _x10 }]\n`;
    const kept = told('at: 30s, firing: [Slow]', 'at: 2m30s, firing: [Slow]', 'at: 4m30s, firing: [Slow]');
    expect(await failuresOf(gone + kept, { alerting: 'rules: { no_data: keep }\n' })).toEqual([]);
    const over = told('at: 30s, firing: [Slow]', `at: 1m30s, resolved: [Slow], text: '"no_data"'`);
    expect(await failuresOf(gone + over, {})).toEqual([]);
  });

  it('tell those who have a rate limit less often, in a digest', async () => {
    const alertmanager = ALERTMANAGER.replace(
      'receiver: pager, group_by: [alertname]',
      "receiver: chat, group_by: ['...']",
    ).replace('group_interval: 1m', 'group_interval: 5m');
    const series = ['n1', 'n2', 'n3'].map((node) => `{ series: 'slow{instance="${node}"}', values: 1x1 }`).join(', ');
    const body = `    lasts: 90s\n    input_series: [${series}]\n`;
    const one = (node: string): string => `      - { at: 30s, receiver: chat, firing: ['Slow{instance="${node}"}'] }\n`;
    const all = `    notified:\n${['n1', 'n2', 'n3'].map(one).join('')}`;
    expect(await failuresOf(body + all, { alertmanager })).toEqual([]);
    const digest = `      - { at: 1m30s, receiver: chat, firing: ['Slow{instance="n2"}', 'Slow{instance="n3"}'], text: '2' }\n`;
    const limited = { alertmanager, alerting: 'receivers: { chat: { rate_limit: { notifications: 1, per: 1m } } }\n' };
    expect(await failuresOf(`${body}    notified:\n${one('n1')}${digest}`, limited)).toEqual([]);
  });

  it('fail where there are more alerts than its limits allow', async () => {
    const body = `    receivers: []\n    input_series: [{ series: 'slow{instance="n1"}', values: 1 }, { series: 'slow{instance="n2"}', values: 1 }]\n`;
    expect(await failuresOf(body, { alerting: 'limits: { alerts: 1 }\n' })).toEqual([
      expect.stringContaining('alerts are not taken: 1 of 2 alerts are not taken: there may be 1 alerts at a time'),
    ]);
  });

  it('have silences that recur', async () => {
    const start = `    start: 2026-11-29T01:50:00Z\n    lasts: 25m\n${SLOW.replace('1x20', '1x25')}`;
    const silenced = `    silences: [{ matchers: [alertname=Slow], recurs: 'sunday 01:45-02:10' }]\n`;
    expect(
      await failuresOf(
        start +
          silenced +
          told('at: 20m30s, firing: [Slow]', 'at: 22m30s, firing: [Slow]', 'at: 24m30s, firing: [Slow]'),
        {},
      ),
    ).toEqual([]);
  });

  it('go on when a receiver that failed answers again, and give up on one that refuses', async () => {
    const once = `    lasts: 90s\n${SLOW}`;
    const again = '    failing: [{ receiver: pager, until: 32s }]\n';
    // Asked at 30 s, and again after 250 ms, 500 ms, a second and two.
    expect(await failuresOf(once + again + told('at: 33s750ms, firing: [Slow]'), {})).toEqual([]);
    const refused = '    failing: [{ receiver: pager, until: 1m, status: 400 }]\n';
    expect(await failuresOf(once + refused + told('at: 1m30s, firing: [Slow]'), {})).toEqual([]);
  });

  it('say what is theirs in place of what it says', async () => {
    const file = 'external_labels: { region: eu }\nreceivers: {}\nevaluation_interval: 30s\n';
    const alerting =
      'external_labels: { cluster: a }\nreceivers: { pager: { escalation: [{ after: 40s, receiver: chat }] } }\n';
    const body = `    lasts: 90s\n${SLOW}`;
    expect(
      await failuresOf(body + told(`at: 30s, firing: ['Slow{region="eu", cluster=""}']`), { alerting, file }),
    ).toEqual([]);
  });

  it('fail where nothing is acknowledged', async () => {
    const body = `    lasts: 90s\n    acknowledged: [{ alert: NodeDown, at: 1m }]\n${SLOW}${told('at: 30s, firing: [Slow]')}`;
    expect(await failuresOf(body, {})).toEqual(['    s.yml:3: s: s.yml:5: nothing fires then that is like NodeDown']);
  });

  it('read the environment for it, and tell what is wrong with it', async () => {
    const files = {
      'rules.yml': RULES,
      'alertmanager.yml': ALERTMANAGER,
      'alerting.yaml': `${ALERTING}external_labels: { cluster: '\${CLUSTER}' }\n`,
      's.yml': `alerting_config: alerting.yaml\nscenarios:\n  - name: s\n    lasts: 1m\n${SLOW}${told(`at: 30s, firing: ['Slow{cluster="b"}']`)}`,
    };
    expect((await runWritten(files, { CLUSTER: 'b' })).failures).toEqual([]);
    await expect(runWritten(files)).rejects.toThrow(/alerting\.yaml:5:\d+: .*CLUSTER/);
  });

  it('name receivers and heartbeats that there are, and times in their order', async () => {
    const body = `    failing: [{ receiver: nobody }]
    heartbeats: [{ name: backup, times: 2 }]
    silences: [{ matchers: [a=b], from: 2m, until: 1m, recurs: some day }]
    acknowledged: [{ alert: '{', at: 1m, until: 1m }]\n`;
    await expect(failuresOf(body, {})).rejects.toThrow(
      /receiver: expected the name of a receiver of alertmanager_config, got "nobody"[\s\S]*name: expected the name of one of heartbeats_in[\s\S]*times: expected every beside it[\s\S]*until: expected a time behind its beginning[\s\S]*recurs: expected times such as[\s\S]*alert: expected an alert such as/,
    );
  });

  it('say who is told where it sends to Alertmanagers', async () => {
    const alerting = ALERTING.replace('alertmanager_config: alertmanager.yml', "alertmanagers: ['http://a']");
    const files = { 'rules.yml': RULES, 'alertmanager.yml': ALERTMANAGER, 'alerting.yaml': alerting };
    const scenarios = `scenarios:\n  - name: s\n    lasts: 1m\n${SLOW}${told('at: 30s, firing: [Slow]')}`;
    await expect(runWritten({ ...files, 's.yml': `alerting_config: alerting.yaml\n${scenarios}` })).rejects.toThrow(
      /s\.yml:1:\d+: alerting_config: expected alertmanager_config in it, or beside it/,
    );
    const both = `alerting_config: alerting.yaml\nalertmanager_config: alertmanager.yml\n${scenarios}`;
    expect((await runWritten({ ...files, 's.yml': both })).failures).toEqual([]);
    await expect(runWritten({ ...files, 's.yml': scenarios })).rejects.toThrow(
      /expected alerting_config or alertmanager_config/,
    );
  });
});
