/** The collector as shipped, in real pods behind its Service and its APIServices, and the real controller of HorizontalPodAutoscalers
 *  that scales real pods by it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import {
  APP_PORT,
  appDeployment,
  autoscaler,
  type Metric,
  programConfigMap,
  scrapedService,
  shellDeployment,
} from './autoscaled.ts';
import { until } from './deadline.ts';
import { kubectlApply } from './kubectl-apply.ts';
import { temporaryFolder } from './leash.ts';
import { operatorCustomResources, serviceMonitor } from './operator-kinds.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { type ClusterNetwork, clusterNetwork, NODE_NAME, type RealNode, startNode } from './parts/kubernetes-node.ts';
import { runToEnd } from './parts/run-to-end.ts';
import { arrayAt, ask, at, stringAt } from './rest.ts';
import { overlayOf, shippedFile } from './shipped-manifests.ts';

const VIGIE = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
const COLLECTOR_USER = 'system:serviceaccount:vigie-collector:vigie-collector';
const NAMESPACE = 'shop';
const TIMEOUT_MS = 180_000;
/** A scale-down comes this long after the load has fallen. */
const STABILIZATION = '10s';
/** In place of the 15 s that are shipped; all else is as shipped, and the API is open to who has the token. */
const INTERVAL = '2s';
/** Suffixes of small quantities. */
const UNITS: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1 };
const TOKEN_FILE = '/etc/vigie-api/token';
const TOKEN = 'of-the-suite';

let network: ClusterNetwork;
let audit: AuditLog;
let plane: ControlPlane;
let node: RealNode;

beforeAll(async () => {
  network = clusterNetwork();
  audit = auditLog();
  plane = await startControlPlane({
    subjectAltNames: [`IP:${network.apiServer}`],
    apiServerFlags: [
      `--service-cluster-ip-range=${network.services}`,
      '--enable-aggregator-routing=true',
      ...audit.flags,
    ],
    controllers: ['*'],
    controllerManagerFlags: [
      '--horizontal-pod-autoscaler-sync-period=2s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=1s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
      `--horizontal-pod-autoscaler-downscale-stabilization=${STABILIZATION}`,
    ],
    scheduler: [],
  });
  node = await startNode(plane, network, []);
  for (const namespace of [NAMESPACE, 'vigie-collector']) plane.kubectl(['create', 'namespace', namespace]);
  const secret = ['create', 'secret', 'generic', 'vigie-collector-api', `--from-literal=token=${TOKEN}`];
  plane.kubectl(['-n', 'vigie-collector', ...secret]);
  plane.kubectl(['apply', '-k', collectorManifests()]);
  const program = await bundled('./scaled-app.program.ts');
  for (const object of [programConfigMap(program), appDeployment('web'), appDeployment('queue', { isScraped: false })])
    await apply(object);
  await apply(scrapedService('queue'));
  // After the collectors, which pick them up.
  for (const kind of operatorCustomResources()) await apply(kind);
  await untilAvailable();
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
});

function collectorManifests(): string {
  const shipped = stringAt(shippedFile('collector/config-map.yaml'), 'data', 'collector.yaml');
  const changed = shipped
    .replace('scrape_interval: 15s', `scrape_interval: ${INTERVAL}`)
    .replace(/^listen: .*$/m, `listen: { address: ":9090", auth: { type: bearer, token_file: ${TOKEN_FILE} } }`);
  expect(changed).not.toBe(shipped);
  const patch = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'vigie-collector', namespace: 'vigie-collector' },
    data: { 'collector.yaml': changed },
  };
  return overlayOf('collector', { patches: [{ patch: JSON.stringify(patch) }] });
}

async function bundled(program: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(program, import.meta.url))],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  return outputFiles[0]!.text;
}

function apply(object: object): Promise<unknown> {
  return kubectlApply(plane, NAMESPACE, object);
}

function get(...args: readonly string[]): unknown {
  return JSON.parse(plane.kubectl(['get', ...args, '-o', 'json']));
}

function raw(path: string): unknown {
  return JSON.parse(plane.kubectl(['get', '--raw', path]));
}

function podsOf(namespace: string, selector: string): readonly unknown[] {
  return arrayAt(get('pods', '-n', namespace, '-l', selector), 'items');
}

