import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@vigie/core/log';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../src/config.ts';
import { runConfigTests, type TestOutcome } from '../src/config-tests/run-tests.ts';
import { serviceDeps } from '../src/run.ts';

const KERNEL = join(import.meta.dirname, '../../log-pipeline/dist/kernel.wasm');

const folder = mkdtempSync(join(tmpdir(), 'vigie-config-tests-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(transforms: string, tests: string): Promise<TestOutcome[]> {
  const file = join(folder, 'agent.yaml');
  const names = Array.from(transforms.matchAll(/^ {2}(\w+): \{ type: (\w+)/gm));
  const [, last = '', type = ''] = names.at(-1) ?? [];
  writeFileSync(
    file,
    `sources: { pods: { type: kubernetes_logs } }
transforms:
${transforms}
sinks:
  out: { type: console, inputs: [${type === 'route' ? `${last}._unmatched` : last}] }
tests:
${tests}`,
  );
  const config = await loadAgentConfig(file, {}, undefined);
  const world = { version: '0.0.0', kernelPath: KERNEL };
  return runConfigTests(config, await serviceDeps(config, () => Promise.resolve(config), world, createLog('error')));
}

const FILTER = '  errors: { type: filter, inputs: [pods], condition: { message: { re: ERROR } } }';

describe('runConfigTests', () => {
  it('tells what came out where something else was expected', async () => {
    const [outcome] = await run(
      FILTER,
      `
  - name: wrong
    inputs:
      - { insert_at: errors, message: ERROR a, kubernetes: { namespace: shop, pod: web-1 } }
      - { insert_at: errors, message: INFO b }
    outputs:
      - extract_from: errors
        count: 2
        conditions: [{ message: ERROR a, not: { stream: stdout } }, { kubernetes.pod.name: web-1 }]
    no_outputs_from: [errors]
`,
    );
    expect(outcome?.name).toBe('wrong');
    const [output, none] = outcome?.failures ?? [];
    expect(output).toContain('errors: expected 2 records, got 1');
    expect(output).toContain('no record meets conditions[0]: {"message":"ERROR a","not":{"stream":"stdout"}}');
    expect(output).not.toContain('conditions[1]');
    expect(output).toContain('"message":"ERROR a","kubernetes":{"namespace":"shop"');
    expect(none).toContain('errors: expected no records, got 1');
  });

  it('expects a record at least of an output of which nothing else is said', async () => {
    const tests = (message: string) => `
  - { name: x, inputs: [{ insert_at: errors, message: ${message} }], outputs: [{ extract_from: errors }] }
`;
    expect((await run(FILTER, tests('INFO')))[0]?.failures).toHaveLength(1);
    expect((await run(FILTER, tests('ERROR')))[0]?.failures).toEqual([]);
  });

  it('inserts in the middle, with what was parsed before and the facts of pods', async () => {
    const outcomes = await run(
      `  json: { type: parse_json, inputs: [pods] }
  tidy: { type: remap, inputs: [json], rename: { "a.b": "c" }, copy: { kubernetes.labels.app: app } }`,
      `
  - name: in the middle
    inputs:
      - { insert_at: tidy, message: '{"x":1}', fields: { a: { b: 2 } }, kubernetes: { labels: { app: web } } }
      - { insert_at: json, message: '{"x":1}', kubernetes: { labels: { app: api } } }
    outputs:
      - extract_from: tidy
        count: 2
        conditions:
          - { c: 2, app: web, x: { exists: false } }
          - { x: 1, app: api, c: { exists: false } }
`,
    );
    expect(outcomes).toEqual([{ name: 'in the middle', failures: [] }]);
  });

  it('joins lines as the agent does', async () => {
    const outcomes = await run(
      '  stacks: { type: multiline, inputs: [pods], preset: java }',
      `
  - name: one record
    inputs:
      - insert_at: stacks
        message: |
          java.lang.IllegalStateException: no
          	at com.example.A.b(A.java:1)
          	at com.example.C.d(C.java:2)
      - { insert_at: stacks, message: ready }
    outputs:
      - { extract_from: stacks, count: 2, conditions: [{ message: { re: 'C.java' } }, { message: ready }] }
`,
    );
    expect(outcomes).toEqual([{ name: 'one record', failures: [] }]);
  });

  it('refuses names that no transform has', async () => {
    const tests = `
  - name: typos
    inputs: [{ insert_at: eror }]
    outputs: [{ extract_from: pods }]
    no_outputs_from: [errors.x]
`;
    await expect(run(FILTER, tests)).rejects.toThrow(
      /tests\[0\]\.inputs\[0\]\.insert_at: expected the name of a transform \(errors\), got "eror"\n.*outputs\[0\]\.extract_from.*got "pods"\n.*no_outputs_from\[0\].*got "errors.x"/,
    );
  });
});
