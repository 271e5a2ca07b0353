import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/vigie.cjs', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary as it is built: `npm test` builds it first. */
function vigie(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-rules-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const RULES = `groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
      - record: b
        expr: up
`;

describe('vigie check rules', () => {
  it('counts the rules of each file, and warns of those that write the same series', async () => {
    const folder = await folderWith({ 'a.yml': RULES, 'b.yml': RULES.replace('record: b', 'alert: Down') });
    expect(await vigie('check', 'rules', `${folder}/a.yml`, `${folder}/b.yml`)).toEqual({
      code: 0,
      stdout: `${folder}/a.yml: ok, 2 rules\n${folder}/b.yml: ok, 2 rules\n${folder}/b.yml: warning: more than one rule writes Down{}\n`,
      stderr: '',
    });
  });

  it('checks rules on logs, for the store that they ask', async () => {
    const rule = `{alert: A, expr: '{app="x"}'}, {alert: B, pattern: {query: {message: {re: x}}}}`;
    const folder = await folderWith({ 'a.yml': `groups: [{name: g, rules: [${rule}]}]\n` });
    for (const store of ['any', 'loki'])
      expect(await vigie('check', 'rules', '--logs', store, `${folder}/a.yml`)).toEqual({
        code: 0,
        stdout: `${folder}/a.yml: ok, 2 rules\n`,
        stderr: '',
      });
    const ended = await vigie('check', 'rules', '--logs', 'elasticsearch', `${folder}/a.yml`);
    expect(ended.code).toBe(2);
    expect(ended.stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('only Loki answers LogQL'),
      expect.stringContaining('a condition that elasticsearch can be asked'),
    ]);
  });

  it('says where rules on logs belong', async () => {
    const folder = await folderWith({
      'a.yml': `groups: [{name: g, rules: [{alert: B, pattern: {query: {message: {re: x}}}}]}]\n`,
    });
    const ended = await vigie('check', 'rules', `${folder}/a.yml`);
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('`vigie check rules --logs STORE` checks them'),
    });
  });

  it('says everything that is wrong, and exits 2', async () => {
    const folder = await folderWith({ 'a.yml': RULES, 'b.yml': RULES.replaceAll('expr: up', 'expr: sum(') });
    const ended = await vigie('check', 'rules', `${folder}/b.yml`, `${folder}/a.yml`, `${folder}/c.yml`);
    expect(ended).toMatchObject({ code: 2, stdout: `${folder}/a.yml: ok, 2 rules\n` });
    expect(ended.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/b\.yml:5:15: groups\[0\]\.rules\[0\]\.expr: expected a PromQL expression/),
      `${folder}/b.yml:7:15: groups[0].rules[1].expr: expected a PromQL expression (1:5: parse error: unclosed left parenthesis), got "sum("`,
      expect.stringMatching(/^cannot read the rule file .*\/c\.yml: ENOENT/),
    ]);
  });
});

describe('experimental language in rules', () => {
  it('is taken where it is enabled, and refused otherwise', async () => {
    const folder = await folderWith({
      'a.yml': RULES.replace('expr: up\n', 'expr: limitk(1, up)\n'),
      'test.yml': "rule_files: [a.yml]\ntests: [{promql_expr_test: [{expr: 'limitk(1, up)'}]}]\n",
    });
    for (const [command, file] of [
      ['check', 'a.yml'],
      ['test', 'test.yml'],
    ] as const) {
      expect(await vigie(command, 'rules', '--enable', 'experimental', `${folder}/${file}`)).toMatchObject({ code: 0 });
      expect(await vigie(command, 'rules', `${folder}/${file}`)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('limitk() is experimental'),
      });
    }
    const wrong = await vigie('check', 'rules', '--enable', 'more', `${folder}/a.yml`);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Allowed choices are experimental') });
  });
});

describe('vigie test rules', () => {
  const test = (value: number) =>
    `rule_files: [a.yml]\ntests: [{input_series: [{series: up, values: '1'}], promql_expr_test: [{expr: b, exp_samples: [{labels: b, value: ${value}}]}]}]\n`;

  it('prints what promtool prints, and exits 0 when all pass', async () => {
    const folder = await folderWith({ 'a.yml': RULES, 'test.yml': test(1) });
    expect(await vigie('test', 'rules', `${folder}/test.yml`)).toEqual({
      code: 0,
      stdout: `Unit Testing:  ${folder}/test.yml\n  SUCCESS\n\n`,
      stderr: '',
    });
  });

  it('exits 1 when one fails', async () => {
    const folder = await folderWith({ 'a.yml': RULES, 'test.yml': test(2) });
    expect(await vigie('test', 'rules', `${folder}/test.yml`)).toEqual({
      code: 1,
      stdout: `Unit Testing:  ${folder}/test.yml\n\n\n`,
      stderr:
        '  FAILED:\n    expr: "b", time: 0s,\n        exp: {__name__="b"} 2E+00\n        got: {__name__="b"} 1E+00\n',
    });
  });

  it('exits 2 when a file is bad, and runs the others', async () => {
    const folder = await folderWith({ 'a.yml': 'groups: 1\n', 'test.yml': test(1), 'other.yml': 'tests: []\n' });
    const ended = await vigie('test', 'rules', `${folder}/test.yml`, `${folder}/other.yml`);
    expect(ended).toEqual({
      code: 2,
      stdout: `Unit Testing:  ${folder}/test.yml\n\nUnit Testing:  ${folder}/other.yml\n  SUCCESS\n\n`,
      stderr: `${folder}/a.yml:1:9: groups: expected a list, got "1"\n`,
    });
  });
});
