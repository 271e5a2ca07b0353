import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DataStreamMembers,
  DOCUMENT_PATHS,
  DOCUMENT_ROOT_NAMES,
  documentPaths,
  documentShape,
  NO_OPENING,
  type Opening,
  type RecordFacts,
} from '../../src/encode/document.ts';
import type { JsonLineShape } from '../../src/encode/json-lines.ts';
import { dedottedLabels } from '../../src/encode/labels.ts';
import { namesCollide } from '../../src/kernel/name-paths.ts';
import { factsOf } from '../sinks/facts.ts';

interface Row {
  readonly time?: string;
  readonly stderr?: boolean;
  readonly message?: string;
  readonly extra?: string;
  readonly offset?: number;
  /** Bits: 1 truncated, 2 unparsed, 4 partial. */
  readonly flags?: number;
}

/** What the encoder does with a shape, in the simplest words. */
function record(shape: JsonLineShape, row: Row = {}): string {
  const { time = '2026-11-21T04:12:19.123456789Z', stderr = false, message, extra, offset = 141, flags = 0 } = row;
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
  const stream =
    message === undefined
      ? text(stderr ? shape.stderrBare : shape.stdoutBare)
      : text(stderr ? shape.stderr : shape.stdout) + JSON.stringify(message).slice(1, -1) + text(shape.afterMessage);
  const id = shape.id === 'none' ? '' : `00000000008d-0123456789abcdef${text(shape.afterId)}`;
  const added = extra === undefined ? '' : `,${extra}`;
  return text(shape.head) + id + time + stream + added + text(shape.beforeOffset) + offset + text(shape.tails[flags]);
}

function document(facts: RecordFacts, row: Row = { message: 'hello' }, members?: DataStreamMembers): unknown {
  return JSON.parse(record(documentShape(facts, NO_OPENING, members), row));
}

describe('a document', () => {
  test('has the ECS members, in the documented form', () => {
    const line = record(documentShape(factsOf(), NO_OPENING, undefined), { message: 'GET / "200"' });
    expect(line).toBe(
      '{"@timestamp":"2026-11-21T04:12:19.123456789Z","stream":"stdout","message":"GET / \\"200\\"",' +
        '"kubernetes":{"namespace":"shop","pod":{"name":"web-1","uid":"2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11"},' +
        '"container":{"name":"web"},"node":{"name":"node-1"},' +
        '"labels":{"app":"web","app_kubernetes_io/name":"web"}},"container":{"id":"c0ffee"},' +
        '"log":{"file":{"path":"/var/log/pods/shop_web-1_2f7c/web/0.log"},"offset":141}}\n',
    );
  });

  test('leaves out what is not known', () => {
    const nothing = factsOf({
      namespace: undefined,
      podName: undefined,
      podUid: undefined,
      containerName: undefined,
      containerId: undefined,
      nodeName: undefined,
      labels: {},
    });
    expect(document(nothing)).toEqual({
      '@timestamp': '2026-11-21T04:12:19.123456789Z',
      stream: 'stdout',
      message: 'hello',
      log: { file: { path: '/var/log/pods/shop_web-1_2f7c/web/0.log' }, offset: 141 },
    });
    expect(document(factsOf({ podUid: undefined, labels: {}, nodeName: undefined }))).toMatchObject({
      kubernetes: { namespace: 'shop', pod: { name: 'web-1' }, container: { name: 'web' } },
    });
  });

  test('names its flags', () => {
    const flagsOf = (flags: number): unknown => {
      const parsed = document(factsOf(), { message: '', flags });
      return typeof parsed === 'object' && parsed !== null && 'log' in parsed
        ? Reflect.get(Object(parsed.log), 'flags')
        : 0;
    };
    expect(Array.from({ length: 8 }, (_, bits) => flagsOf(bits))).toEqual([
      undefined,
      ['truncated'],
      ['unparsed'],
      ['truncated', 'unparsed'],
      ['partial'],
      ['truncated', 'partial'],
      ['unparsed', 'partial'],
      ['truncated', 'unparsed', 'partial'],
    ]);
  });

  test('takes members in place of the message', () => {
    expect(document(factsOf(), { stderr: true, extra: '"level":"info"' })).toMatchObject({
      stream: 'stderr',
      level: 'info',
      kubernetes: { namespace: 'shop' },
    });
  });

  test('carries data_stream where it is asked to', () => {
    const members = { type: 'logs', dataset: 'kubernetes', namespace: 'default' };
    expect(document(factsOf(), { message: '' }, members)).toMatchObject({ data_stream: members });
  });

  test('stands behind an action line, with an id or without', () => {
    const plain: Opening = { id: 'none', head: '{"create":{}}\n' };
    const [action, line] = record(documentShape(factsOf(), plain, undefined), { message: 'a' }).split('\n');
    expect(action).toBe('{"create":{}}');
    expect(JSON.parse(line ?? '')).toMatchObject({ message: 'a' });
    const withId: Opening = { id: 'offset-hash', head: '{"create":{"_index":"i","_id":"', afterId: '"}}\n' };
    const lines = record(documentShape(factsOf(), withId, undefined), { message: 'a' }).split('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      create: { _index: 'i', _id: 'AbCdEfGhIjKlMnOpQrStUv-00000000008d-0123456789abcdef' },
    });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ message: 'a' });
  });

  test('its root holds the names that transforms must keep clear of, and no others', () => {
    const members = { type: 'logs', dataset: 'kubernetes', namespace: 'default' };
    const names = Object.keys(document(factsOf({ clusterName: 'prod' }), { message: '' }, members) ?? {});
    expect([...names].sort()).toEqual([...DOCUMENT_ROOT_NAMES].sort());
  });

  test('its paths are its root names, with those of log told one by one', () => {
    const { log } = document(factsOf(), { message: '', flags: 7 }) as { log: object };
    const roots = DOCUMENT_ROOT_NAMES.filter((name) => name !== 'log');
    expect([...DOCUMENT_PATHS].sort()).toEqual([...roots, ...Object.keys(log).map((name) => `log.${name}`)].sort());
  });

  test('is one line of valid JSON and valid UTF-8 whatever names and labels hold', () => {
    const text = fc.string({ unit: 'binary' });
    const facts = fc.record({
      namespace: fc.option(text, { nil: undefined }),
      podName: text,
      containerName: text,
      labels: fc.dictionary(text, text),
      path: fc.oneof(text, fc.constant('/var/log/\ud800.log')),
    });
    fc.assert(
      fc.property(facts, text, (some, message) => {
        const line = record(documentShape(factsOf(some), NO_OPENING, undefined), { message });
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const parsed: unknown = JSON.parse(line);
        const path = Buffer.from(some.path).toString();
        expect(parsed).toMatchObject({ message, log: { file: { path } }, kubernetes: { pod: { name: some.podName } } });
      }),
    );
  });
});

