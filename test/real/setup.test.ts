/** `setup: true` installs what makes data streams of the lines; `setup: false` ships nothing until somebody else has.
 *  Lifecycle policies are in modules that Maven Central lacks: those requests go to a recording server, in the published shape. */
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { startElasticsearch } from './parts/elasticsearch.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { everyRecordOnce, findRecords, type PodLogs, podSource, writePodLogs } from './pod-logs.ts';
import {
  bulkAccepted,
  type RecordedAnswer,
  type RecordedRequest,
  type RecordingServer,
  startRecordingServer,
} from './recording-server.ts';
import { arrayAt, ask, at, rest } from './rest.ts';
import { untilStored } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const RECORDS = 3000;

let server: RealServer | undefined;
let recorder: RecordingServer | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  await server?.stop();
  await recorder?.close();
  agent = server = recorder = undefined;
});

async function ship(url: string, setup: object | boolean): Promise<{ agent: AgentProcess; logs: PodLogs }> {
  const folder = temporaryFolder('setup');
  const logs = writePodLogs(folder, RECORDS);
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(logs.root) },
    sinks: { es: { type: 'elasticsearch', inputs: ['pods'], endpoints: [url], data_stream: STREAM, setup } },
  });
  agent = await startAgent(configPath);
  return { agent, logs };
}

describe.each([
  ['OpenSearch', startOpenSearch],
  ['Elasticsearch', startElasticsearch],
] as const)('%s', (_, start) => {
  test('setup: true installs an index template above the built-in logs-*-*, and the lines become a data stream', async () => {
    server = await start();
    // As Elasticsearch has it from the start: what it would do to the lines must not happen.
    await ask(server, 'PUT', '/_index_template/logs', {
      index_patterns: ['logs-*-*'],
      priority: 100,
      data_stream: {},
      template: { mappings: { dynamic: false, properties: { '@timestamp': { type: 'date' } } } },
    });
    const shipping = await ship(server.url, { replicas: 0 });
    await untilStored(server, STREAM, RECORDS, shipping.agent.logEnd);
    expect(await shipping.agent.readiness()).toMatchObject({ status: 200 });
    // The builds have no lifecycle policies, which an operator has to hear of.
    expect(shipping.agent.log()).toContain('no lifecycle policies');
    expect(await shipping.agent.terminate(), shipping.agent.logEnd()).toEqual({ code: 0, signal: null });
    expect(await findRecords(server, STREAM, shipping.logs)).toEqual(everyRecordOnce(shipping.logs));

    const templates = arrayAt(await ask(server, 'GET', '/_index_template/vigie-*'), 'index_templates');
    expect(templates).toHaveLength(1);
    const template = at(templates[0], 'index_template');
    expect(at(template, 'index_patterns')).toEqual([STREAM]);
    expect(at(template, 'priority')).toBeGreaterThan(200);
    expect(at(template, 'data_stream')).toBeDefined();
    const [[backingIndex, index] = []] = Object.entries((await ask(server, 'GET', `/${STREAM}/_mapping`)) as object);
    expect(backingIndex).toMatch(/^\.ds-logs-kubernetes-default-/);
    const properties = at(index, 'mappings', 'properties');
    expect(at(properties, '@timestamp', 'type')).toBe('date_nanos');
    expect(at(properties, 'kubernetes', 'properties', 'namespace', 'type')).toBe('keyword');
    expect(at(properties, 'log', 'properties', 'offset', 'type')).toBe('long');
    // A search that an operator makes: words of a message, in one namespace, in the order of time.
    const search = await ask(server, 'POST', `/${STREAM}/_search`, {
      query: { bool: { filter: [{ match: { message: 'orders' } }, { term: { 'kubernetes.namespace': 'shop' } }] } },
      sort: ['@timestamp'],
      size: 3,
    });
    expect(arrayAt(search, 'hits', 'hits')).toHaveLength(3);
  });
});

test('setup: false without a matching template holds everything, says so on /readyz, and ships once there is one', async () => {
  server = await startOpenSearch();
  const shipping = await ship(server.url, false);
  const readiness = await until(
    '/readyz to say why',
    60_000,
    async () => {
      const { status, text } = await shipping.agent.readiness();
      return status === 503 ? text : undefined;
    },
    shipping.agent.logEnd,
  );
  expect(readiness).toMatch(/sink es: held \(template\).*no index template matches logs-kubernetes-default/);
  // Nothing may make an ordinary index of the name, which would stand in the way of the data stream.
  expect((await rest(server, 'GET', `/${STREAM}`)).status).toBe(404);

  await putLogTemplate(server, { stream: STREAM });
  await untilStored(server, STREAM, RECORDS, shipping.agent.logEnd);
  await until('/readyz to be content', 60_000, async () =>
    (await shipping.agent.readiness()).status === 200 ? true : undefined,
  );
  expect(await shipping.agent.terminate(), shipping.agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(server, STREAM, shipping.logs)).toEqual(everyRecordOnce(shipping.logs));
});