/** What is known when something does not come. */
function explain(): string {
  const shown = [
    ['get', 'apiservices'],
    ['get', 'pods', '-A', '-o', 'wide'],
    ['-n', NAMESPACE, 'describe', 'hpa'],
    ['get', '--raw', `/apis/external.metrics.k8s.io/v1beta1/namespaces/${NAMESPACE}/queue_depth`],
    ['-n', 'vigie-collector', 'logs', 'deployment/vigie-collector', '--tail=40'],
  ];
  const texts = shown.map((args) => {
    try {
      return plane.kubectl(args);
    } catch (error) {
      return String(error);
    }
  });
  return `${texts.join('\n').slice(-12_000)}\n${node.explain()}`;
}

async function untilAvailable(): Promise<void> {
  await until(
    'the APIServices to be available',
    TIMEOUT_MS,
    () => {
      const ours = arrayAt(get('apiservices'), 'items').filter(
        (one) => at(one, 'spec', 'service', 'name') === 'vigie-collector',
      );
      const areAvailable = ours.map((one) =>
        arrayAt(one, 'status', 'conditions').some(
          (it) => at(it, 'type') === 'Available' && at(it, 'status') === 'True',
        ),
      );
      return (areAvailable.length === 4 && areAvailable.every(Boolean)) || undefined;
    },
    explain,
  );
}

/** Of one pod of an application: requests a second, or how deep its queue is. */
async function setLoad(pod: unknown, load: string): Promise<void> {
  await ask({ url: `http://${stringAt(pod, 'status', 'podIP')}:${APP_PORT}` }, 'POST', `/load?${load}`);
}

function isReady(pod: unknown): boolean {
  const conditions = at(pod, 'status', 'conditions');
  return (
    Array.isArray(conditions) && conditions.some((it) => at(it, 'type') === 'Ready' && at(it, 'status') === 'True')
  );
}

function isThere(pod: unknown): boolean {
  return isReady(pod) && at(pod, 'metadata', 'deletionTimestamp') === undefined;
}

async function readyPod(app: string): Promise<unknown> {
  return until(`a pod of ${app}`, TIMEOUT_MS, () => podsOf(NAMESPACE, `app=${app}`).find(isReady), explain);
}

function replicasOf(name: string): unknown {
  return at(get('deployment', name, '-n', NAMESPACE), 'spec', 'replicas');
}

function untilReplicas(name: string, replicas: number): Promise<unknown> {
  return until(
    `${replicas} replicas of ${name}`,
    TIMEOUT_MS,
    () => replicasOf(name) === replicas || undefined,
    () => `${String(replicasOf(name))} are there\n${explain()}`,
  );
}

function conditionOf(name: string, type: string): unknown {
  const conditions = at(get('hpa', name, '-n', NAMESPACE), 'status', 'conditions');
  return Array.isArray(conditions) ? conditions.find((it) => at(it, 'type') === type) : undefined;
}

/** Of the collector, about an HPA. */
function eventOf(hpa: string): unknown {
  return arrayAt(get('events', '-n', NAMESPACE), 'items').find(
    (one) =>
      at(one, 'reportingComponent') === 'vigie.io/collector' &&
      at(one, 'involvedObject', 'name') === hpa &&
      at(one, 'reason') === 'MetricNotANumber',
  );
}

function untilActive(name: string, status: 'True' | 'False'): Promise<unknown> {
  return until(
    `ScalingActive=${status} of ${name}`,
    TIMEOUT_MS,
    () => {
      const condition = conditionOf(name, 'ScalingActive');
      return at(condition, 'status') === status ? condition : undefined;
    },
    explain,
  );
}

function external(name: string): Metric {
  const metric = { name, selector: { matchLabels: { service: 'queue' } } };
  return { type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: '10' } } };
}

function changeMetric(name: string, metric: Metric): void {
  const patch = JSON.stringify({ spec: { metrics: [metric] } });
  plane.kubectl(['-n', NAMESPACE, 'patch', 'hpa', name, '--type=merge', '-p', patch]);
}