const everything = factsOf({
  podIp: '10.0.0.7',
  containerImage: 'shop/web:1.4',
  restartCount: 3,
  owner: { kind: 'Deployment', name: 'web' },
  controller: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' },
  namespaceLabels: { 'example.com/team': 'checkout' },
  annotations: { 'example.com/tier': 'gold' },
  clusterName: 'prod-eu',
  metadataIncomplete: true,
});

describe('pod metadata', () => {
  test('stands where Beats has it', () => {
    expect(document(everything)).toEqual({
      '@timestamp': '2026-11-21T04:12:19.123456789Z',
      stream: 'stdout',
      message: 'hello',
      kubernetes: {
        namespace: 'shop',
        pod: { name: 'web-1', uid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11', ip: '10.0.0.7' },
        container: { name: 'web', status: { restarts: 3 } },
        node: { name: 'node-1' },
        replicaset: { name: 'web-5d4f8c7b9c' },
        deployment: { name: 'web' },
        labels: { app: 'web', 'app_kubernetes_io/name': 'web' },
        namespace_labels: { 'example_com/team': 'checkout' },
        annotations: { 'example_com/tier': 'gold' },
        metadata: 'incomplete',
      },
      container: { id: 'c0ffee', image: { name: 'shop/web:1.4' } },
      orchestrator: { cluster: { name: 'prod-eu' } },
      log: { file: { path: '/var/log/pods/shop_web-1_2f7c/web/0.log' }, offset: 141 },
    });
  });

  test.each(['StatefulSet', 'DaemonSet', 'Job', 'CronJob'])('names a %s', (kind) => {
    expect(document(factsOf({ owner: { kind, name: 'n' } }))).toMatchObject({
      kubernetes: { [kind.toLowerCase()]: { name: 'n' } },
    });
  });

  test('leaves out an owner of a kind that no field is made for', () => {
    expect(
      record(documentShape(factsOf({ owner: { kind: 'Rollout', name: 'web' } }), NO_OPENING, undefined)),
    ).not.toMatch(/rollout/i);
  });
});

describe('flat', () => {
  test('has the same fields by their paths, on one level', () => {
    const members = { type: 'logs', dataset: 'kubernetes', namespace: 'default' };
    const line = record(documentShape(everything, NO_OPENING, members, 'flat'), { message: 'hello', flags: 5 });
    const flat: Record<string, unknown> = JSON.parse(line);
    const nested = JSON.parse(record(documentShape(everything, NO_OPENING, members), { message: 'hello', flags: 5 }));
    expect(flat).toEqual(pathsOf(nested));
    expect(flat).toMatchObject({
      'kubernetes.labels.app_kubernetes_io/name': 'web',
      'log.flags': ['truncated', 'partial'],
    });
  });
});

/** Objects as paths to what stands in them; lists are values. */
function pathsOf(value: unknown, path = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { [path]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, child]) => pathsOf(child, path === '' ? name : `${path}.${name}`)),
  );
}