describe('lifecycle policies', () => {
  /** Lets the agent set up and ship everything, and returns what it asked before its first bulk. */
  async function setupRequests(
    headers: Readonly<Record<string, string>>,
    answer: (request: RecordedRequest) => RecordedAnswer | undefined,
  ): Promise<readonly RecordedRequest[]> {
    recorder = await startRecordingServer(headers, (request) =>
      request.path.endsWith('/_bulk') ? bulkAccepted(request.body) : answer(request),
    );
    const { requests } = recorder;
    const shipping = await ship(recorder.url, { rollover_size: '20GiB', rollover_age: '7d', delete_after: '14d' });
    await until(
      'all records to be acknowledged',
      60_000,
      async () => ((await shipping.agent.ledger())[0]?.ackedRecords === RECORDS ? true : undefined),
      shipping.agent.logEnd,
    );
    return requests.slice(
      0,
      requests.findIndex(({ path }) => path.endsWith('/_bulk')),
    );
  }

  const missing = {
    status: 404,
    body: { error: { type: 'resource_not_found_exception', reason: 'no such thing' }, status: 404 },
  };
  /** The template goes out by PUT from one client and by POST from the other; the servers take both. */
  const isWrite = (method: string): boolean => method === 'PUT' || method === 'POST';
  const acknowledged = { status: 200, body: { acknowledged: true } };

  test('Elasticsearch is given an ILM policy, and a template that names it', async () => {
    const requests = await setupRequests({ 'x-elastic-product': 'Elasticsearch' }, ({ method, path }) => {
      if (path === '/')
        return { status: 200, body: { version: { number: '8.19.21' }, tagline: 'You Know, for Search' } };
      return isWrite(method) ? acknowledged : missing;
    });
    const writes = requests.filter(({ method }) => isWrite(method));
    expect(writes.map(({ path }) => path)).toEqual([
      '/_ilm/policy/vigie-logs-kubernetes-default',
      '/_index_template/vigie-logs-kubernetes-default',
    ]);
    // https://www.elastic.co/guide/en/elasticsearch/reference/8.19/ilm-put-lifecycle.html
    expect(writes[0]?.body).toEqual({
      policy: {
        phases: {
          hot: { actions: { rollover: { max_age: '604800s', max_primary_shard_size: '21474836480b' } } },
          delete: { min_age: '1209600s', actions: { delete: {} } },
        },
        _meta: { managed_by: 'vigie' },
      },
    });
    expect(at(writes[1]?.body, 'template', 'settings', 'index', 'lifecycle')).toEqual({
      name: 'vigie-logs-kubernetes-default',
    });
    expect(at(writes[1]?.body, 'data_stream')).toEqual({});
  });

  test('an ILM policy that is there already is left as the operator tuned it', async () => {
    const requests = await setupRequests({ 'x-elastic-product': 'Elasticsearch' }, ({ method, path }) => {
      if (method === 'GET' && path.startsWith('/_ilm/policy/')) {
        return { status: 200, body: { 'vigie-logs-kubernetes-default': { version: 3, policy: { phases: {} } } } };
      }
      return isWrite(method) ? acknowledged : missing;
    });
    expect(requests.filter(({ method }) => isWrite(method)).map(({ path }) => path)).toEqual([
      '/_index_template/vigie-logs-kubernetes-default',
    ]);
  });

  test('OpenSearch is given an ISM policy that names the indices itself', async () => {
    const requests = await setupRequests({}, ({ method, path }) => {
      if (path === '/') return { status: 200, body: { version: { distribution: 'opensearch', number: '2.19.4' } } };
      if (path.startsWith('/_plugins/_ism/policies/') && method === 'PUT') {
        return {
          status: 201,
          body: { _id: 'vigie-logs-kubernetes-default', _version: 1, _primary_term: 1, _seq_no: 1, policy: {} },
        };
      }
      return isWrite(method) ? acknowledged : missing;
    });
    const writes = requests.filter(({ method }) => isWrite(method));
    expect(writes.map(({ path }) => path)).toEqual([
      '/_plugins/_ism/policies/vigie-logs-kubernetes-default',
      '/_index_template/vigie-logs-kubernetes-default',
    ]);
    // https://docs.opensearch.org/2.19/im-plugin/ism/policies/
    expect(writes[0]?.body).toEqual({
      policy: {
        description: 'Container logs shipped by Vigie',
        default_state: 'hot',
        states: [
          {
            name: 'hot',
            actions: [{ rollover: { min_index_age: '604800s', min_primary_shard_size: '21474836480b' } }],
            transitions: [{ state_name: 'delete', conditions: { min_rollover_age: '1209600s' } }],
          },
          { name: 'delete', actions: [{ delete: {} }], transitions: [] },
        ],
        ism_template: [{ index_patterns: ['logs-kubernetes-default'], priority: 250 }],
      },
    });
    expect(at(writes[1]?.body, 'template', 'settings', 'index', 'lifecycle')).toBeUndefined();
  });
});
