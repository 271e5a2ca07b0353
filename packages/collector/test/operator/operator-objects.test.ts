import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { Telemetry } from '@vigie/core/telemetry';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Asked } from '../../src/operator/object-jobs.ts';
import { OPERATOR_KINDS } from '../../src/operator/object-kinds.ts';
import { OperatorObjects, type OperatorObjectsConfig } from '../../src/operator/operator-objects.ts';
import { OPERATOR_METRICS, reportOperatorObjects } from '../../src/operator/telemetry.ts';
import { GLOBALS } from './world.ts';

class Bed {
  readonly clock = new FakeClock();
  readonly asked: Asked[] = [];
  readonly lines: Record<string, unknown>[] = [];
  readonly kube: TestApiServer;
  readonly documents: Record<string, object>;
  readonly objects: OperatorObjects;

  private constructor(kube: TestApiServer, documents: Record<string, object>, changes: Partial<OperatorObjectsConfig>) {
    this.kube = kube;
    this.documents = documents;
    const { clock, asked, lines } = this;
    const client = new KubeClient(kube.config(), { clock, env: {}, userAgent: 'test', reloadFailed: () => undefined });
    onTestFinished(() => client.close());
    this.objects = new OperatorObjects(
      {
        selector: '',
        namespaces: [],
        serviceDiscoveryRole: 'endpoints',
        fileAccess: false,
        globals: GLOBALS,
        ...changes,
      },
      {
        client,
        clock,
        random: () => 0,
        log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
        use: async (all) => void asked.push(all),
      },
    );
    onTestFinished(() => this.objects.close());
  }

  static async start(
    options: { readonly isInstalled?: boolean; readonly config?: Partial<OperatorObjectsConfig> } = {},
  ) {
    const documents: Record<string, object> = {};
    const kube = await TestApiServer.start({ documents });
    onTestFinished(() => kube.stop());
    const bed = new Bed(kube, documents, options.config ?? {});
    if (options.isInstalled !== false) bed.install();
    return bed;
  }

  install(): void {
    for (const version of ['v1', 'v1alpha1']) {
      const kinds = OPERATOR_KINDS.filter((kind) => kind.version === version);
      const resources = kinds.flatMap(({ resource: name }) => [{ name }, { name: `${name}/status` }]);
      this.documents[`/apis/monitoring.coreos.com/${version}`] = { kind: 'APIResourceList', resources };
    }
  }

  uninstall(): void {
    for (const path of Object.keys(this.documents)) delete this.documents[path];
  }

  put(kind: (typeof OPERATOR_KINDS)[number]['kind'], name: string, spec: object, labels = {}): void {
    const resource = OPERATOR_KINDS.find((one) => one.kind === kind)?.resource ?? '';
    this.kube.put(resource, { kind, metadata: { namespace: 'shop', name, labels }, spec });
  }

  monitor(name: string, endpoint: object = {}): void {
    this.put('ServiceMonitor', name, { endpoints: [{ port: 'http', ...endpoint }] });
  }

  /** Names of the jobs that are asked for now. */
  get jobs(): readonly string[] {
    return (this.asked.at(-1)?.scrapes ?? []).map(({ jobName }) => jobName).sort();
  }

