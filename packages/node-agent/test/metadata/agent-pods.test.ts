import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AgentBed, until } from './agent-bed.ts';

const OWNER = { owner: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' } };
const LABELS = { labels: { app: 'web', 'app.kubernetes.io/name': 'web', 'pod-template-hash': '5d4f8c7b9c' } };

describe('pod metadata', () => {
  it('stands in every document, with owner, image and labels of the namespace', async () => {
    const bed = await AgentBed.start();
    bed.api.put('namespaces', {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name: 'shop', labels: { team: 'a.b' } },
    });
    bed.putPod('web-1', 'u1', { ...OWNER, ...LABELS, annotations: { 'example.com/tier': 'gold', other: 'no' } });
    bed.write(bed.logPath('web-1', 'u1'), 'one', 'two');
    await bed.startAgent({
      source: 'metadata_wait: 60s, namespace_labels: true, annotations: { copy: ["example.com/*"] }',
      top: 'cluster: prod',
    });
    await until(() => bed.api.watching === 2);
    const [one] = await bed.received(2);
    expect(one).toMatchObject({
      message: 'one',
      kubernetes: {
        namespace: 'shop',
        pod: { name: 'web-1', uid: 'u1', ip: '10.1.2.3' },
        node: { name: 'node-0' },
        deployment: { name: 'web' },
        replicaset: { name: 'web-5d4f8c7b9c' },
        labels: { app: 'web', 'app_kubernetes_io/name': 'web' },
        annotations: { 'example_com/tier': 'gold' },
      },
      container: { image: { name: 'registry.example/web:1.4.2' } },
      orchestrator: { cluster: { name: 'prod' } },
    });
    expect(one?.kubernetes).not.toHaveProperty('metadata');
    // The namespaces come by a list of their own, and are waited for as well.
    expect(one?.kubernetes.namespace_labels).toEqual({ team: 'a.b' });
  });

  it('asks for the pods of this node alone, from the watch cache, and for metadata of namespaces alone', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1');
    await bed.startAgent({ source: 'namespace_labels: true' });
    await until(() => bed.api.watching === 2);
    const pods = bed.api.requests.find(({ verb, path }) => verb === 'list' && path === '/api/v1/pods');
    expect(pods?.query.get('fieldSelector')).toBe('spec.nodeName=node-0');
    expect(pods?.query.get('resourceVersion')).toBe('0');
    const namespaces = bed.api.requests.find(({ path }) => path === '/api/v1/namespaces');
    expect(namespaces?.headers.accept).toContain('PartialObjectMetadataList');
    expect(bed.api.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('makes no request per record or pod: what is asked does not grow with what is read', async () => {
    const bed = await AgentBed.start();
    for (let pod = 0; pod < 20; pod++) {
      bed.putPod(`web-${pod}`, `u${pod}`);
      bed.write(bed.logPath(`web-${pod}`, `u${pod}`), 'one', 'two', 'three');
    }
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(60);
    await until(() => bed.api.watching === 1);
    expect(bed.api.requests.map(({ verb }) => verb)).toEqual(['list', 'watch']);
  });

  it('waits for a pod that is not known yet', async () => {
    const bed = await AgentBed.start();
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await until(() => bed.api.watching === 1);
    expect(bed.messages()).toEqual([]);
    bed.putPod('web-1', 'u1', LABELS);
    const [one] = await bed.received(1);
    expect(one?.kubernetes.labels?.app).toBe('web');
    expect(bed.metric('metadataIncomplete')).toBe(0);
  });

  it('ships with what the path says after that, counts it, and says more once it knows more', async () => {
    const bed = await AgentBed.start();
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, 'one', 'two');
    await bed.startAgent({ source: 'metadata_wait: 30ms' });
    const early = await bed.received(2);
    expect(early[0]?.kubernetes).toMatchObject({ pod: { name: 'web-1', uid: 'u1' }, metadata: 'incomplete' });
    expect(bed.metric('metadataIncomplete', { source: 'pods' })).toBe(1);
    expect(bed.logged.filter((line) => line.includes('nothing is known of a pod in time'))).toHaveLength(1);
    bed.putPod('web-1', 'u1', LABELS);
    await until(() => bed.metric('pods', { state: 'live' }) === 1);
    bed.write(path, 'three');
    const late = (await bed.received(3))[2];
    expect(late?.kubernetes.labels?.app).toBe('web');
    expect(late?.kubernetes).not.toHaveProperty('metadata');
  });

  it('goes on without the API server, and enriches once it is back', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', LABELS);
    await bed.api.stop();
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, 'one');
    await bed.startAgent({ source: 'metadata_wait: 30ms' });
    expect((await bed.received(1))[0]?.kubernetes.metadata).toBe('incomplete');
    expect(bed.metric('podSourceUp')).toBe(0);
    await bed.api.listen();
    await until(() => bed.metric('podSourceUp') === 1);
    bed.write(path, 'two');
    expect((await bed.received(2))[1]?.kubernetes.labels?.app).toBe('web');
  });

  it('follows labels as they change', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { labels: { version: '1' } });
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, 'one');
    const agent = await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    bed.putPod('web-1', 'u1', { labels: { version: '2' } });
    await until(() => agent.podMetadata?.directory.find('u1')?.labels.version === '2');
    bed.write(path, 'two');
    const documents = await bed.received(2);
    expect(documents.map(({ kubernetes }) => kubernetes.labels?.version)).toEqual(['1', '2']);
  });

  it('gives the id of a record nothing to do with what is known of its pod', async () => {
    const bed = await AgentBed.start();
    const path = bed.logPath('web-1', 'hash');
    bed.write(path, 'one');
    const agent = await bed.startAgent({ source: 'metadata_wait: 20ms' });
    await bed.received(1);
    // A static pod: its mirror has another uid.
    bed.putPod('web-1', 'mirror', { annotations: { 'kubernetes.io/config.hash': 'hash' } });
    await until(() => agent.podMetadata?.directory.find('hash') !== undefined);
    bed.write(path, 'two');
    const documents = await bed.received(2);
    expect(documents.map(({ kubernetes }) => kubernetes.pod.uid)).toEqual(['hash', 'mirror']);
  });

  it('takes a renewed token up', async () => {
    const bed = await AgentBed.start(await TestApiServer.start({ tokens: ['first'] }));
    bed.putPod('web-1', 'u1', LABELS);
    const path = bed.logPath('web-1', 'u1');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await until(() => bed.api.watching === 1);
    writeFileSync(join(bed.root, 'token.new'), 'second');
    renameSync(join(bed.root, 'token.new'), join(bed.root, 'token'));
    bed.api.setTokens(['second']);
    bed.api.endWatches();
    bed.write(path, 'one');
    expect((await bed.received(1))[0]?.kubernetes.labels?.app).toBe('web');
    bed.putPod('web-2', 'u2', LABELS);
    bed.write(bed.logPath('web-2', 'u2'), 'two');
    expect((await bed.received(2))[1]?.kubernetes.labels?.app).toBe('web');
  });
});

