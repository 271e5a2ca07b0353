/** The commands as a user types them, on the example that the documentation gives. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runVigie, writeConfig } from './agent-process.ts';
import { ContainerLog } from './container-log.ts';
import { putLogTemplate } from './data-stream.ts';
import { temporaryFolder } from './leash.ts';
import { freePort } from './parts/free-port.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { containerIdentities, findRecords, writePodLogs } from './pod-logs.ts';
import { ask, at, numberAt } from './rest.ts';
import { countDocuments, walk } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const RECORDS = 20_000;

/** The example of the documentation, with the paths, the port and the server of a test. */
function exampleConfig(folder: string, logs: string, url: string, passwordFile: string): string {
  return `data_dir: ${join(folder, 'data')}
sources:
  pods:
    type: kubernetes_logs
    paths: [${join(logs, 'containers')}/*.log]        # also finds the rotated generations under /var/log/pods
    read_from: beginning                      # end | beginning, for files without a checkpoint; ignore_older: 24h
    include: { namespaces: [], labels: "" }   # exclude: the same; the agent's own pod is excluded by default
    metadata: none                            # none | api | kubelet; default api in a cluster, else none
transforms:
  json: { type: parse_json, inputs: [pods], target: "", on_error: keep }   # target "" merges at the root; a colliding key goes under \`json.\`
sinks:
  es:
    type: elasticsearch
    inputs: [json]
    endpoints: [${url}]
    data_stream: ${STREAM}      # or index: logs-%Y.%m.%d (the record's UTC date)
    id: deterministic                         # none | deterministic
    compression: none                         # gzip
    setup: false                              # true installs index template and lifecycle policy
    auth: { basic: { user: u, password_file: ${passwordFile} } }   # or api_key_file, bearer_file; tls: { ca_file, cert_file, key_file }
`;
}

describe('--once', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startOpenSearch();
    await putLogTemplate(server, { stream: STREAM });
  });
  afterAll(() => server?.stop());

  test('ships everything to end of file, rotated generations first, and a second run sends nothing', async () => {
    const folder = temporaryFolder('once');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'p\n');
    const logs = writePodLogs(folder, RECORDS);
    const [identity] = containerIdentities(9).slice(8);
    if (identity === undefined) throw new Error('nine identities were asked for');
    const rotated = new ContainerLog(logs.root, identity, { maxSizeBytes: 1, maxFiles: 5 });
    rotated.startContainer();
    for (const [second, generation] of ['gzipped', 'plain', 'live'].entries()) {
      rotated.append(
        Buffer.from(
          `2026-01-02T03:04:0${second}.123456789Z stdout F {"generation":"${generation}","message":"hidden"}\n`,
        ),
      );
      if (generation !== 'live' && rotated.rotateIfLarge(new Date(Date.UTC(2026, 0, 2, 3, 4, second))))
        rotated.reopen();
    }
    // The container died in the middle of two records: one without its F, and one without its newline.
    rotated.append(
      Buffer.from('2026-01-02T03:04:03.000000000Z stderr P no end\n2026-01-02T03:04:04.000000000Z stdout F no newline'),
    );
    const configPath = writeConfig(folder, exampleConfig(folder, logs.root, server.url, passwordFile));

    const first = await runVigie(['node-agent', '--config', configPath, '--once', '--listen', '127.0.0.1:0']);
    expect(first.code, first.stderr).toBe(0);
    const found = await findRecords(server, STREAM, logs);
    expect(found).toMatchObject({ documents: RECORDS + 5, distinct: RECORDS, repeated: 0, foreign: 5, missing: [] });
    const others: unknown[] = [];
    await walk(server, STREAM, (source) => {
      if (at(source, 'kubernetes', 'pod', 'name') === identity.pod) {
        const time = String(at(source, '@timestamp'));
        others.push([
          time.slice(17),
          at(source, 'generation'),
          at(source, 'message'),
          at(source, 'json', 'message'),
          at(source, 'log', 'flags'),
        ]);
      }
    });
    expect(others.map(String).sort()).toHaveLength(5);
    const byTime = new Map(others.map((row) => [String(at(row, 0)), row]));
    for (const [second, generation] of ['gzipped', 'plain', 'live'].entries()) {
      expect(at(byTime.get(`0${second}.123456789Z`), 1)).toBe(generation);
    }
    expect(byTime.get('03.000000000Z')).toEqual(['03.000000000Z', undefined, 'no end', undefined, ['partial']]);
    expect(byTime.get('04.000000000Z')).toEqual(['04.000000000Z', undefined, 'no newline', undefined, ['partial']]);

    const before = await indexingCounts(server);
    const second = await runVigie(['node-agent', '--config', configPath, '--once', '--listen', '127.0.0.1:0']);
    expect(second.code, second.stderr).toBe(0);
    expect(await indexingCounts(server)).toEqual(before);
    expect(await countDocuments(server, STREAM)).toBe(RECORDS + 5);
  });

  test('exits 1 when the sink stays down past --once-timeout, and the next run ships everything', async () => {
    const folder = temporaryFolder('once-down');
    const logs = writePodLogs(folder, 100);
    const config = (url: string): object => ({
      data_dir: join(folder, 'data'),
      sources: { pods: { type: 'kubernetes_logs', paths: [join(logs.root, 'containers', '*.log')] } },
      sinks: { es: { type: 'elasticsearch', inputs: ['pods'], endpoints: [url], data_stream: 'logs-down-default' } },
    });
    await putLogTemplate(server, { stream: 'logs-down-default' });
    const downConfig = writeConfig(folder, config(`http://127.0.0.1:${await freePort()}`));
    const once = ['--once', '--once-timeout', '3s', '--listen', '127.0.0.1:0'];
    const down = await runVigie(['node-agent', '--config', downConfig, ...once]);
    expect(down.code, down.stderr).toBe(1);
    const upConfig = writeConfig(folder, config(server.url));
    const up = await runVigie(['node-agent', '--config', upConfig, ...once]);
    expect(up.code, up.stderr).toBe(0);
    expect(await findRecords(server, 'logs-down-default', logs)).toMatchObject({ documents: 100, distinct: 100 });
  });
});