  /** Moves time on, and lets what comes over real sockets come. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await this.clock.advance(50);
    }
  }

  async metrics(): Promise<string> {
    const telemetry = new Telemetry(OPERATOR_METRICS);
    telemetry.collect((report) => reportOperatorObjects(this.objects, report));
    return (await telemetry.expose()).body;
  }
}

describe('objects of the operator', () => {
  it('come, change and go with their jobs, and leave those of others as they are', async () => {
    const bed = await Bed.start();
    bed.monitor('a');
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    bed.put('PodMonitor', 'b', { podMetricsEndpoints: [{ port: 'x' }, { port: 'y' }] });
    bed.put('PrometheusRule', 'r', { groups: [{ name: 'g', rules: [{ record: 'a', expr: 'b' }] }] });
    await bed.until(() => bed.jobs.length === 3);
    expect(bed.jobs).toEqual(['podMonitor/shop/b/0', 'podMonitor/shop/b/1', 'serviceMonitor/shop/a/0']);
    const before = bed.asked.at(-1);
    expect(before?.rules.groups.map(({ file }) => file)).toEqual(['PrometheusRule shop/r']);
    bed.monitor('a', { interval: '5s' });
    const of = (all: Asked | undefined, name: string) => all?.scrapes.find(({ jobName }) => jobName === name);
    await bed.until(() => of(bed.asked.at(-1), 'serviceMonitor/shop/a/0')?.intervalMs === 5000);
    expect(of(bed.asked.at(-1), 'podMonitor/shop/b/0')).toBe(of(before, 'podMonitor/shop/b/0'));
    bed.kube.remove('podmonitors', 'shop', 'b');
    await bed.until(() => bed.jobs.join() === 'serviceMonitor/shop/a/0');
  });

  it('are taken up all at once, when every kind has been listed', async () => {
    const bed = await Bed.start();
    for (const name of ['a', 'b', 'c']) bed.monitor(name);
    bed.put('Probe', 'p', { prober: { url: 'b:9115' }, targets: { staticConfig: { static: ['a'] } } });
    bed.objects.start();
    await bed.until(() => bed.asked.length > 0);
    expect(bed.jobs).toHaveLength(4);
  });

  it('are picked by labels and namespaces', async () => {
    const bed = await Bed.start({ config: { selector: 'team=web', namespaces: ['shop'] } });
    bed.put('ServiceMonitor', 'ours', { endpoints: [{}] }, { team: 'web' });
    bed.put('ServiceMonitor', 'theirs', { endpoints: [{}] }, { team: 'db' });
    bed.objects.start();
    await bed.until(() => bed.jobs.length > 0);
    expect(bed.jobs).toEqual(['serviceMonitor/shop/ours/0']);
    const lists = bed.kube.requests.filter(({ verb, path }) => verb === 'list' && path.endsWith('servicemonitors'));
    expect(lists.map(({ path }) => path)).toEqual(['/apis/monitoring.coreos.com/v1/namespaces/shop/servicemonitors']);
  });

  it('inherit what a reload makes global', async () => {
    const bed = await Bed.start();
    bed.monitor('a');
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    const globals = { ...GLOBALS, read: { ...GLOBALS.read, intervalMs: 7000 } };
    bed.objects.reconfigure({
      selector: '',
      namespaces: [],
      serviceDiscoveryRole: 'endpoints',
      fileAccess: false,
      globals,
    });
    await bed.until(() => bed.asked.at(-1)?.scrapes[0]?.intervalMs === 7000);
  });
});

describe('an object that is wrong', () => {
  it('stops no other, is named with its path, and counted', async () => {
    const bed = await Bed.start();
    bed.monitor('wrong', { interval: 'often' });
    bed.monitor('right');
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    const problems = ['spec.endpoints[0].interval: expected a duration such as 15s, 500ms or 1h30m'];
    expect(bed.objects.status()).toMatchObject({
      kinds: expect.arrayContaining([{ kind: 'ServiceMonitor', version: 'v1', isThere: true, objects: 2 }]),
      refused: [{ object: 'ServiceMonitor shop/wrong', problems, isBeforeInForce: false }],
    });
    expect(bed.lines).toContainEqual(expect.objectContaining({ object: 'ServiceMonitor shop/wrong', problems }));
    const metrics = await bed.metrics();
    expect(metrics).toContain('vigie_collector_operator_objects{kind="ServiceMonitor",state="refused"} 1');
    expect(metrics).toContain('vigie_collector_operator_objects{kind="ServiceMonitor",state="accepted"} 1');
    expect(metrics).toContain('vigie_collector_operator_kind_up{kind="Probe"} 1');
  });

  it('keeps what it asked for before it was changed', async () => {
    const bed = await Bed.start();
    bed.monitor('a', { interval: '5s' });
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    bed.monitor('a', { interval: 'often' });
    await bed.until(() => bed.objects.status().refused.length === 1);
    expect(bed.objects.status().refused[0]?.isBeforeInForce).toBe(true);
    expect(bed.asked.at(-1)?.scrapes[0]?.intervalMs).toBe(5000);
  });
});

describe('kinds', () => {
  it('that are installed later are picked up, and end with their objects', async () => {
    const bed = await Bed.start({ isInstalled: false });
    bed.monitor('a');
    bed.objects.start();
    await bed.until(() => bed.kube.requests.length >= 2);
    expect(bed.objects.status().kinds.every(({ isThere }) => !isThere)).toBe(true);
    bed.install();
    await bed.until(() => bed.jobs.length === 1);
    bed.uninstall();
    await bed.until(() => bed.asked.at(-1)?.scrapes.length === 0);
    expect(bed.kube.watching).toBe(0);
  });

  it('that may not be read keep nothing from the others', async () => {
    const bed = await Bed.start();
    bed.monitor('a');
    bed.kube.refuse({ verb: 'list', status: 403, times: 3 });
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
  });

  it('stay as they were while the API server cannot say whether they are there', async () => {
    const bed = await Bed.start();
    bed.monitor('a');
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    const times = bed.asked.length;
    await bed.kube.stop();
    await bed.clock.advance(60_000);
    expect([bed.asked.length, bed.jobs.length]).toEqual([times, 1]);
  });
});

describe('Secrets', () => {
  const secret = (token: string) => ({
    metadata: { namespace: 'shop', name: 's' },
    data: { token: Buffer.from(token).toString('base64') },
  });
  const credentials = (bed: Bed): unknown => {
    const authorization = bed.asked.at(-1)?.scrapes[0]?.client.authorization;
    return authorization?.kind === 'credentials' ? authorization.credentials : undefined;
  };
  const WITH_SECRET = { authorization: { credentials: { name: 's', key: 'token' } } };

  it('are read for the objects that refer to them, and again when they change', async () => {
    const bed = await Bed.start();
    bed.kube.put('secrets', secret('one'));
    bed.monitor('a', WITH_SECRET);
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    expect(credentials(bed)).toEqual({ value: 'one' });
    bed.kube.put('secrets', secret('two'));
    await bed.until(() => JSON.stringify(credentials(bed)) === '{"value":"two"}');
  });

  it('that come later let an object be used that had been refused', async () => {
    const bed = await Bed.start();
    bed.monitor('a', WITH_SECRET);
    bed.monitor('b');
    bed.objects.start();
    await bed.until(() => bed.jobs.length === 1);
    expect(bed.objects.status().refused[0]?.problems[0]).toContain('the Secret shop/s cannot be read: 404');
    expect(await bed.metrics()).toContain('vigie_collector_operator_asset_failures_total 1');
    bed.kube.put('secrets', secret('one'));
    await bed.until(() => bed.jobs.length === 2);
  });
});
