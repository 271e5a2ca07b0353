/** Runs `tests:` of a configuration: the agent itself, once, over logs made of the inputs, into files. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bug } from '@vigie/core/errors';
import { Condition } from '@vigie/log-pipeline/transforms/conditions/condition';
import * as v from 'valibot';
import { type AgentDeps, NodeAgent } from '../agent.ts';
import { type AgentConfig, agentSchema } from '../config.ts';
import { documentValue } from './document-value.ts';
import { InsertFields } from './insert-fields.ts';
import { type TestSource, writePodLogs } from './pod-logs.ts';
import type { ConfigTest } from './test-section.ts';

export interface TestOutcome {
  readonly name: string;
  /** What is not as it should be; none when the test passed. */
  readonly failures: readonly string[];
}

/** How long the agent may take for the records of one test. */
const TIMEOUT_MS = 30_000;

export async function runConfigTests(config: AgentConfig, deps: AgentDeps): Promise<TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  for (const test of config.tests) outcomes.push({ name: test.name, failures: await failuresOf(test, config, deps) });
  return outcomes;
}

async function failuresOf(test: ConfigTest, config: AgentConfig, deps: AgentDeps): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-test-'));
  try {
    const sources = writePodLogs(join(folder, 'pods'), test.inputs);
    const outputs = [...new Set([...test.outputs.map(({ extract_from: from }) => from), ...test.no_outputs_from])];
    const documents = await deliver(sources, outputs, config, deps, folder);
    return [
      ...test.outputs.flatMap((output) => outputFailures(output, documents.get(output.extract_from) ?? [])),
      ...test.no_outputs_from.flatMap((name) => {
        const found = documents.get(name) ?? [];
        return found.length === 0 ? [] : [`${name}: expected no records, got ${found.length}${listed(found)}`];
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function outputFailures(
  { extract_from: name, conditions, count }: ConfigTest['outputs'][number],
  documents: readonly object[],
): string[] {
  const failures: string[] = [];
  if (count !== undefined && count !== documents.length) {
    failures.push(`${name}: expected ${count} records, got ${documents.length}`);
  }
  for (const [index, config] of conditions.entries()) {
    const condition = new Condition(config);
    if (documents.some((document) => condition.holdsFor((path) => documentValue(document, path)))) continue;
    failures.push(`${name}: no record meets conditions[${index}]: ${conditionText(config)}`);
  }
  if (conditions.length === 0 && count === undefined && documents.length === 0) {
    failures.push(`${name}: expected records, got none`);
  }
  return failures.length === 0 ? [] : [`${failures.join('\n')}${listed(documents)}`];
}

function listed(documents: readonly object[]): string {
  if (documents.length === 0) return '\nno records came out';
  return `\ncame out:${documents.map((document) => `\n  ${JSON.stringify(document)}`).join('')}`;
}

/** As a configuration has it. */
function conditionText({ fields, all, any, not }: ConfigTest['outputs'][number]['conditions'][number]): string {
  const nested = (conditions: typeof all): string => `[${(conditions ?? []).map(conditionText).join(',')}]`;
  const parts = Object.entries(fields).map(([path, expected]) => `${JSON.stringify(path)}:${JSON.stringify(expected)}`);
  if (all !== undefined) parts.push(`"all":${nested(all)}`);
  if (any !== undefined) parts.push(`"any":${nested(any)}`);
  if (not !== undefined) parts.push(`"not":${conditionText(not)}`);
  return `{${parts.join(',')}}`;
}

/** @returns what came out of each of the outputs */
async function deliver(
  sources: readonly TestSource[],
  outputs: readonly string[],
  config: AgentConfig,
  deps: AgentDeps,
  folder: string,
): Promise<Map<string, object[]>> {
  const inserted = new Map<string, InsertFields>();
  const files = outputs.map((_, index) => join(folder, `${index}.ndjson`));
  const agent = new NodeAgent(
    testConfig(sources, outputs, files, config, folder),
    {
      ...deps,
      createTransform: (section, name) => inserted.get(name) ?? deps.createTransform(section, name),
    },
    { once: true },
  );
  for (const [index, { fields }] of sources.entries()) inserted.set(fieldsName(index), new InsertFields(fields));
  const ending = new AbortController();
  try {
    await agent.start(ending.signal);
    const outcome = await agent.delivered(TIMEOUT_MS, ending.signal);
    if (outcome.status === 'sink_down') throw bug(`a file in ${folder} cannot be written: ${outcome.detail}`);
    for (const { counters } of agent.lanes) if (counters.fault !== undefined) throw counters.fault;
  } finally {
    await agent.close(ending.signal);
  }
  return new Map(outputs.map((output, index) => [output, readDocuments(files[index] ?? '')]));
}

/** No user's component has such names. */
function sourceName(index: number): string {
  return `(input ${index})`;
}

function fieldsName(index: number): string {
  return `(fields ${index})`;
}

/** The transforms as they are, between sources of the test's logs and a file for each output. */
function testConfig(
  sources: readonly TestSource[],
  outputs: readonly string[],
  files: readonly string[],
  { transforms }: AgentConfig,
  folder: string,
): AgentConfig {
  const skeleton = v.parse(agentSchema, {
    data_dir: join(folder, 'data'),
    sources: { pods: { type: 'kubernetes_logs', metadata: 'none' } },
    sinks: Object.fromEntries(
      outputs.map((output, index) => [
        `output_${index}`,
        { type: 'file', inputs: [output], path: files[index], batch: { timeout: '1ms' } },
      ]),
    ),
  });
  const { pods } = skeleton.sources;
  if (pods === undefined) throw bug('a configuration without its source');
  const wired: Record<string, AgentConfig['transforms'][string]> = { ...transforms };
  for (const [index, { insertAt, fields }] of sources.entries()) {
    let input = sourceName(index);
    if (fields.size > 0) {
      wired[fieldsName(index)] = { type: 'filter', inputs: [input], condition: { fields: {} } };
      input = fieldsName(index);
    }
    const section = wired[insertAt];
    if (section !== undefined) wired[insertAt] = { ...section, inputs: [...section.inputs, input] };
  }
  return {
    ...skeleton,
    sources: Object.fromEntries(
      sources.map(({ paths, labels }, index) => [
        sourceName(index),
        { ...pods, paths: [...paths], static_labels: { ...labels } },
      ]),
    ),
    transforms: wired,
  };
}

function readDocuments(file: string): object[] {
  let written: string;
  try {
    written = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return written
    .split('\n')
    .filter((line) => line !== '')
    .map((line): object => JSON.parse(line));
}
