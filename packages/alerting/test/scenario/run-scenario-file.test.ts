/** Scenarios through the engine that a service has, and what is said of those that do not come out as expected. */
import { describe, expect, it } from 'vitest';
import { examplesOf, page } from './scenarios-page.ts';
import { runWritten } from './written-scenarios.ts';

const [RULES = '', ALERTMANAGER = '', SCENARIOS = '', LOG_RULES = '', LOG_SCENARIOS = ''] = examplesOf('yaml');

interface Files {
  readonly rules?: string;
  readonly logRules?: string;
  readonly alertmanager?: string;
}

async function outcomeOf(
  scenarios: string,
  { rules = RULES, logRules = LOG_RULES, alertmanager = ALERTMANAGER }: Files = {},
) {
  const files = { 'shop.yml': rules, 'shop-logs.yml': logRules, 'alertmanager.yml': alertmanager };
  return runWritten({ ...files, 's.yml': scenarios });
}

const scenario = (body: string): string =>
  `rule_files: [shop.yml]\nalertmanager_config: alertmanager.yml\nscenarios:\n  - name: s\n${body}`;
const DOWN = `    input_series: [{ series: 'up{job="web"}', values: 0x10 }]\n`;
const TOLD = '      - { at: 30s, receiver: pager, firing: [ShopDown] }\n';

describe('scenarios', () => {
  it('of the reference come out as expected', async () => {
    expect(await outcomeOf(SCENARIOS)).toEqual({ failures: [], unmatched: [] });
  });

  it('of the reference with lines come out as expected', async () => {
    expect(await outcomeOf(LOG_SCENARIOS)).toEqual({ failures: [], unmatched: [] });
  });

  it('that do not are told as the reference shows', async () => {
    const [, shown = ''] = /^ {2}FAILED:\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const changed = SCENARIOS.replace('at: 11m30s                        #', 'at: 11m #').replace(
      /\n {2}- name: who knows[\s\S]*$/,
      '\n    receivers: []\n',
    );
    const { failures } = await outcomeOf(changed);
    expect(failures.map((failure) => `${failure}\n`).join('')).toBe(shown.replaceAll('shop.scenarios.yml', 's.yml'));
  });

  it('may name no other notification than come, unless they look at some receivers alone', async () => {
    const { failures } = await outcomeOf(scenario(DOWN));
    expect(failures).toEqual([
      '    s.yml:4: s: expected no other notifications, got\n        30s pager/slack/0: firing ShopDown{job="web", severity="page"}',
    ]);
    expect((await outcomeOf(scenario(`${DOWN}    receivers: [office]\n`))).failures).toEqual([]);
  });

  it('say which text is not shown, and what is', async () => {
    const told = TOLD.replace(' }\n', ', text: [web is down, nowhere] }\n');
    const { failures } = await outcomeOf(scenario(`${DOWN}    notified:\n${told}`));
    expect(failures).toEqual([
      '    s.yml:7: s: expected of pager/slack/0 the text\n        nowhere\n    got\n        firing: ShopDown\n        web is down',
    ]);
  });

  it.each([
    ['inactive', `    input_series: [{ series: 'up{job="web"}', values: 1x10 }]\n`, 'alert: ShopDown'],
    ['pending', `    input_series:\n${errors(5)}`, 'alert: TooManyErrors'],
    ['route', `${DOWN}    receivers: []\n`, 'alert: ShopDown, receiver: office'],
    ['silence', `${DOWN}    silences: [{ matchers: [job=web] }]\n`, 'alert: ShopDown'],
    ['time_interval', `    start: 2026-11-29T02:30:00Z\n${DOWN}`, `alert: 'ShopDown{job="web"}'`],
    ['waiting', `    lasts: 10s\n${DOWN}`, 'alert: ShopDown'],
  ])('know why nobody is told: %s', async (because, body, alert) => {
    const untold = (reason: string): string =>
      scenario(`${body}    not_notified: [{ ${alert}, because: ${reason} }]\n`);
    expect((await outcomeOf(untold(because))).failures).toEqual([]);
    const { failures } = await outcomeOf(untold(because === 'inactive' ? 'pending' : 'inactive'));
    expect(failures).toEqual([expect.stringContaining(`got none because of ${because}`)]);
  });

  it('say that somebody was told who should not be', async () => {
    const { failures } = await outcomeOf(
      scenario(`${DOWN}    notified:\n${TOLD}    not_notified: [{ alert: ShopDown, receiver: pager }]\n`),
    );
    expect(failures).toEqual([
      '    s.yml:8: s: expected no notification of ShopDown to pager, got\n        30s pager/slack/0: firing ShopDown{job="web", severity="page"}',
    ]);
  });

  it('fail where a rule or a template does', async () => {
    const rules = RULES.replace('expr: up{job="web"} == 0', 'expr: up * on () group_left () up');
    const broken = await outcomeOf(
      scenario(
        `    input_series:\n      - { series: 'up{job="a"}', values: 0 }\n      - { series: 'up{job="b"}', values: 0 }\n`,
      ),
      { rules },
    );
    expect(broken.failures).toEqual([
      expect.stringMatching(/^ {4}s\.yml:4: s: the rule ShopDown cannot be evaluated: /),
    ]);
    const alertmanager = ALERTMANAGER.replace('{{ .Status }}:', '{{ .Status.Nothing }}:');
    const untold = await outcomeOf(scenario(DOWN), { alertmanager });
    expect(untold.failures).toEqual([expect.stringMatching(/s: pager\/slack\/0 cannot be told: .*Nothing/)]);
  });

  it('tell what is wrong with the file, all of it, with its places', async () => {
    const bad = scenario(
      "    input_series: [{ series: 'up{', values: 1 }]\n    notified: [{ at: 1m, receiver: a }]\n    not_notified: [{ alert: '{', because: luck }]\n",
    );
    await expect(outcomeOf(bad)).rejects.toThrow(/because: expected .*"silence".*got "luck"/);
    await expect(outcomeOf(bad.replace('luck', 'route'))).rejects.toThrow(
      /:5:\d+: .*a series with its values[\s\S]*:6:\d+: .*firing or resolved[\s\S]*:7:\d+: .*an alert such as/,
    );
  });

  it('evaluate each group at its own interval', async () => {
    const often = RULES.replace('- name: shop', '- name: shop\n    interval: 15s').replace(
      'expr: up',
      'for: 30s\n        expr: up',
    );
    const told = TOLD.replace('30s', '1m');
    expect((await outcomeOf(scenario(`${DOWN}    notified:\n${told}`), { rules: often })).failures).toEqual([]);
    const seldom = RULES.replace('- name: shop', '- name: shop\n    interval: 5m').replace(
      'expr: up',
      'for: 30s\n        expr: up',
    );
    const later = TOLD.replace('30s', '5m30s');
    expect((await outcomeOf(scenario(`${DOWN}    notified:\n${later}`), { rules: seldom })).failures).toEqual([]);
  });

  it('are no files without the key', async () => {
    expect(await outcomeOf('tests: []\n')).toEqual({ failures: [] });
  });
});

function errors(minutes: number): string {
  return `      - { series: 'requests_total{job="web"}', values: 0+60x${minutes} }\n      - { series: 'errors_total{job="web"}', values: 0+30x${minutes} }\n`;
}