describe('the kubelet', () => {
  it('tells of pods without a request to the API server, static ones by the hash in their paths', async () => {
    const bed = await AgentBed.start();
    const asked: (string | undefined)[] = [];
    const pods = [
      testPod('web-1', { namespace: 'shop', uid: 'u1', containers: ['web'], ...LABELS, ...OWNER }),
      testPod('etcd-node-0', {
        namespace: 'shop',
        uid: 'hash',
        annotations: { 'kubernetes.io/config.hash': 'hash' },
        ...LABELS,
      }),
    ];
    const kubelet = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods }));
    });
    await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void kubelet.close());
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    bed.write(bed.logPath('etcd-node-0', 'hash'), 'two');
    const { port } = kubelet.address() as AddressInfo;
    await bed.startAgent({
      source: 'metadata_wait: 60s',
      metadata: 'kubelet',
      kubelet: `{ url: "http://127.0.0.1:${port}" }`,
    });
    const documents = await bed.received(2);
    expect(documents.map(({ kubernetes }) => kubernetes.labels?.app)).toEqual(['web', 'web']);
    expect(documents.find(({ message }) => message === 'one')?.kubernetes.deployment?.name).toBe('web');
    expect(new Set(asked)).toEqual(new Set(['GET /pods Bearer first']));
    expect(bed.api.requests).toEqual([]);
  });
});

describe('pods that are gone', () => {
  it('keep their labels until their logs are read', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', LABELS);
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, 'one');
    const agent = await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    bed.api.remove('pods', 'shop', 'web-1');
    await until(() => bed.metric('pods', { state: 'live' }) === 0);
    bed.write(path, 'last words');
    expect((await bed.received(2))[1]?.kubernetes.labels?.app).toBe('web');
    rmSync(dirname(dirname(path)), { recursive: true });
    await until(() => [...(agent.podMetadata?.directory.remembered() ?? [])].length === 0);
  });

  it('keep their labels when they are deleted while the agent is down, and the API server too', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', LABELS);
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    await bed.stop();
    bed.api.remove('pods', 'shop', 'web-1');
    bed.write(path, 'two');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    expect((await bed.received(2))[1]?.kubernetes.labels?.app).toBe('web');
    await bed.stop();
    await bed.api.stop();
    bed.write(path, 'three');
    await bed.startAgent({ source: 'metadata_wait: 30ms' });
    const [, , three] = await bed.received(3);
    expect(three?.kubernetes.labels?.app).toBe('web');
    expect(three?.kubernetes).not.toHaveProperty('metadata');
    await bed.api.listen();
  });

  it('are found in a cache that says what docs/formats/pod-cache.md says', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', LABELS);
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    await until(() => bed.metric('podCacheWrites', { result: 'written' }) > 0);
    const text = readFileSync(join(bed.root, 'data/pods.cache'), 'utf8');
    expect(text).toMatch(/^vigie-pod-cache 1\n\{"pathUid":"u1".*\}\ncrc32 [0-9a-f]{8} pods 1\n$/);
  });
});

