/** Scenarios with lines that were recorded. */
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../scenarios-page.ts';
import { runWritten } from '../written-scenarios.ts';

const ALERTMANAGER = `route: { receiver: pager, group_by: ['...'], group_wait: 0s, group_interval: 1m }
receivers: [{ name: pager, webhook_configs: [{ url: 'http://pager.example/' }] }]
`;
const RULES = `groups:
  - name: g
    rules:
      - alert: A
        pattern: { query: { message: { contains: 'panic:' } }, by: [namespace, pod, stream, level], range: 5m }
        annotations: { line: '{{ $line }}' }
`;
const TIME = '2026-11-21T03:10:00Z';
const documentAt = (time: string, message: string, fields: object = {}): string =>
  `${JSON.stringify({ '@timestamp': time, message, kubernetes: { namespace: 'shop', pod: { name: 'web-1' } }, ...fields })}\n`;

/** @param entry of input_files
 *  @returns what is not as expected */
async function failuresOf(
  files: Readonly<Record<string, string>>,
  entry: string,
  rest: string,
): Promise<readonly string[]> {
  const { failures } = await runWritten({
    'rules.yml': RULES,
    'alertmanager.yml': ALERTMANAGER,
    ...files,
    's.yml': `log_rule_files: [rules.yml]\nlogs: { type: loki }\nalertmanager_config: alertmanager.yml\nscenarios:\n  - name: s\n    input_files: [${entry}]\n${rest}`,
  });
  return failures;
}

const told = (at: string, alert: string, text = ''): string =>
  `    lasts: 4m\n    notified: [{ at: ${at}, receiver: pager, firing: ['A${alert}'], text: '${text}' }]\n`;

