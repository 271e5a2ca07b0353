/** Scenarios with lines: what rules on logs make of them, when they come late, and pages that show them. */
import { describe, expect, it } from 'vitest';
import { runWritten } from './written-scenarios.ts';

const ALERTMANAGER = `route: { receiver: pager, group_by: ['...'], group_wait: 0s, group_interval: 1m }
receivers:
  - name: pager
    webhook_configs: [{ url: 'http://pager.example/' }]
`;
const PATTERN = `pattern: { query: { namespace: shop, message: { contains: 'panic:' } }, by: [namespace, pod, container], range: 5m }`;
const RATE = `rate: { query: { namespace: shop }, by: [container], range: 2m, above: 2 }`;

interface Told {
  /** What a rule on logs is. */
  readonly rule?: string;
  /** Keys of the file beside the usual ones. */
  readonly file?: string;
}

/** @param body of the scenario, with an indent of four
 *  @returns what is not as expected */
async function failuresOf(body: string, { rule = PATTERN, file = '' }: Told = {}): Promise<readonly string[]> {
  const common = 'log_rule_files: [logs.yml]\nalertmanager_config: alertmanager.yml\n';
  const logs = file.includes('logs:') ? '' : 'logs: { type: loki }\n';
  const { failures } = await runWritten({
    'logs.yml': `groups: [{ name: g, rules: [{ alert: A, ${rule} }] }]\n`,
    'alertmanager.yml': ALERTMANAGER,
    's.yml': `${common}${logs}${file}scenarios:\n  - name: s\n${body}`,
  });
  return failures;
}

const input = (...lines: readonly string[]): string =>
  `    input_lines:\n${lines.map((line) => `      - { ${line} }\n`).join('')}`;
const told = (at: string, rest: string): string => `    notified:\n      - { at: ${at}, receiver: pager, ${rest} }\n`;
const untold = (because: string): string => `    not_notified: [{ alert: A, because: ${because} }]\n`;

describe('lines of a scenario', () => {
  it('are found at the first evaluation after they were written', async () => {
    const line = 'fields: { namespace: shop, pod: web-1, container: app }, message: "panic: no memory", at: 90s';
    const expected = told('2m', 'firing: [\'A{namespace="shop", pod="web-1", container="app"}\']');
    expect(await failuresOf(input(line) + expected)).toEqual([]);
  });

  it('are of a container with usual names unless they say otherwise, and lack a field that is empty', async () => {
    const rule = `pattern: { query: { namespace: default }, by: [pod, container], range: 5m }`;
    const expected = `    lasts: 1m\n${told('1m', 'firing: [\'A{pod="test-pod", container="test"}\']')}`;
    expect(await failuresOf(input('message: hello, at: 30s') + expected, { rule })).toEqual([]);
    const without = `    lasts: 1m\n${told('1m', 'firing: [\'A{container="test"}\'], text: \'"labels":{"alertname":"A","container":"test"}\'')}`;
    expect(await failuresOf(input('message: hello, at: 30s, fields: { pod: "" }') + without, { rule })).toEqual([]);
  });

  it('are there once they have arrived, and one that comes late is counted in its own window', async () => {
    const shop = 'fields: { namespace: shop, container: web }, message: x';
    const rule = RATE;
    const prompt = input(`${shop}, at: 10s, every: 10s, times: 3`);
    expect(
      await failuresOf(`${prompt}    lasts: 2m\n${told('1m', 'firing: [\'A{container="web"}\']')}`, { rule }),
    ).toEqual([]);
    // Two in time, and the third eight minutes later: no window of now has three.
    const late = input(`${shop}, at: 10s, every: 10s, times: 2`, `${shop}, at: 40s, late: 8m`);
    expect(await failuresOf(`${late}    lasts: 10m\n${told('9m', 'firing: [A]')}`, { rule })).toEqual([]);
    const cutOff = input(`${shop}, at: 10s, every: 10s, times: 2`, `${shop}, at: 40s, arrives: 8m40s`);
    expect(await failuresOf(`${cutOff}    lasts: 10m\n${told('9m', 'firing: [A]')}`, { rule })).toEqual([]);
  });

  it('that come later than late_lines are not looked for', async () => {
    const line = 'fields: { namespace: shop }, message: "panic: x", at: 2m, arrives: 9m';
    const file = 'logs: { type: elasticsearch, late_lines: 5m }\n';
    expect(await failuresOf(input(line) + untold('inactive'), { file })).toEqual([]);
    const longer = 'logs: { type: elasticsearch, late_lines: 10m }\n';
    expect(await failuresOf(input(line) + told('9m', 'firing: [A]'), { file: longer })).toEqual([]);
  });

  it('before the start are known to rules that learn from them', async () => {
    const rule = `new_term: { query: { namespace: shop }, field: code, range: 10m }`;
    const known = 'fields: { namespace: shop, code: E1 }, message: x';
    const lines = input(
      `${known}, at: -1h`,
      `${known}, at: 90s`,
      'fields: { namespace: shop, code: E2 }, message: x, at: 90s',
    );
    expect(await failuresOf(lines + told('2m', 'firing: [\'A{code="E2"}\']'), { rule })).toEqual([]);
  });

  it('that stay away are missed', async () => {
    const rule = `absence: { query: { container: backup }, range: 5m }`;
    const lines = input('fields: { container: backup }, message: done, every: 1m, times: 10');
    // The last at 9m; a step, and what lines may take.
    expect(await failuresOf(`${lines}${told('15m', 'firing: [A]')}`, { rule })).toEqual([]);
  });

  it('are found as Elasticsearch finds them where logs.type says so: by their words', async () => {
    const line = 'fields: { namespace: shop, pod: p, container: c }, message: "kernel PANIC; oops", at: 30s';
    expect(await failuresOf(`${input(line)}    lasts: 2m\n${untold('inactive')}`)).toEqual([]);
    const file = 'logs: { type: opensearch }\n';
    expect(await failuresOf(`${input(line)}    lasts: 2m\n${told('1m', 'firing: [A]')}`, { file })).toEqual([]);
  });

  it('are shown by the pages of receivers that want them', async () => {
    const file = 'external_url: http://vigie\nreceivers: { pager: { context: { include: [log_lines] } } }\n';
    const fields = 'fields: { namespace: shop, pod: web-1, container: app }';
    const lines = input(`${fields}, message: starting, at: 80s`, `${fields}, message: "panic: no memory", at: 90s`);
    const text = '"vigie_log_lines":"00:01:20 starting\\n00:01:30 panic: no memory"';
    expect(await failuresOf(lines + told('2m', `firing: [A], text: '${text}'`), { file })).toEqual([]);
  });

  it('are found by queries of LogQL, and counted by its metric queries', async () => {
    const lines = input('fields: { app: shop, level: error }, message: "a b", at: 10s, every: 10s, times: 12');
    const pattern = `pattern: { query: '{app="shop"} |= "a" | level=~"err.*"', by: [pod], range: 5m }`;
    expect(await failuresOf(lines + told('1m', 'firing: [A]'), { rule: pattern })).toEqual([]);
    const expr = `expr: 'sum by (app) (count_over_time({app="shop"} |~ "a.b" [1m])) > 4', annotations: { n: '{{ $value }}' }`;
    const firing = told('1m', `firing: ['A{app="shop"}'], text: '"n":"5"'`);
    const resolved = '      - { at: 4m, receiver: pager, resolved: [A] }\n';
    expect(await failuresOf(lines + firing + resolved, { rule: expr })).toEqual([]);
  });

  it('fail the scenario where a rule asks what scenarios do not read', async () => {
    const parsed = `pattern: { query: '{namespace="shop"} | json' }`;
    expect(await failuresOf(input('message: x'), { rule: parsed })).toEqual([
      expect.stringMatching(
        /^ {4}s\.yml:5: s: the rule A cannot be evaluated: scenarios read a part of LogQL: .* got "json"$/,
      ),
    ]);
    const file = 'logs: { type: opensearch }\n';
    const lucene = `pattern: { query: 'level:error' }`;
    expect(await failuresOf(input('message: x'), { rule: lucene, file })).toEqual([
      expect.stringContaining('scenarios do not read Lucene: write the query as a condition'),
    ]);
  });
});

