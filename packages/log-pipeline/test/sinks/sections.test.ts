import { parseConfig } from '@vigie/core/config/load';
import { ConfigError } from '@vigie/core/config/problem';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { consoleSchema } from '../../src/sinks/console.ts';
import { elasticsearchSchema, setupOptionsOf, targetOf } from '../../src/sinks/elasticsearch/config.ts';
import { fileSchema } from '../../src/sinks/file.ts';
import { httpSchema } from '../../src/sinks/http.ts';
import { httpSettings } from '../../src/sinks/http-client/settings.ts';

const schema = v.variant('type', [elasticsearchSchema, fileSchema, httpSchema, consoleSchema]);

function parse(yaml: string): v.InferOutput<typeof schema> {
  return parseConfig(yaml, 'agent.yaml', schema, { ES_PASSWORD: 'from the environment' }).value;
}

function problems(yaml: string): string[] {
  try {
    parse(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const es = 'type: elasticsearch\ninputs: [pods]\nendpoints: [http://127.0.0.1:9200]\n';
const web = 'type: http\ninputs: [pods]\nurl: https://in.example/put?a=b\n';

describe('sections of sinks', () => {
  test('elasticsearch has the documented defaults', () => {
    const config = parse(es);
    expect(config).toMatchObject({ id: 'deterministic', setup: false, data_stream_fields: false, max_names: 200 });
    if (config.type !== 'elasticsearch') throw new Error(config.type);
    expect(targetOf(config)).toMatchObject({ kind: 'data_stream', template: { source: 'logs-kubernetes-default' } });
    expect(setupOptionsOf(config)).toBeUndefined();
    expect(httpSettings(config.endpoints, config)).toEqual({
      endpoints: [new URL('http://127.0.0.1:9200')],
      tls: {},
      credentials: { type: 'none' },
      compression: undefined,
      headers: {},
      limits: { connectTimeoutMs: 10_000, requestTimeoutMs: 60_000 },
    });
  });

  test('setup may be told more than true', () => {
    const options = (yaml: string): unknown => {
      const config = parse(es + yaml);
      return config.type === 'elasticsearch' ? setupOptionsOf(config) : undefined;
    };
    expect(options('setup: true')).toEqual({ rollover_size: 50 * 2 ** 30, rollover_age: 30 * 86_400_000 });
    expect(options('setup: {delete_after: 14d, replicas: 0}')).toMatchObject({
      rollover_size: 50 * 2 ** 30,
      delete_after: 14 * 86_400_000,
      replicas: 0,
    });
  });

  test('credentials come from the environment or a file', () => {
    const credentials = (yaml: string): unknown => {
      const config = parse(web + yaml);
      return config.type === 'http' ? httpSettings([], config).credentials : undefined;
    };
    expect(credentials(`auth: {basic: {user: u, password: "\${ES_PASSWORD}"}}`)).toEqual({
      type: 'basic',
      user: 'u',
      password: { text: 'from the environment' },
    });
    expect(credentials('auth: {basic: {user: u, password_file: /f}}')).toMatchObject({ password: { file: '/f' } });
    expect(credentials('auth: {api_key_file: /f}')).toEqual({ type: 'api_key', key: { file: '/f' } });
    expect(credentials('auth: {bearer_file: /f}')).toEqual({ type: 'bearer', token: { file: '/f' } });
  });

  test('compression may name its level', () => {
    const compression = (yaml: string): unknown => {
      const config = parse(web + yaml);
      return config.type === 'http' ? config.compression : undefined;
    };
    expect(compression('compression: none')).toBeUndefined();
    expect(compression('compression: gzip')).toEqual({ algorithm: 'gzip', level: 1 });
    expect(compression('compression: {algorithm: gzip, level: 6}')).toEqual({ algorithm: 'gzip', level: 6 });
  });

  test.each([
    [`${es}data_stream: logs-a\nindex: logs-b`, 'either data_stream or index'],
    [`${es}data_stream: logs-%Y`, 'a data_stream without a date'],
    [`${es}index: Logs`, 'a lower-case name'],
    [`${es}index: "logs-{{ message }}"`, 'where {{ message }} stands'],
    [`${es}index: logs-%H`, 'where %H stands'],
    [`${es}index: logs\ndata_stream_fields: true`, 'data_stream_fields only with data_stream'],
    [`${es}id: random`, '"none" or "deterministic"'],
    [`${es}setup: sometimes`, 'true or false'],
    [`${es}setup: {delete_after: soon}`, 'a duration'],
    [`${es}max_names: 0`, 'a whole number'],
    ['type: elasticsearch\ninputs: [pods]\nendpoints: []', 'at least one URL'],
    ['type: elasticsearch\ninputs: [pods]\nendpoints: [es:9200]', 'a URL such as'],
    ['type: elasticsearch\ninputs: [pods]\nendpoints: ["http://u:secret@es:9200"]', 'without user, password and query'],
    [`${web}auth: {}`, 'exactly one of'],
    [`${web}auth: {bearer: a, api_key: b}`, 'exactly one of'],
    [`${web}auth: {basic: {user: u}}`, 'one of password and password_file'],
    [`${web}tls: {cert_file: /c}`, 'cert_file and key_file together'],
    [`${web}compression: zstd`, 'gzip'],
    [`${web}headers: {"a b": c}`, 'the name of a header'],
    [`${web}headers: {"a": "b\\r\\nc: d"}`, 'a header value without line breaks'],
    [`${web}timeouts: {request: 0s}`, 'a duration'],
    [`${web}retries: 3`, 'one of the keys'],
    ['type: file\ninputs: [pods]\npath: "/logs/{{ kubernetes.namespace }}"', 'a path, with %Y, %m and %d'],
    ['type: file\ninputs: []\npath: /logs', 'at least one source or transform'],
    ['type: console\ninputs: [pods]\nencoding: xml', '"json" or "text"'],
  ])('problem %#', (yaml, expected) => {
    const found = problems(yaml);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });
});