describe('as a person types it', () => {
  test('kubectl top shows what pods, containers and nodes use', async () => {
    const top = (...args: readonly string[]): Promise<string> =>
      until('kubectl top', TIMEOUT_MS, () => plane.kubectl(['top', ...args]), explain);
    expect(await top('nodes')).toMatch(new RegExp(`^${NODE_NAME}\\s+\\d+m\\s+\\d+%\\s+\\d+Mi\\s+\\d+%`, 'm'));
    expect(await top('pods', '-n', NAMESPACE, '--containers')).toMatch(/^web-\S+\s+app\s+\d+m\s+\d+Mi/m);
    expect(await top('pods', '-A', '-l', 'app=web')).toMatch(/^shop\s+web-\S+\s+\d+m\s+\d+Mi/m);
  });

  test('kubectl get podmetrics shows a table', () => {
    const table = plane.kubectl(['get', 'podmetrics', '-n', NAMESPACE]);
    expect(table).toMatch(/^NAME\s+CPU\s+MEMORY\s+WINDOW$/m);
    expect(table).toMatch(/^web-\S+\s+\d+[nm]?\s+\d+Ki\s+\S+s$/m);
  });

  test('kubectl get --raw shows a metric of pods, with the time of its sample', async () => {
    await setLoad(await readyPod('web'), 'rate=7');
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${NAMESPACE}/pods/*/http_requests_per_second?labelSelector=app=web`;
    const item = await until(
      'seven requests a second',
      TIMEOUT_MS,
      () => {
        const [one] = arrayAt(raw(path), 'items');
        const [, digits, unit = ''] = /^(\d+)([num]?)$/.exec(stringAt(one, 'value')) ?? [];
        const perSecond = Number(digits) * (UNITS[unit] ?? Number.NaN);
        return perSecond > 6 && perSecond < 8 ? one : undefined;
      },
      explain,
    );
    expect(at(item, 'describedObject', 'kind')).toBe('Pod');
    expect(Date.now() - Date.parse(stringAt(item, 'timestamp'))).toBeLessThan(30_000);
  });
});

describe('the controller scales', () => {
  test('up and down on the utilization of CPU', async () => {
    const utilization = (percent: number): Metric => ({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
    });
    await apply(shellDeployment('burner', 'while :; do :; done'));
    await apply(autoscaler('burner', utilization(100), 2));
    await untilReplicas('burner', 2);
    changeMetric('burner', utilization(1000));
    await untilReplicas('burner', 1);
    plane.kubectl(['-n', NAMESPACE, 'delete', 'hpa/burner', 'deployment/burner', '--wait=false']);
  });

  test('on memory by average value', async () => {
    const average = (value: string): Metric => ({
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: value } },
    });
    await apply(appDeployment('eater'));
    await apply(autoscaler('eater', average('4Mi'), 2));
    await untilReplicas('eater', 2);
    changeMetric('eater', average('4Gi'));
    await untilReplicas('eater', 1);
    plane.kubectl(['-n', NAMESPACE, 'delete', 'hpa/eater', 'deployment/eater', '--wait=false']);
  });

  test('on a metric of the pods: ten requests a second of one pod are for two, of which each has five', async () => {
    await setLoad(await readyPod('web'), 'rate=10');
    const metric = { name: 'http_requests_per_second' };
    await apply(
      autoscaler('web', { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '5' } } }),
    );
    await untilReplicas('web', 2);
    for (const pod of podsOf(NAMESPACE, 'app=web')) if (isThere(pod)) await setLoad(pod, 'rate=0');
    await untilReplicas('web', 1);
  });

  test('on a metric of an object, and on one from outside', async () => {
    const metric = { name: 'queue_depth' };
    const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'queue' };
    await setLoad(await readyPod('queue'), 'depth=30');
    for (const name of ['by-object', 'from-outside']) await apply(shellDeployment(name, 'sleep 100000'));
    const object: Metric = {
      type: 'Object',
      object: { metric, describedObject, target: { type: 'Value', value: '10' } },
    };
    await apply(autoscaler('by-object', object));
    await apply(autoscaler('from-outside', external('queue_depth')));
    await untilReplicas('by-object', 3);
    await untilReplicas('from-outside', 3);
  });
});

describe('pods without a value', () => {
  const size = 4;

  test('count against the direction, by the formula of the controller', async () => {
    await apply(appDeployment('partly'));
    plane.kubectl(['-n', NAMESPACE, 'scale', 'deployment/partly', `--replicas=${size}`]);
    const pods = await until(
      `${size} pods`,
      TIMEOUT_MS,
      () => {
        const there = podsOf(NAMESPACE, 'app=partly').filter(isThere);
        return there.length === size ? there : undefined;
      },
      explain,
    );
    const [first, second, ...others] = pods;
    await setLoad(first, 'depth=30');
    for (const pod of [second, ...others]) await setLoad(pod, 'depth=NaN');
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${NAMESPACE}/pods/*/queue_depth?labelSelector=app=partly`;
    await until(
      'the value of one pod',
      TIMEOUT_MS,
      () => {
        const values = arrayAt(raw(path), 'items').map((item) => at(item, 'value'));
        return (values.length === 1 && values[0] === '30') || undefined;
      },
      explain,
    );
    const metric = { name: 'queue_depth' };
    const target = { type: 'AverageValue', averageValue: '10' };
    await apply(autoscaler('partly', { type: 'Pods', pods: { metric, target } }, 2 * size));
    // One at 30 is for more; with three more at 0 the average is 7.5, which is for fewer: nothing changes.
    const status = await until(
      'what the controller has computed',
      TIMEOUT_MS,
      () => {
        const computed = at(get('hpa', 'partly', '-n', NAMESPACE), 'status');
        const [current] = arrayAt(computed, 'currentMetrics');
        return at(current, 'pods', 'current', 'averageValue') === '30' ? computed : undefined;
      },
      explain,
    );
    expect(at(status, 'desiredReplicas')).toBe(size);
    // Two at 2 are for one pod; with two more at the target of 10 they are for ceil(24 / 10) = 3.
    for (const pod of [first, second]) await setLoad(pod, 'depth=2');
    const scaled = await until(
      'another size',
      TIMEOUT_MS,
      () =>
        arrayAt(get('events', '-n', NAMESPACE), 'items').find(
          (one) => at(one, 'involvedObject', 'name') === 'partly' && at(one, 'reason') === 'SuccessfulRescale',
        ),
      explain,
    );
    expect(stringAt(scaled, 'message')).toMatch(/^New size: 3; /);
    plane.kubectl(['-n', NAMESPACE, 'delete', 'hpa/partly', 'deployment/partly', '--wait=false']);
  });
});

describe('it never scales', () => {
  test('on a value that is none', async () => {
    await setLoad(await readyPod('queue'), 'depth=NaN');
    expect(at(await untilActive('by-object', 'False'), 'reason')).toBe('FailedGetObjectMetric');
    expect(at(await untilActive('from-outside', 'False'), 'reason')).toBe('FailedGetExternalMetric');
    expect([replicasOf('by-object'), replicasOf('from-outside')]).toEqual([3, 3]);
    const event = await until('an event that says why', TIMEOUT_MS, () => eventOf('by-object'), explain);
    expect([at(event, 'type'), at(event, 'involvedObject', 'kind')]).toEqual(['Warning', 'HorizontalPodAutoscaler']);
    expect(stringAt(event, 'message')).toMatch(
      /queue_depth.* cannot be served: .*NaN.*vigie hpa explain shop\/by-object/s,
    );
    await setLoad(await readyPod('queue'), 'depth=30');
    await untilActive('by-object', 'True');
    await untilActive('from-outside', 'True');
  });

  test('without a collector', async () => {
    plane.kubectl(['-n', 'vigie-collector', 'scale', 'deployment/vigie-collector', '--replicas=0']);
    for (const name of ['by-object', 'from-outside', 'web']) await untilActive(name, 'False');
    expect([replicasOf('by-object'), replicasOf('from-outside'), replicasOf('web')]).toEqual([3, 3, 1]);
    plane.kubectl(['-n', 'vigie-collector', 'scale', 'deployment/vigie-collector', '--replicas=1']);
    for (const name of ['by-object', 'from-outside', 'web']) await untilActive(name, 'True');
    expect([replicasOf('by-object'), replicasOf('from-outside')]).toEqual([3, 3]);
  });
});

describe('the collector', () => {
  let url: string;

  beforeAll(async () => {
    const pod = await until(
      'a ready collector',
      TIMEOUT_MS,
      // Those that were scaled away before are ready until they have ended.
      () => podsOf('vigie-collector', 'app.kubernetes.io/name=vigie-collector').find(isThere),
      explain,
    );
    url = `http://${stringAt(pod, 'status', 'podIP')}:9090`;
  });

  test('answers PromQL about the cluster by the names that dashboards use', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const query of [
      'kube_deployment_spec_replicas{namespace="shop",deployment="by-object"} == 3',
      'sum(up{job="kubelet"}) > 0',
      'container_memory_working_set_bytes{namespace="shop",container="app"} > 0',
      'kube_summary_container_logs_used_bytes{job="kubelet",namespace="shop",name="app"} >= 0',
    ]) {
      await until(
        query,
        TIMEOUT_MS,
        async () => {
          const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`, { headers });
          return arrayAt(await answer.json(), 'data', 'result').length > 0 || undefined;
        },
        explain,
      );
    }
    expect((await fetch(`${url}/api/v1/query?query=up`)).status).toBe(401);
  });

  test('explains what the controller makes of a metric', async () => {
    const tokenFile = join(temporaryFolder('token'), 'token');
    writeFileSync(tokenFile, TOKEN);
    const hpa = (...args: readonly string[]): string =>
      runToEnd(process.execPath, [VIGIE, 'hpa', ...args, '--url', url, '--token-file', tokenFile]);
    const text = hpa('explain', 'shop/by-object');
    expect(text).toContain('queue_depth');
    expect(text).toContain('shop/by-object: Deployment by-object, 3 replicas, of 1 to 3');
    expect(hpa('explain', '--metrics')).toMatch(/^services +queue_depth +default +queue_depth$/m);
    // What was recorded, through the algorithm: it is the controller's.
    const simulated: unknown = JSON.parse(hpa('simulate', 'shop/by-object', '--start', 'now-1m', '-o', 'json'));
    expect(simulated).toMatchObject([{ name: 'shop/by-object', summary: { most: 3 } }]);
    // Of a target that is not there it says so.
    await apply(autoscaler('by-object', external('queue_depth'), 3, 'StatefulSet', 'nowhere'));
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${url}/explain?hpa=shop/nowhere`, { headers });
    expect([answer.status, await answer.text()]).toEqual([
      502,
      expect.stringContaining('its target StatefulSet by-object is not there'),
    ]);
  });

  test('scrapes what a ServiceMonitor asks for, and says of another what is wrong with it', async () => {
    await apply(serviceMonitor('services', { port: 'http', interval: INTERVAL }));
    await apply(serviceMonitor('wrong', { port: 'http', interval: 'often' }));
    const headers = { authorization: `Bearer ${TOKEN}` };
    const query = 'up{job="queue",namespace="shop",service="queue",endpoint="http",container="app"} == 1';
    await until(
      query,
      TIMEOUT_MS,
      async () => {
        const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`, { headers });
        return arrayAt(await answer.json(), 'data', 'result').length > 0 || undefined;
      },
      explain,
    );
    const refused = await until(
      'the monitor that is wrong',
      TIMEOUT_MS,
      async () => {
        const status: unknown = await (await fetch(`${url}/status`, { headers })).json();
        return arrayAt(at(status, 'operatorObjects'), 'refused')[0];
      },
      explain,
    );
    expect(refused).toMatchObject({
      object: 'ServiceMonitor shop/wrong',
      problems: [expect.stringContaining('spec.endpoints[0].interval: expected a duration')],
    });
  });

  test('has used every right that its roles grant, and asked for nothing that they do not', () => {
    const asked = [...audit.requestsOf(COLLECTOR_USER)];
    expect(asked.filter((one) => / 40[13]$/.test(one))).toEqual([]);
    const used = new Set([...asked.map((one) => one.replace(/ \d+$/, '')), ...audit.reviewsOf(COLLECTOR_USER)]);
    // An Event that is told again after five minutes is beyond this test.
    const seldom = new Set(['get events', 'patch events']);
    for (const role of ['cluster-role', 'role', 'api-service-role', 'hpa-events-role']) {
      const grants = grantsOf(shippedFile(`collector/${role}.yaml`)).filter((grant) => !seldom.has(grant));
      for (const grant of grants) expect([...used]).toContain(grant);
    }
  });
});