describe('otel', () => {
  const otel = (facts: RecordFacts, row: Row): Record<string, unknown> =>
    JSON.parse(record(documentShape(facts, NO_OPENING, undefined, 'otel'), row));

  test('has the attributes of resource and record, and a body', () => {
    expect(otel(everything, { message: 'hello', stderr: true, extra: '"user":"u1"' })).toEqual({
      '@timestamp': '2026-11-21T04:12:19.123456789Z',
      'log.iostream': 'stderr',
      body: 'hello',
      user: 'u1',
      'k8s.cluster.name': 'prod-eu',
      'k8s.node.name': 'node-1',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'web-1',
      'k8s.pod.uid': '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
      'k8s.pod.ip': '10.0.0.7',
      'k8s.container.name': 'web',
      'k8s.container.restart_count': 3,
      'k8s.replicaset.name': 'web-5d4f8c7b9c',
      'k8s.deployment.name': 'web',
      'container.id': 'c0ffee',
      'container.image.name': 'shop/web',
      'container.image.tag': '1.4',
      'k8s.pod.label.app': 'web',
      'k8s.pod.label.app_kubernetes_io/name': 'web',
      'k8s.namespace.label.example_com/team': 'checkout',
      'k8s.pod.annotation.example_com/tier': 'gold',
      'service.namespace': 'shop',
      'service.name': 'web',
      'service.version': '1.4',
      'service.instance.id': 'shop.web-1.web',
      'log.file.path': '/var/log/pods/shop_web-1_2f7c/web/0.log',
      'log.offset': 141,
    });
  });

  test('an annotation cannot write a name that records have of their own, or that a transform may write', () => {
    const annotations = Object.fromEntries(
      ['@timestamp', 'body', 'log.file.path', 'user', 'service.name'].map((name) => [
        `resource.opentelemetry.io/${name}`,
        'forged',
      ]),
    );
    const line = record(documentShape(factsOf({ annotations }), NO_OPENING, undefined, 'otel'), { message: 'm' });
    const names = [...line.matchAll(/"([^"]+)":/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(JSON.parse(line)).toMatchObject({ body: 'm', 'service.name': 'forged' });
    expect(JSON.parse(line)).not.toHaveProperty('user');
  });

  test('every name of its own stands on a path that transforms keep clear of', () => {
    const members = { type: 'logs', dataset: 'kubernetes', namespace: 'default' };
    const line = record(documentShape(everything, NO_OPENING, members, 'otel'), { message: 'm', flags: 1 });
    const outside = Object.keys(JSON.parse(line)).filter(
      (name) => !documentPaths('otel').some((path) => namesCollide(path, name)),
    );
    expect(outside).toEqual([]);
  });
});

describe('labels', () => {
  test('lose their dots', () => {
    expect(Object.fromEntries(dedottedLabels({ 'app.kubernetes.io/name': 'a', app: 'b' }))).toEqual({
      'app_kubernetes_io/name': 'a',
      app: 'b',
    });
  });

  test('that become one name are one: the one that had the name before', () => {
    expect([...dedottedLabels({ 'a.b': '1', a_b: '2' })]).toEqual([['a_b', '2']]);
    expect([...dedottedLabels({ 'a.b_c': '1', 'a_b.c': '2' })]).toHaveLength(1);
  });
});
