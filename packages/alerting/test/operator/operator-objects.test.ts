import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { toldNobody } from '../../src/config/told-nobody.ts';
import { loadSettings } from '../../src/load-settings.ts';
import { ALERTING_KINDS } from '../../src/operator/object-kinds.ts';
import { AlertingService } from '../../src/service.ts';
import { folderWith } from '../folder.ts';
import { type Recorder, record } from '../receivers/recorder.ts';
import { served } from '../served.ts';

const START = Date.parse('2026-11-29T10:00:00Z');
const SILENT = createLog('error', { write: () => undefined });

class Bed {
  readonly clock = new FakeClock(START);
  readonly kube: TestApiServer;
  readonly hook: Recorder;
  readonly service: AlertingService;
  readonly url: string;

  private constructor(kube: TestApiServer, hook: Recorder, service: AlertingService, url: string, clock: FakeClock) {
    this.kube = kube;
    this.hook = hook;
    this.service = service;
    this.url = url;
    this.clock = clock;
  }

  /** @param versions of AlertmanagerConfig that the cluster serves */
  static async start(versions: readonly string[], section = '{}'): Promise<Bed> {
    const clock = new FakeClock(START);
    const documents: Record<string, object> = {};
    for (const version of ['v1', ...versions]) {
      const resources = ALERTING_KINDS.filter((kind) => kind.version === version).map(({ resource: name }) => ({
        name,
      }));
      documents[`/apis/monitoring.coreos.com/${version}`] = { kind: 'APIResourceList', resources };
    }
    const kube = await TestApiServer.start({ documents });
    onTestFinished(() => kube.stop());
    const folder = await folderWith();
    const text = `data_dir: data\noperator_objects: ${section}\nevaluation_interval: 1s\nnotifications: { startup_hold: 0s }\n`;
    const file = join(folder, 'alerting.yaml');
    await writeFile(file, text);
    const program = { dataDir: join(folder, 'data'), alertmanager: toldNobody() };
    const { config } = await readAlertingConfig({ text, file, root: [] }, {}, { program });
    const world = { clock, random: () => 0.5, env: {}, version: '1.2.3' };
    const settings = await loadSettings(config, { ...world, url: 'http://alerts.example' });
    const source = {
      query: async () => [{ labels: LabelSet.of({ app: 'web', namespace: 'shop' }), value: 1, histogram: undefined }],
      append: undefined,
      restoreFrom: {
        select: () => {
          throw new Error('nothing is restored');
        },
      } as never,
    };
    const options = { prefix: '', self: () => ({ name: 'me', address: '127.0.0.1:9093' }) };
    const service = new AlertingService(settings, options, { ...world, log: SILENT, source, kube: kube.config() });
    await service.start();
    const url = await served(service);
    return new Bed(kube, await record(), service, url, clock);
  }

  put(resource: string, name: string, spec: object): void {
    this.kube.put(resource, { metadata: { namespace: 'shop', name }, spec });
  }

  rule(name: string, expr = 'up == 0'): void {
    const rules = [
      { alert: 'Down', expr },
      { record: 'left', expr: 'up' },
    ];
    this.put('prometheusrules', name, { groups: [{ name: 'g', rules }] });
  }

  receiver(name: string, spec: object = {}): void {
    this.put('alertmanagerconfigs', name, {
      route: { receiver: 'hook', groupWait: '0s' },
      receivers: [{ name: 'hook', webhookConfigs: [{ urlSecret: { name: 'hooks', key: 'url' } }] }],
      ...spec,
    });
  }

  secret(url: string): void {
    const data = { url: Buffer.from(`${url}\n`).toString('base64') };
    this.kube.put('secrets', { metadata: { namespace: 'shop', name: 'hooks' }, data });
  }

  async json(path: string): Promise<unknown> {
    return (await fetch(this.url + path)).json();
  }

  /** Moves time on, and lets what comes over real sockets come. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await this.clock.advance(50);
    }
  }

  async has(path: string, text: string): Promise<boolean> {
    return (await (await fetch(this.url + path)).text()).includes(text);
  }
}

describe('objects of the Prometheus operator', () => {
  it.each([
    [['v1alpha1', 'v1beta1']],
    [['v1beta1']],
  ])('bring the rules of a namespace and who is told of its alerts, from versions %j', async (versions) => {
    const bed = await Bed.start(versions);
    bed.secret(`${bed.hook.url}/hook`);
    bed.rule('web');
    bed.receiver('team');
    await bed.until(() => bed.hook.requests.length > 0);
    expect(JSON.parse(bed.hook.requests[0]?.body ?? '')).toMatchObject({
      receiver: 'shop/team/hook',
      alerts: [{ labels: { alertname: 'Down', app: 'web' } }],
    });
    expect(await bed.json('/api/v1/rules')).toMatchObject({
      data: { groups: [{ name: 'g', file: 'PrometheusRule shop/web', rules: [{ name: 'Down' }] }] },
    });
    expect(await bed.has('/api/v2/status', 'shop/team/hook')).toBe(true);
    expect(await bed.has('/api/v2/status', bed.hook.url)).toBe(false);
    bed.kube.remove('prometheusrules', 'shop', 'web');
    bed.kube.remove('alertmanagerconfigs', 'shop', 'team');
    await bed.until(async () => !(await bed.has('/api/v1/rules', 'Down')));
    await bed.until(async () => !(await bed.has('/api/v2/receivers', 'shop/team/hook')));
  });

  it('that are wrong are named with their problems, and stop no other', async () => {
    const bed = await Bed.start(['v1alpha1']);
    bed.secret(`${bed.hook.url}/hook`);
    bed.receiver('team');
    bed.receiver('lost', { route: { receiver: 'nobody' } });
    bed.receiver('keyless', {
      receivers: [{ name: 'hook', webhookConfigs: [{ urlSecret: { name: 'hooks', key: 'no' } }] }],
    });
    bed.rule('typo', 'up ==');
    await bed.until(() => bed.has('/api/v2/receivers', 'shop/team/hook'));
    expect(await bed.json('/status')).toMatchObject({
      operatorObjects: {
        kinds: expect.arrayContaining([{ kind: 'AlertmanagerConfig', version: 'v1alpha1', isThere: true, objects: 3 }]),
        refused: expect.arrayContaining([
          {
            object: 'AlertmanagerConfig shop/lost',
            problems: [
              'spec.route.receiver: expected the name of a receiver (undefined receiver "shop/lost/nobody" used in route)',
            ],
            isBeforeInForce: false,
          },
          {
            object: 'AlertmanagerConfig shop/keyless',
            problems: ['spec.receivers[0].webhookConfigs[0].urlSecret: the Secret shop/hooks has no key no'],
            isBeforeInForce: false,
          },
          {
            object: 'PrometheusRule shop/typo',
            problems: [expect.stringMatching(/^spec\.groups\[0\]\.rules\[0\]\.expr: expected a PromQL expression/)],
            isBeforeInForce: false,
          },
        ]),
      },
    });
    const { body } = await bed.service.expose();
    expect(body).toContain('vigie_alerting_operator_objects{kind="AlertmanagerConfig",state="refused"} 2');
    expect(body).toContain('vigie_alerting_operator_objects{kind="PrometheusRule",state="refused"} 1');
  });

  it('are not read where that is off', async () => {
    const bed = await Bed.start(['v1alpha1'], '{ mode: off }');
    expect(await bed.json('/status')).toEqual({ operatorObjects: null });
    expect(bed.kube.requests).toEqual([]);
  });
});
