/** Objects of the Prometheus operator on a real API server: `vigie alerting` takes up their rules and receivers, names those that are wrong, and
 *  forgets those that are deleted. */
import { ALERTING_KINDS } from '@vigie/alerting/operator/object-kinds';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AlertingProcess, startAlerting } from './alerting-process.ts';
import { until } from './deadline.ts';
import { customResources } from './operator-kinds.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, ask, at } from './rest.ts';

const TIMEOUT_MS = 120_000;
const NAMESPACE = 'shop';

let plane: ControlPlane;
let hook: RecordingServer;
let metrics: RecordingServer;
let alerting: AlertingProcess;

beforeAll(async () => {
  plane = await startControlPlane();
  plane.kubectl(['create', 'namespace', NAMESPACE]);
  for (const kind of customResources(ALERTING_KINDS)) apply(kind);
  hook = await startRecordingServer({}, () => ({ status: 200, body: {} }));
  // Whatever is asked, one series of the namespace.
  metrics = await startRecordingServer({}, () => {
    const result = [{ metric: { namespace: NAMESPACE, app: 'web' }, value: [Date.now() / 1000, '1'] }];
    return { status: 200, body: { status: 'success', data: { resultType: 'vector', result } } };
  });
  process.env.KUBECONFIG = plane.kubeconfig;
  alerting = await startAlerting(
    {
      alertmanager_config: 'alertmanager.yml',
      evaluation_interval: '1s',
      notifications: { startup_hold: '0s' },
      datasources: { metrics: { url: metrics.url } },
      operator_objects: { namespaces: [NAMESPACE] },
    },
    { 'alertmanager.yml': 'route: { receiver: platform }\nreceivers: [{ name: platform }]\n' },
  );
}, TIMEOUT_MS * 2);

afterAll(async () => {
  await alerting?.stop();
  await hook?.close();
  await metrics?.close();
  await plane?.stop();
});

function apply(object: object): void {
  plane.kubectl(['apply', '-f', '-'], JSON.stringify(object));
}

function object(kind: string, version: string, name: string, spec: object): object {
  return {
    apiVersion: `monitoring.coreos.com/${version}`,
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec,
  };
}

async function status(): Promise<unknown> {
  return at(await ask({ url: alerting.url }, 'GET', '/status'), 'operatorObjects');
}

test(
  'rules and receivers of a namespace are told of, and go with their objects',
  async () => {
    const data = { url: Buffer.from(`${hook.url}/hook\n`).toString('base64') };
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hooks', namespace: NAMESPACE }, data });
    apply(
      object('PrometheusRule', 'v1', 'web', { groups: [{ name: 'web', rules: [{ alert: 'Down', expr: 'up == 0' }] }] }),
    );
    apply(
      object('AlertmanagerConfig', 'v1alpha1', 'team', {
        route: { receiver: 'hook', groupWait: '0s' },
        receivers: [{ name: 'hook', webhookConfigs: [{ urlSecret: { name: 'hooks', key: 'url' } }] }],
      }),
    );
    const told = await until(
      'the web hook to be told',
      TIMEOUT_MS,
      () => hook.requests[0],
      () => JSON.stringify(metrics.requests.length),
    );
    expect(told.body).toMatchObject({ receiver: 'shop/team/hook', alerts: [{ labels: { alertname: 'Down' } }] });
    apply(object('AlertmanagerConfig', 'v1beta1', 'lost', { route: { receiver: 'nobody' } }));
    const refused = await until('the object to be refused', TIMEOUT_MS, async () => {
      const found = arrayAt(await status(), 'refused');
      return found.length > 0 ? found : undefined;
    });
    expect(refused).toMatchObject([
      { object: 'AlertmanagerConfig shop/lost', problems: [expect.stringContaining('spec.route.receiver')] },
    ]);
    plane.kubectl(['-n', NAMESPACE, 'delete', 'prometheusrules', 'web']);
    await until('the rules to be gone', TIMEOUT_MS, async () => {
      const rules = await ask({ url: alerting.url }, 'GET', '/api/v1/rules');
      return arrayAt(rules, 'data', 'groups').length === 0 ? true : undefined;
    });
  },
  TIMEOUT_MS * 2,
);
