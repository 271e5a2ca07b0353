import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { tailedSources } from '@vigie/node-agent/source-config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerLogs } from '../../src/up/container-logs.ts';
import { partsReader } from '../../src/up/parts.ts';
import { resolveSettings, type UpOptions } from '../../src/up/settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-settings-'));
});
afterEach(() => rm(folder, { recursive: true }));

const VIGIE_YAML = `
node_agent:
  data_dir: /var/lib/elsewhere
  sources:
    app: { type: kubernetes_logs, paths: [/var/log/app/*.log] }
    system: { type: kubernetes_logs }
  transforms:
    json: { type: parse_json, inputs: [app] }
  sinks:
    out: { type: console, inputs: [json, system] }
`;

function resolve(options: Partial<UpOptions>, containerLogs: ContainerLogs = 'none') {
  const all = {
    configFile: undefined,
    dataDir: folder,
    logs: [],
    elasticsearch: undefined,
    demo: undefined,
    ...options,
  };
  return resolveSettings(
    all,
    {},
    containerLogs,
    partsReader(
      {},
      { clock: systemClock, random: Math.random, env: {}, version: '0.0.0', ownRules: join(folder, 'own.yaml') },
    ),
  );
}

async function withFile(text: string): Promise<string> {
  const file = join(folder, 'vigie.yaml');
  await writeFile(file, text);
  return file;
}

describe('where logs come from', () => {
  const cases: readonly [string, Partial<UpOptions>, ContainerLogs, { demo: boolean; paths: string[] }][] = [
    ["the node's logs where they can be read", {}, 'readable', { demo: false, paths: ['/var/log/containers/*.log'] }],
    ['the demo where there are none', {}, 'none', { demo: true, paths: ['DIR/demo/containers/*.log'] }],
    [
      'the demo where they are closed to this user',
      {},
      'unreadable',
      { demo: true, paths: ['DIR/demo/containers/*.log'] },
    ],
    ['never the demo with --no-demo', { demo: false }, 'none', { demo: false, paths: ['/var/log/containers/*.log'] }],
    [
      'the demo with --demo, on a node too',
      { demo: true },
      'readable',
      { demo: true, paths: ['DIR/demo/containers/*.log'] },
    ],
    ['the patterns of --logs', { logs: ['/srv/*.log'] }, 'readable', { demo: false, paths: ['/srv/*.log'] }],
    [
      'the demo beside --logs where both are asked for',
      { logs: ['/srv/*.log'], demo: true },
      'none',
      { demo: true, paths: ['DIR/demo/containers/*.log', '/srv/*.log'] },
    ],
  ];
  it.each(cases)('are %s', async (_title, options, containerLogs, expected) => {
    const { agent, demoRoot } = await resolve(options, containerLogs);
    expect(tailedSources(agent.sources).pods?.paths.map((path) => path.replace(folder, 'DIR'))).toEqual(expected.paths);
    expect(demoRoot).toBe(expected.demo ? join(folder, 'demo') : undefined);
  });

  it('takes patterns relative to the working directory', async () => {
    const { agent } = await resolve({ logs: ['logs/*.log'] });
    expect(tailedSources(agent.sources).pods?.paths).toEqual([join(process.cwd(), 'logs/*.log')]);
  });
});