describe('recorded lines of a scenario', () => {
  it('come out as the reference says', async () => {
    const yaml = examplesOf('yaml');
    const scenarios = yaml.find((text) => text.includes('input_files:')) ?? '';
    const files = { 'alertmanager.yml': yaml[1] ?? '', 'shop-logs.yml': yaml[3] ?? '' };
    expect(
      await runWritten({ ...files, 'shop-night.ndjson': examplesOf('json')[0] ?? '', 's.yml': scenarios }),
    ).toEqual({ failures: [], unmatched: [] });
  });

  it('are as far from each other as they were, in all files of an entry, in whatever order', async () => {
    const files = {
      'a.ndjson': documentAt('2026-11-21T03:11:30Z', 'panic: b') + documentAt(TIME, 'ready'),
      'b.ndjson': documentAt('2026-11-21T03:09:30Z', 'ready'),
    };
    // Two minutes behind the earliest, which is at the start.
    expect(await failuresOf(files, "{ files: ['*.ndjson'] }", told('2m', '{pod="web-1"}', 'panic: b'))).toEqual([]);
    const since = `{ files: ['*.ndjson'], since: '${TIME}' }`;
    expect(await failuresOf(files, since, told('2m', '{pod="web-1"}'))).toEqual([]);
    expect(await failuresOf(files, `{ files: ['*.ndjson'], since: '${TIME}', at: -1m }`, told('1m', '{}'))).toEqual([]);
    expect(await failuresOf(files, `{ files: ['*.ndjson'], at: -30s, arrives: 3m }`, told('3m', '{}'))).toEqual([]);
  });

  it('have fields in place of their own', async () => {
    const files = { 'a.ndjson': documentAt(TIME, 'panic: x', { level: 'info' }) };
    const entry = '{ files: [a.ndjson], at: 30s, fields: { level: error, kubernetes.pod.name: db-0 } }';
    expect(await failuresOf(files, entry, told('1m', '{pod="db-0", level="error", namespace="shop"}'))).toEqual([]);
  });

  it('are those of a runtime, whole, by their container', async () => {
    const log = [
      `${TIME} stdout F ready`,
      `${TIME} stderr P panic: `,
      `${TIME} stdout F steady`,
      '',
      `${TIME} stderr F no memory`,
    ].join('\r\n');
    const alert = '{namespace="shop", pod="web-1", stream="stderr"}';
    expect(
      await failuresOf({ 'pod.log': log }, '{ files: [pod.log], at: 30s }', told('1m', alert, 'panic: no memory')),
    ).toEqual([]);
    const unknown = '{namespace="default", pod="test-pod"}';
    expect(await failuresOf({ 'a.log': log }, '{ files: [a.log], at: 30s }', told('1m', unknown))).toEqual([]);
    const unfinished = `${TIME} stdout P panic: so far`;
    expect(
      await failuresOf({ 'a.log': unfinished }, '{ files: [a.log], at: 30s }', told('1m', unknown, 'so far')),
    ).toEqual([]);
  });

  it('make a scenario as long as they are, unless it says how long it is', async () => {
    const files = { 'a.ndjson': documentAt(TIME, 'ready') + documentAt('2026-11-21T03:13:00Z', 'panic: x') };
    const rest = `    notified: [{ at: 4m, receiver: pager, firing: [A] }]\n`;
    expect(await failuresOf(files, '{ files: [a.ndjson], at: 50s }', rest)).toEqual([]);
    const untold = '    lasts: 2m\n    not_notified: [{ alert: A, because: inactive }]\n';
    expect(await failuresOf(files, '{ files: [a.ndjson] }', untold)).toEqual([]);
  });

  it.each([
    [
      'text',
      `ready\n${documentAt(TIME, 'x')}`,
      /a\.log:1:1: expected a document in JSON, or a line such as .*, got "ready"/,
    ],
    ['broken JSON', `${documentAt(TIME, 'x')}{"a":\n`, /a\.log:2:1: expected a document in JSON, got "\{\\"a\\":"/],
    ['a document without a time', '{"message":"x"}\n', /a\.log:1:1: expected a document with @timestamp and message/],
    [
      'a time that does not exist',
      '2026-13-45T99:00:00Z stdout F x\n',
      /a\.log:1:1: expected a time that exists, got 2026-13/,
    ],
    [
      'a long line',
      `${'x'.repeat(2 ** 20 + 1)}\n`,
      /a\.log:1:1: expected a line of no more than 1 MiB, got a longer one/,
    ],
    [
      'a message in pieces that is too long',
      `${TIME} stdout P ${'x'.repeat(700_000)}\n`.repeat(2),
      /a\.log:2:1: expected a message of no more than 1 MiB/,
    ],
    [
      'bytes',
      `\u0001\u0000\n${'x\n'.repeat(20)}`,
      /a\.log:1:1: expected a log, which is text, got bytes that are none$/,
    ],
  ])('are told with their places where they are none: %s', async (_, text, expected) => {
    await expect(failuresOf({ 'a.log': text }, '{ files: [a.log] }', told('1m', '{}'))).rejects.toThrow(expected);
  });

  it('are told ten of a file', async () => {
    const files = { 'a.log': 'x\n'.repeat(1000), 'b.log': 'y\n' };
    const wrong = failuresOf(files, "{ files: ['*.log'] }", told('1m', '{}'));
    await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems: { length: 11 } });
  });

  it('are no more than are kept in memory', async () => {
    const many = `${TIME} stdout F x\n`.repeat(100_001);
    await expect(failuresOf({ 'a.log': many }, '{ files: [a.log] }', told('1m', '{}'))).rejects.toThrow(
      /a\.log:100001:1: expected no more than 100000 lines in a scenario, got more/,
    );
    const large = `${TIME} stdout F ${'x'.repeat(1_000_000)}\n`.repeat(70);
    await expect(failuresOf({ 'a.log': large }, '{ files: [a.log] }', told('1m', '{}'))).rejects.toThrow(
      /a\.log:68:1: expected no more than 64 MiB of lines/,
    );
  });

  it('are missed where there is no file, or what is there is none', async () => {
    const missing = failuresOf({}, "{ files: ['night/*.ndjson'] }", told('1m', '{}'));
    await expect(missing).rejects.toThrow(/s\.yml:6: input_files: there is no file .*night\/\*\.ndjson/);
    const empty = failuresOf({ 'a.log': '\n\n' }, '{ files: [a.log] }', told('1m', '{}'));
    await expect(empty).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/there is no line in .*a\.log/),
    });
    const folder = failuresOf({}, "{ files: ['.'] }", told('1m', '{}'));
    await expect(folder).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('cannot read the recorded lines of'),
    });
    await expect(failuresOf({}, '{ files: [] }', told('1m', '{}'))).rejects.toThrow(
      /files: expected at least one pattern/,
    );
  });
});