/** All that a server was ever asked to index, also what it refused as a version conflict. */
async function indexingCounts(server: RealServer): Promise<readonly number[]> {
  const indexing = at(await ask(server, 'GET', `/${STREAM}/_stats/indexing`), '_all', 'primaries', 'indexing');
  return [numberAt(indexing, 'index_total'), numberAt(indexing, 'index_failed')];
}

describe('a bad configuration', () => {
  const mistakes = `data_dir: /var/lib/vigie
sources:
  pods:
    type: kubernetes_logs
    read_from: the start
    pathes: [/var/log/containers/*.log]
sinks:
  es:
    type: elasticsearch
    inputs: [podz]
    endpoints: [localhost]
`;

  test.each([
    ['node-agent', '--config'],
    ['check', 'node-agent'],
  ])('exits 2 and names every mistake with its position: vigie %s %s FILE', async (...command) => {
    const path = writeConfig(temporaryFolder('bad-config'), mistakes);
    const result = await runVigie([...command, path]);
    expect(result.code).toBe(2);
    const lines = result.stderr.split('\n').filter((line) => line.startsWith(path));
    for (const line of lines) expect(line.slice(path.length)).toMatch(/^:\d+:\d+: \S+: expected .+, got .+/);
    const positions = lines.map((line) =>
      line
        .slice(path.length + 1)
        .split(': ')
        .slice(0, 2)
        .join(' '),
    );
    expect(positions).toContain('5:16 sources.pods.read_from');
    expect(positions).toContain('6:5 sources.pods.pathes');
    expect(positions).toContain('11:17 sinks.es.endpoints[0]');
  });

  test('exits 2 and says where an input is that nothing is called', async () => {
    const path = writeConfig(
      temporaryFolder('bad-config'),
      mistakes.replace('the start', 'end').replace('pathes', 'paths').replace('localhost', 'http://127.0.0.1:9200'),
    );
    const result = await runVigie(['node-agent', '--config', path]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`${path}:10:14: sinks.es.inputs[0]: expected `);
  });

  test('exits 2 when there is no file, and when the command is misspelt', async () => {
    const missing = await runVigie(['node-agent', '--config', '/nonexistent/agent.yaml']);
    expect([missing.code, missing.stderr.includes('/nonexistent/agent.yaml')]).toEqual([2, true]);
    expect((await runVigie(['node-agnt'])).code).toBe(2);
    expect((await runVigie(['node-agent'])).code).toBe(2);
  });
});
