import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { injectedPod } from '../inject/patched.ts';
import { BulkRecorder } from './bulk-recorder.ts';
import { lokiBody, numbered, otlpBody, POD, ShipBed } from './ship-bed.ts';

const KUBERNETES = {
  namespace: 'shop',
  pod: { name: 'web-0', uid: POD.POD_UID, ip: '10.1.2.3' },
  container: { name: 'web' },
  node: { name: 'n1' },
  labels: { app: 'web', 'app_kubernetes_io/part-of': 'the "shop"' },
};

const environmentSchema = v.array(v.object({ name: v.string(), value: v.optional(v.string()) }));

const PUSH = [
  ['otlp', 'otlp', '/v1/logs', otlpBody, 200],
  ['loki_push', 'loki', '/loki/api/v1/push', lokiBody, 204],
] as const;

describe('vigie sidecar ship', () => {
  let bed: ShipBed;
  let recorder: BulkRecorder;
  let url: string;
  beforeEach(async () => {
    bed = new ShipBed();
    recorder = new BulkRecorder();
    url = await recorder.start();
  });
  afterEach(() => {
    bed.close();
    recorder.close();
  });

  const elasticsearch = (inputs: string, more = ''): string =>
    `  es: { type: elasticsearch, inputs: [${inputs}], endpoints: ["${url}"], index: logs, id: deterministic, retry: { initial: 10ms, max: 50ms }, batch: { timeout: 10ms, max_bytes: 64KiB }${more} }\n`;
  const files = (): string => `  files: { type: file, paths: ["${bed.logs}/*.log"], reconcile_interval: 100ms }\n`;
  const messages = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
  const post = (to: string, body: string): Promise<Response> =>
    fetch(to, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const stored = (count: number) => (): boolean => recorder.stored.size >= count;

  it('ships each line of a file once, with what the downward API says of the pod, over rotation and kill -9', async () => {
    bed.configure(`sources:\n${files()}sinks:\n${elasticsearch('files')}`);
    const total = 8_000;
    let written = 0;
    for (let round = 0; round < 4; round++) {
      const ship = bed.start();
      await bed.urlOf(ship, 'http');
      const target = ((round + 1) * total) / 4;
      while (written < target) {
        appendFileSync(bed.log, numbered(written, written + 250));
        written += 250;
        if (written % 1000 === 0) renameSync(bed.log, `${bed.log}.${10_000 - written}`);
        await bed.until('progress', stored(written - 1500));
      }
      ship.child.kill('SIGKILL');
      await ship.exit;
    }
    const last = bed.start();
    await bed.until('all lines', stored(total));
    last.child.kill('SIGTERM');
    expect(await last.exit).toBe(0);
    expect(recorder.messages.sort()).toEqual(messages(total).sort());
    const [document] = recorder.stored.values();
    expect(document).toMatchObject({ stream: 'stdout', kubernetes: KUBERNETES });
  });

  it('knows a line again without its checkpoint, and does not take it for one of another pod', async () => {
    bed.configure(`sources:\n${files()}sinks:\n${elasticsearch('files')}`);
    writeFileSync(bed.log, 'the same first line\n');
    expect(await bed.start(['sidecar', 'ship', '--config', bed.config, '--once']).exit).toBe(0);
    const other = readFileSync(bed.config, 'utf8').replace('/data\n', '/other-data\n');
    writeFileSync(bed.config, other);
    expect(await bed.start(['sidecar', 'ship', '--config', bed.config, '--once']).exit).toBe(0);
    expect(recorder.stored.size).toBe(1);
    writeFileSync(bed.config, other.replace('/other-data\n', '/third-data\n'));
    const otherPod = { ...POD, POD_UID: 'another' };
    expect(await bed.start(['sidecar', 'ship', '--config', bed.config, '--once'], otherPod).exit).toBe(0);
    expect(recorder.stored.size).toBe(2);
  });

  it.each(
    PUSH,
  )('%s: success is said when the sink has the record, and not before', async (type, name, path, body, ok) => {
    recorder.state = 'holds';
    bed.configure(`sources:\n  app: { type: ${type}, listen: "127.0.0.1:0" }\nsinks:\n${elasticsearch('app')}`);
    const ship = bed.start();
    const to = (await bed.urlOf(ship, name)) + path;
    let status: number | undefined;
    const answered = post(to, body('pushed')).then((response) => {
      status = response.status;
    });
    await bed.until('the request at the sink', () => recorder.held === 1);
    expect(status).toBeUndefined();
    recorder.up();
    await answered;
    expect(status).toBe(ok);
    expect(recorder.messages).toEqual(['pushed']);
    const [document] = recorder.stored.values();
    expect(document?.kubernetes).toEqual(KUBERNETES);
  });

  it.each(
    PUSH,
  )('%s: 429 while as much waits as may, 503 when the sink is late, both to come again', async (type, name, path, body) => {
    recorder.state = 'holds';
    bed.configure(
      `sources:\n  app: { type: ${type}, listen: "127.0.0.1:0", max_pending: 1KiB, timeout: 400ms }\nsinks:\n${elasticsearch('app')}`,
    );
    const ship = bed.start();
    const to = (await bed.urlOf(ship, name)) + path;
    const late = post(to, body('x'.repeat(1000)));
    await bed.until('the request at the sink', () => recorder.held === 1);
    const full = await post(to, body('x'.repeat(1000)));
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1']);
    const answer = await late;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    const page = await (await fetch(`${await bed.urlOf(ship, 'http')}/metrics`)).text();
    expect(page).toContain('vigie_agent_pushed_records_total{source="app",outcome="full"} 1');
    expect(page).toContain('vigie_agent_pushed_records_total{source="app",outcome="late"} 1');
  });

  it.each(
    PUSH,
  )('%s: with a disk buffer success is said while the sink is down, and outlives kill -9', async (type, name, path, body, ok) => {
    recorder.state = 'down';
    const buffer = ', buffer: { type: disk, max_size: 8MiB }';
    bed.configure(`sources:\n  app: { type: ${type}, listen: "127.0.0.1:0" }\nsinks:\n${elasticsearch('app', buffer)}`);
    const first = bed.start();
    const to = (await bed.urlOf(first, name)) + path;
    for (let i = 0; i < 20; i++) expect((await post(to, body(`line ${i}`))).status).toBe(ok);
    first.child.kill('SIGKILL');
    await first.exit;
    expect(recorder.stored.size).toBe(0);
    recorder.up();
    bed.start();
    await bed.until('all that was promised', stored(20));
    expect(recorder.messages.sort()).toEqual(messages(20).sort());
  });

  it('counts lines at /metrics/logs, by the pod and its container', async () => {
    mkdirSync(join(bed.logs, 'api'));
    writeFileSync(join(bed.logs, 'api/api.log'), 'GET 500\nGET 200\n');
    bed.configure(`sources:
  api: { type: file, paths: ["${bed.logs}/api/*.log"], container: api }
${files()}transforms:
  failed: { type: filter, inputs: [api, files], condition: { message: { re: "500$" } } }
sinks:
  counts: { type: log_to_metric, inputs: [failed], metrics: [{ name: failed_total, type: counter }] }
`);
    writeFileSync(bed.log, 'a 500\nb 500\n');
    const ship = bed.start();
    const page = `${await bed.urlOf(ship, 'http')}/metrics/logs`;
    const label = (container: string, count: number) =>
      `failed_total{namespace="shop",pod="web-0",container="${container}"} ${count}`;
    await bed.until('the counts', async () => {
      const text = await (await fetch(page)).text();
      return text.includes(label('web', 2)) && text.includes(label('api', 1));
    });
  });

  it('drains on SIGTERM: what is written until nobody writes any more, a last line without a newline, what was pushed', async () => {
    bed.configure(
      `sources:\n${files()}  app: { type: otlp, listen: "127.0.0.1:0" }\nsinks:\n${elasticsearch('files, app')}`,
    );
    writeFileSync(bed.log, 'begun\n');
    const ship = bed.start();
    const otlp = await bed.urlOf(ship, 'otlp');
    await bed.until('the first line', stored(1));
    appendFileSync(bed.log, numbered(0, 20_000));
    appendFileSync(join(bed.logs, 'new.log'), 'last words');
    recorder.state = 'holds';
    const pushed = post(`${otlp}/v1/logs`, otlpBody('pushed'));
    await bed.until('requests at the sink', () => recorder.held > 0);
    ship.child.kill('SIGTERM');
    await bed.until('the drain', () => ship.stderr().includes('draining'));
    recorder.up();
    expect((await pushed).status).toBe(200);
    expect(await ship.exit).toBe(0);
    expect(recorder.messages.sort()).toEqual(['begun', 'last words', 'pushed', ...messages(20_000)].sort());
  });

  it('exits 1 when the sink takes nothing in the grace time, and the next one sends what was left', async () => {
    bed.configure(`shutdown_grace: 500ms\nsources:\n${files()}sinks:\n${elasticsearch('files')}`);
    recorder.state = 'down';
    writeFileSync(bed.log, numbered(0, 100));
    const first = bed.start();
    await bed.urlOf(first, 'http');
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(1);
    expect(first.stderr()).toMatch(/\d+ bytes were not delivered in the grace time/);
    recorder.up();
    bed.start();
    await bed.until('all lines', stored(100));
    expect(recorder.messages.sort()).toEqual(messages(100).sort());
  });

  it('ends with 0 when the application of a Job has ended, with everything delivered', async () => {
    const done = join(bed.root, 'done');
    bed.configure(`until: ${done}\nsources:\n${files()}sinks:\n${elasticsearch('files')}`);
    writeFileSync(bed.log, 'begun\n');
    const ship = bed.start();
    await bed.until('the first line', stored(1));
    appendFileSync(bed.log, `${numbered(0, 1000)}the end`);
    writeFileSync(done, '');
    expect(await ship.exit).toBe(0);
    expect(recorder.messages.sort()).toEqual(['begun', ...messages(1000), 'the end'].sort());
  });

  it('takes the files of its command line, relabelled pods, and another configuration, while it runs', async () => {
    bed.configure(`sources:\n  files: { type: file }\nsinks:\n${elasticsearch('files')}`);
    writeFileSync(bed.log, 'first\n');
    const ship = bed.start(['sidecar', 'ship', '--config', bed.config, '--listen', '127.0.0.1:0', `${bed.logs}/*.log`]);
    const http = await bed.urlOf(ship, 'http');
    await bed.until('the first line', stored(1));
    writeFileSync(bed.config, 'sinks: 5');
    expect((await fetch(`${http}/-/reload`, { method: 'POST' })).status).toBe(500);
    bed.configure(`cluster: paris\nsources:\n  files: { type: file }\nsinks:\n${elasticsearch('files')}`);
    writeFileSync(bed.labels, 'app="api"');
    expect((await fetch(`${http}/-/reload`, { method: 'POST' })).status).toBe(200);
    appendFileSync(bed.log, 'second\n');
    await bed.until('the second line', stored(2));
    expect([...recorder.stored.values()].map(({ message, kubernetes }) => [message, kubernetes?.labels])).toEqual([
      ['first', KUBERNETES.labels],
      ['second', { app: 'api' }],
    ]);
    expect((await fetch(`${http}/readyz`)).status).toBe(200);
    expect((await fetch(`${http}/ledger`)).status).toBe(200);
  });

  it('runs as injection has it: with the files of the annotation, the container by the path, the pod by its environment', async () => {
    const pod = {
      metadata: {
        annotations: {
          'vigie.io/inject': 'ship',
          'vigie.io/paths': 'api=/var/log/api/*.log',
          'vigie.io/config': 'app-logs',
        },
      },
      spec: { containers: [{ name: 'api', image: 'shop/api:1', securityContext: { runAsUser: 1000 } }] },
    };
    const { sidecar } = injectedPod(pod);
    // The volumes of the container are folders of the test.
    const here = (text: string): string => text.replace('/etc/vigie', bed.root).replace('/logs', bed.logs);
    const fields: Readonly<Record<string, string>> = { ...POD };
    const env = Object.fromEntries(
      v.parse(environmentSchema, sidecar.env).map(({ name, value }) => [name, here(value ?? fields[name] ?? '')]),
    );
    mkdirSync(join(bed.logs, 'api/var/log/api'), { recursive: true });
    writeFileSync(join(bed.logs, 'api/var/log/api/access.log'), 'GET /\n');
    writeFileSync(join(bed.root, 'annotations'), 'vigie.io/injected="ship"');
    writeFileSync(
      bed.config,
      `data_dir: ${bed.root}/data\nsources:\n  files: { type: file }\nsinks:\n${elasticsearch('files')}`,
    );
    const [command, ...args] = sidecar.command ?? [];
    expect([command, args[0]]).toEqual(['vigie', 'sidecar']);
    const ship = bed.start(
      args.map((argument) => here(argument).replace(/^:9881$/, ':0')),
      env,
    );
    await bed.until('the line', stored(1));
    const [document] = recorder.stored.values();
    expect(document?.kubernetes).toEqual({ ...KUBERNETES, container: { name: 'api' } });
    expect(ship.stderr()).toMatch(/listening on http:\/\/\S+ \(http\)/);
  });

  it('exits 2 on a bad configuration, with every position, as does check', async () => {
    writeFileSync(
      bed.config,
      'sources:\n  node: { type: kubernetes_logs }\n  app: { type: file, path: x }\nsinks:\n  out: { type: file }\n',
    );
    const ship = bed.start();
    expect(await ship.exit).toBe(2);
    expect(ship.stderr()).toContain(`${bed.config}:2:17: sources.node.type: expected "file", "otlp" or "loki_push"`);
    expect(ship.stderr()).toContain('are for the node agent');
    expect(ship.stderr()).toContain(`${bed.config}:3:22: sources.app.path: expected one of the keys`);
    expect(ship.stderr()).toContain(`${bed.config}:5:8: sinks.out.inputs: expected`);
    const check = bed.start(['check', 'sidecar', bed.config]);
    expect(await check.exit).toBe(2);
    expect(check.stderr()).toBe(ship.stderr());
    bed.configure(`sources:\n  files: { type: file }\nsinks:\n${elasticsearch('files')}`);
    const good = bed.start(['check', 'sidecar', bed.config]);
    expect(await good.exit).toBe(0);
    expect(good.stdout()).toBe(`${bed.config}: ok\n`);
  });
});
