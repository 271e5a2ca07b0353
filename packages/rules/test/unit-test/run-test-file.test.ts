import { fileURLToPath } from 'node:url';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import { describe, expect, it } from 'vitest';
import { runTestFile } from '../../src/unit-test/run-test-file.ts';
import { never } from '../world.ts';

const folder = fileURLToPath(new URL('../../testdata/unit-tests/', import.meta.url));
const run = (name: string) => runTestFile(`${folder}${name}`, openMemoryStorage, never);

describe('unit tests of rules', () => {
  it('pass: alerts, templates, order of groups, kept alerts, histograms, external labels, a start', async () => {
    expect(await run('passing.yml')).toEqual({ failures: [], unmatched: [] });
  });

  it('hold alerts as rules do, with annotations that are options among the expected, and without', async () => {
    expect(await run('beyond-prometheus.yml')).toEqual({ failures: [], unmatched: [] });
  });

  it('fail with what was expected and what came, as promtool prints it', async () => {
    const { failures, unmatched } = await run('failing.yml');
    expect(unmatched).toEqual([`${folder}rules/none-*.yml`]);
    expect(failures).toEqual([
      `    name: Failing test,
    alertname: Test, time: 0s, 
        exp:[
            0:
              Labels:{a="x", alertname="Test"}
              Annotations:{c="d"},
            1:
              Labels:{alertname="Test", b="\\""}
              Annotations:{}
            ], 
        got:[]`,
      '    expr: "test", time: 0s,\n        exp: {__name__="test"} 1E+00\n        got: {__name__="test"} 0E+00',
      '    expr: "h", time: 0s,\n        exp: {__name__="h", a="b"} 1E-01\n        got: {__name__="h", a="b"} {{count:4 sum:5 buckets:[1 2 1]}}',
      '    expr: "sum(", time: 0s, err: 1:5: parse error: unclosed left parenthesis',
      `    alertname: Watchdog, time: 5m, 
        exp:[], 
        got:[
            0:
              Labels:{alertname="Watchdog", severity="none"}
              Annotations:{summary="still there"}
            ]`,
    ]);
  });

  it('end where a rule cannot be evaluated', async () => {
    expect((await run('broken-rule.yml')).failures).toEqual([
      expect.stringMatching(/^ {4}name: an evaluation that fails,\n {4}alertname: B, time: 0s, /),
      '    rule: B, time: 1m30s, err: vector contains metrics with the same labelset after applying alert labels',
    ]);
  });

  it('may take floats for the same that differ in their last bit', async () => {
    expect((await run('fuzzy.yml')).failures).toEqual([]);
  });

  it('are aborted with the signal', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(runTestFile(`${folder}passing.yml`, openMemoryStorage, aborted)).rejects.toThrow('enough');
  });

  it('say of a file that is not there which one it is', async () => {
    await expect(run('missing.yml')).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: `cannot read the test file ${folder}missing.yml`,
    });
  });
});