describe('where records go', () => {
  it('is a file below the data directory, whatever its name holds', async () => {
    const dataDir = join(folder, '100%Y');
    const { agent, route } = await resolve({ dataDir });
    expect(agent.sinks).toMatchObject({ files: { type: 'file', inputs: ['pods'] } });
    expect(agent.data_dir).toBe(join(dataDir, 'agent'));
    expect(route).toBe(`demo workloads → ${dataDir}/records/logs.ndjson`);
  });

  it('is the server of --elasticsearch, its credentials out of sight', async () => {
    const { agent, route } = await resolve({ elasticsearch: 'https://vigie:p%40ss@logs.example:9200/es' });
    expect(agent.sinks.elasticsearch).toMatchObject({
      type: 'elasticsearch',
      endpoints: [new URL('https://logs.example:9200/es')],
      data_stream: { source: 'logs-kubernetes-default' },
      id: 'deterministic',
      setup: true,
      auth: { type: 'basic', user: 'vigie', password: { text: 'p@ss' } },
    });
    expect(route).toBe('demo workloads → https://logs.example:9200/es');
  });

  const bad: readonly [string, RegExp][] = [
    ['not a url', /^--elasticsearch: expected a URL such as http:\/\/127\.0\.0\.1:9200, got not a url$/],
    ['ftp://logs.example', /sinks\.elasticsearch\.endpoints\[0\]: expected a URL such as/],
  ];
  it.each(bad)('refuses --elasticsearch %s', async (elasticsearch, message) => {
    await expect(resolve({ elasticsearch })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

it('names the files below the working directory from there', async () => {
  expect((await resolve({ dataDir: 'vigie-data' })).route).toBe('demo workloads → vigie-data/records/logs.ndjson');
});

describe('vigie.yaml', () => {
  it('is taken as it is', async () => {
    const { agent, demoRoot } = await resolve({ configFile: await withFile(VIGIE_YAML) });
    expect(agent).toMatchObject({ data_dir: '/var/lib/elsewhere', sinks: { out: { type: 'console' } } });
    expect(demoRoot).toBeUndefined();
  });

  it('gives way to --logs and --elasticsearch, and keeps its wiring', async () => {
    const configFile = await withFile(VIGIE_YAML);
    const { agent } = await resolve({ configFile, logs: ['/srv/*.log'], elasticsearch: 'http://127.0.0.1:9200' });
    expect(Object.values(tailedSources(agent.sources)).map(({ paths }) => paths)).toEqual([
      ['/srv/*.log'],
      ['/srv/*.log'],
    ]);
    expect(Object.keys(agent.sinks)).toEqual(['elasticsearch']);
    expect(agent.sinks.elasticsearch?.inputs).toEqual(['json', 'system']);
  });

  it('may leave the node agent to its defaults', async () => {
    const { agent, demoRoot } = await resolve({ configFile: await withFile('') });
    expect(Object.keys(agent.sinks)).toEqual(['files']);
    expect(demoRoot).toBe(join(folder, 'demo'));
  });

  it('is refused with the place of every problem', async () => {
    const configFile = await withFile(VIGIE_YAML.replace('[json, system]', '[jason, system]'));
    await expect(resolve({ configFile })).rejects.toThrow(
      /vigie\.yaml:10:\d+: node_agent\.sinks\.out\.inputs\[0\]: expected/,
    );
    const unknown = await withFile('node_agnt: {}\nlog_store: {}\n');
    await expect(resolve({ configFile: unknown })).rejects.toThrow(
      /:1:1: node_agnt: expected one of the keys node_agent, collector, alerting, .*\n.*:2:1: log_store: expected no such key: there is no embedded log store yet/,
    );
  });

  it('has the sections of all parts, each as in its own file, with defaults in the data folder', async () => {
    await writeFile(join(folder, 'alertmanager.yml'), 'route: { receiver: a }\nreceivers: [{ name: a }]\n');
    const configFile = await withFile(`
collector:
  global: { external_labels: { cluster: "\${CLUSTER}" } }
  scrape_configs: [{ job_name: app, static_configs: [{ targets: ['127.0.0.1:1'] }] }]
alerting:
  alertmanager_config: alertmanager.yml
  external_labels: { cluster: prod }
`);
    const { parts } = await resolve({ configFile });
    expect(parts.collector).toMatchObject({
      isDefault: false,
      config: { scrapes: [{ jobName: 'app' }], storage: { path: join(folder, 'metrics') } },
      yaml: expect.stringContaining('job_name: app'),
    });
    expect(parts.alerting.config).toMatchObject({
      dataDir: folder,
      alertmanager: { file: join(folder, 'alertmanager.yml') },
    });
  });

  it('tells nobody and collects its own metrics where nothing is said', async () => {
    const { parts } = await resolve({});
    expect(parts.collector).toMatchObject({ isDefault: true, config: { scrapes: [] } });
    const receivers = parts.alerting.config.alertmanager?.config.receivers.map(({ name }) => name);
    expect(receivers).toEqual(['nobody']);
    expect((await parts.alerting.loadAt('')).groups).toEqual([]);
  });

  it("evaluates Vigie's own rules where nothing is said of alerting", async () => {
    await writeFile(join(folder, 'own.yaml'), 'groups: [{ name: own, rules: [{ alert: A, expr: vector(1) }] }]\n');
    expect((await (await resolve({})).parts.alerting.loadAt('')).groups).toMatchObject([{ name: 'own' }]);
    const configFile = await withFile('alerting: {}\n');
    expect((await (await resolve({ configFile })).parts.alerting.loadAt('')).groups).toEqual([]);
  });

  it('is refused with the problems of all sections at once, and of the files that they name', async () => {
    await writeFile(join(folder, 'rules.yml'), 'groups: [{ name: a, rules: [{ alert: X, expr: "1 +" }] }]\n');
    const configFile = await withFile(`
node_agent:
  sources: { app: { type: kubernetes_logs, paths: [relative.log] } }
  sinks: { out: { type: console, inputs: [app] } }
collector:
  global: { scrape_interval: soon }
alerting:
  colour: red
`);
    const problems = (await resolve({ configFile }).catch((error: Error) => error.message)) as string;
    expect(problems.split('\n').map((line) => line.replace(folder, 'DIR').replace(/: expected .*/, ''))).toEqual([
      expect.stringMatching(/^DIR\/vigie\.yaml:3:\d+: node_agent\.sources\.app\.paths\[0\]$/),
      'DIR/vigie.yaml:6:30: collector.global.scrape_interval',
      'DIR/vigie.yaml:8:3: alerting.colour',
    ]);
    const rules = await withFile('alerting: { rule_files: [rules.yml] }\ncollector: { colour: red }\n');
    await expect(resolve({ configFile: rules })).rejects.toThrow(
      /rules\.yml:1:\d+: .*\n.*vigie\.yaml:2:14: collector\.colour: /,
    );
  });
});