describe('annotations', () => {
  it('leave logs out, by stream and container, counted and logged', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/exclude_stderr': 'true' } });
    bed.putPod('web-2', 'u2', { annotations: { 'fluentbit.io/exclude': 'true' } });
    bed.writeTo('stderr', bed.logPath('web-1', 'u1'), 'noise', 'more noise');
    bed.write(bed.logPath('web-1', 'u1'), 'kept');
    bed.write(bed.logPath('web-2', 'u2'), 'silent');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await until(() => bed.metric('droppedRecords', { reason: 'pod_excluded' }) === 3);
    expect((await bed.received(1)).map(({ message }) => message)).toEqual(['kept']);
    expect(bed.metric('excludedLogs', { source: 'pods' })).toBe(2);
    expect(bed.logged.some((line) => line.includes('an annotation of a pod leaves its logs out'))).toBe(true);
    const [ledger] = bed.agent?.ledger() ?? [];
    expect(ledger?.readRecords).toBe(4);
  });

  it('cannot leave logs out where the operator does not allow it', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/exclude': 'true', 'co.elastic.logs/enabled': 'false' } });
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s, annotations: { allow: [parser] }' });
    expect((await bed.received(1))[0]?.message).toBe('one');
    expect(bed.metric('annotationErrors', { reason: 'not_allowed' })).toBe(2);
  });

  it('choose a parser, by stream', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/parser_stdout': 'json' } });
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, '{"level":"info"}');
    bed.writeTo('stderr', path, '{"level":"error"}');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    const documents = await bed.received(2);
    expect(documents.map(({ stream, level }) => [stream, level])).toEqual([
      ['stdout', 'info'],
      ['stderr', undefined],
    ]);
  });

  it('join lines, where they name a rule', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/multiline': 'java' } });
    bed.write(
      bed.logPath('web-1', 'u1'),
      'Exception in thread "main"',
      '\tat a.B.c(B.java:1)',
      '\tat a.B.d(B.java:2)',
      'next',
    );
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    expect((await bed.received(2))[0]?.message).toBe(
      'Exception in thread "main"\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)',
    );
  });

  it('that name nothing, or are wrong, are told and do nothing', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', {
      annotations: { 'vigie.io/parser': 'nosuch', 'vigie.io/sample': 'half', 'vigie.io/exlude': 'true' },
    });
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    for (const reason of ['unknown_name', 'invalid_value', 'unknown_key']) {
      expect(bed.metric('annotationErrors', { source: 'pods', reason })).toBe(1);
    }
    expect(bed.logged.some((line) => line.includes('what an annotation of a pod asks for is not done'))).toBe(true);
  });

  it('choose a sink, where the operator allows it', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/sink': 'b' } });
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    await bed.startAgent({ source: 'metadata_wait: 60s, annotations: { allow: [sink] }', sinks: ['a', 'b'] });
    await bed.received(1, 'b');
    await until(() => bed.metric('droppedRecords', { sink: 'a', reason: 'pod_other_sink' }) === 1);
    expect(bed.messages('a')).toEqual([]);
  });

  it('keep a share, the same of every sink', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/sample': '0.2' } });
    bed.write(bed.logPath('web-1', 'u1'), ...Array.from({ length: 500 }, (_, n) => `line ${n}`));
    await bed.startAgent({ source: 'metadata_wait: 60s', sinks: ['a', 'b'] });
    const kept = (sink: string): number => bed.metric('ackedRecords', { sink });
    const dropped = (sink: string): number => bed.metric('droppedRecords', { sink, reason: 'pod_sampled' });
    await until(() => ['a', 'b'].every((sink) => kept(sink) + dropped(sink) === 500));
    expect(bed.messages('a')).toEqual(bed.messages('b'));
    expect(bed.messages('a').length).toBeGreaterThan(50);
    expect(bed.messages('a').length).toBeLessThan(200);
  });

  it('take effect when they change', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1');
    const path = bed.logPath('web-1', 'u1');
    bed.write(path, '{"level":"info"}');
    const agent = await bed.startAgent({ source: 'metadata_wait: 60s' });
    await bed.received(1);
    bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/parser': 'json' } });
    await until(() => agent.podMetadata?.directory.find('u1')?.annotations['vigie.io/parser'] !== undefined);
    bed.write(path, '{"level":"warn"}');
    const documents = await bed.received(2);
    expect(documents.map(({ level }) => level)).toEqual([undefined, 'warn']);
  });

  it('of 256 KiB harm nobody', async () => {
    const bed = await AgentBed.start();
    const poison = 'x"\\\u0001'.repeat(64 * 1024);
    bed.putPod('web-1', 'u1', { annotations: { 'example.com/poison': poison, 'vigie.io/parser': poison }, ...LABELS });
    bed.putPod('web-2', 'u2', LABELS);
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    bed.write(bed.logPath('web-2', 'u2'), 'two');
    await bed.startAgent({ source: 'metadata_wait: 60s, annotations: { copy: ["example.com/*"] }' });
    const documents = await bed.received(2);
    expect(documents.map(({ kubernetes }) => kubernetes.labels?.app)).toEqual(['web', 'web']);
    expect(documents.every(({ kubernetes }) => kubernetes.annotations === undefined)).toBe(true);
    expect(bed.metric('metadataLeftOut', { source: 'pods' })).toBe(1);
    expect(bed.logged.some((line) => line.includes('too long for its records'))).toBe(true);
    expect(bed.agent?.lanes.every(({ counters }) => counters.fault === undefined)).toBe(true);
  });
});