describe('a file of scenarios with lines', () => {
  it('is told of all that is wrong with it, with its places', async () => {
    const wrong = failuresOf(
      input(
        'mesage: x, message: y',
        'message: x, every: 1m',
        'message: x, times: 3',
        'message: x, fields: { message: y }',
        'message: x, at: soon',
      ),
    );
    await expect(wrong).rejects.toThrow(
      /:7:11: scenarios\[0\]\.input_lines\[0\]\.mesage: expected one of the keys at, message, fields.*[\s\S]*:11:27: .*at: expected a duration since the start/,
    );
    const others = failuresOf(
      input('message: x, every: 1m', 'message: x, times: 3', 'message: x, fields: { message: y }'),
      { file: 'logs: { type: loki, query_delay: 3m }\n' },
    );
    await expect(others).rejects.toThrow(
      /max_query_delay: expected query_delay or more[\s\S]*every: expected times beside it[\s\S]*times: expected every beside it[\s\S]*fields\.message: expected no message here/,
    );
  });

  it('names the log store that its rules ask', async () => {
    await expect(failuresOf(input('message: x'), { file: 'logs: {}\n' })).rejects.toThrow(
      /:1:1: log_rule_files: expected logs\.type beside it/,
    );
    const rule = `pattern: { query: { message: { re: 'x' } } }`;
    await expect(failuresOf(input('message: x'), { rule, file: 'logs: { type: opensearch }\n' })).rejects.toThrow(
      /logs\.yml:1:\d+: .*expected a condition that opensearch can be asked/,
    );
  });

  it('has no more lines than are kept in memory', async () => {
    const lines = input('message: x, every: 1s, times: 60000', 'message: x, every: 1s, times: 60000');
    await expect(failuresOf(lines)).rejects.toThrow(/input_lines: expected no more than 100000 lines in a scenario/);
  });

  it('has no lines that nobody reads', async () => {
    const lines = input('message: x');
    const unread = runWritten({
      'alertmanager.yml': ALERTMANAGER,
      's.yml': `alertmanager_config: alertmanager.yml\nscenarios:\n  - name: s\n${lines}`,
    });
    await expect(unread).rejects.toThrow(
      /:4:5: scenarios\[0\]\.input_lines: expected log_rule_files or receivers\.NAME\.context/,
    );
  });

  it('names no receivers but those that there are', async () => {
    const file = 'receivers: { nobody: { context: {} } }\n';
    await expect(failuresOf(input('message: x'), { file })).rejects.toThrow(
      /:4:\d+: receivers\.nobody: expected the name of a receiver/,
    );
  });
});