it('members that an application logs do not collide with OpenTelemetry names', async () => {
  const bed = await AgentBed.start();
  bed.putPod('web-1', 'u1', { annotations: { 'vigie.io/parser': 'json' }, ...LABELS });
  bed.write(bed.logPath('web-1', 'u1'), '{"body":"mine","service.name":"cart","user":"u1"}');
  await bed.startAgent({ source: 'metadata_wait: 60s', sinks: ['out'], format: 'otel' });
  await until(() => bed.documents().length === 1);
  expect(bed.documents()[0]).toMatchObject({
    body: '{"body":"mine","service.name":"cart","user":"u1"}',
    'service.name': 'web',
    user: 'u1',
    fields: { body: 'mine', 'service.name': 'cart' },
  });
});

describe('label selectors', () => {
  it('pick the pods that are read, and nothing is read before it is known', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { labels: { app: 'web', tier: 'gold' } });
    bed.putPod('web-2', 'u2', { labels: { app: 'web', tier: 'canary' } });
    bed.putPod('db-1', 'u3', { labels: { app: 'db' } });
    for (const [pod, uid] of [
      ['web-1', 'u1'],
      ['web-2', 'u2'],
      ['db-1', 'u3'],
      ['late', 'u4'],
    ] as const) {
      bed.write(bed.logPath(pod, uid), pod);
    }
    await bed.startAgent({
      source: 'metadata_wait: 20ms, include: { labels: "app in (web, late)" }, exclude: { labels: tier=canary }',
    });
    expect((await bed.received(1)).map(({ message }) => message)).toEqual(['web-1']);
    bed.putPod('late', 'u4', { labels: { app: 'late' } });
    expect((await bed.received(2)).map(({ message }) => message)).toEqual(['web-1', 'late']);
    expect(bed.metric('lostBytes')).toBe(0);
  });

  it('follow a pod whose labels change', async () => {
    const bed = await AgentBed.start();
    bed.putPod('web-1', 'u1', { labels: { app: 'other' } });
    bed.write(bed.logPath('web-1', 'u1'), 'one');
    const agent = await bed.startAgent({ source: 'metadata_wait: 20ms, include: { labels: app=web }' });
    await until(() => agent.podMetadata?.directory.synced === true);
    bed.putPod('web-1', 'u1', { labels: { app: 'web' } });
    expect((await bed.received(1))[0]?.message).toBe('one');
  });
});

it('a reload takes metadata up and lets it go', async () => {
  const bed = await AgentBed.start();
  bed.putPod('web-1', 'u1', LABELS);
  const path = bed.logPath('web-1', 'u1');
  bed.write(path, 'one');
  await bed.startAgent({ source: 'metadata_wait: 60s' });
  await bed.received(1);
  await bed.reload({ source: 'metadata_wait: 60s, annotations: { copy: ["example.com/*"] }' });
  bed.putPod('web-1', 'u1', { ...LABELS, annotations: { 'example.com/tier': 'gold' } });
  await until(() => bed.agent?.podMetadata?.directory.find('u1')?.annotations['example.com/tier'] === 'gold');
  bed.write(path, 'two');
  expect((await bed.received(2))[1]?.kubernetes.annotations).toEqual({ 'example_com/tier': 'gold' });
});
