/** Objects of a cluster with which something is wrong, by the alert of the shipped rules that tells of it. */
import { autoscaler, type Metric, shellDeployment } from './autoscaled.ts';
import { BUSYBOX_IMAGE } from './parts/kubernetes-node.ts';
import { shellContainer } from './shell-container.ts';

const IDLE = 'sleep 100000';
/** Of every part of Vigie; it has a Node. */
export const VIGIE_IMAGE = 'vigie/vigie:0.1.0';

interface Container {
  readonly script: string;
  readonly resources?: object;
  readonly isReady?: boolean;
}

/** Each by its name. */
export function troubledWorkloads(): readonly object[] {
  return [
    pod('looping', { script: 'exit 1' }),
    pod('forgetful', {
      script: 'sleep 5; a=x; while :; do a=$a$a; done',
      resources: { requests: { cpu: '10m' }, limits: { memory: '16Mi' } },
    }),
    pod('huge', { script: IDLE, resources: { requests: { cpu: '1000' } } }),
    pod('complaining', {
      script: 'while :; do echo level=error msg=boom; echo level=error msg=bang; echo level=info; sleep 1; done',
    }),
    workload('Deployment', 'unready', { replicas: 1 }),
    workload('StatefulSet', 'unready-set', { replicas: 1, serviceName: 'unready-set' }),
    workload('DaemonSet', 'unready-daemons', {}),
    job('hopeless', 'exit 1'),
    shellDeployment('burner', 'while :; do :; done'),
    autoscaler('burner', cpuOf(1), 2),
    shellDeployment('unmeasured', IDLE),
    autoscaler('unmeasured', {
      type: 'External',
      external: { metric: { name: 'no_such_metric' }, target: { type: 'AverageValue', averageValue: '1' } },
    }),
    scraped('answering', VIGIE_IMAGE, ['node', '-e', ANSWERING], 8080),
    scraped('silent', BUSYBOX_IMAGE, ['sh', '-c', IDLE], 8081),
  ];
}

/** Node objects without a machine; nothing is scheduled there. */
export function nodeWithoutMachine(name: string): object {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} };
}

/** For `kubectl patch --subresource=status`: what a kubelet would say. */
export function nodeConditions(conditions: Readonly<Record<string, 'True' | 'False'>>): string {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const written = Object.entries(conditions).map(([type, status]) => ({
    type,
    status,
    reason: 'OfTheTest',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  return JSON.stringify({ status: { conditions: written } });
}

const ANSWERING =
  "require('http').createServer((_, r) => r.setHeader('content-type', 'text/plain').end('a 1\\n')).listen(8080)";

function cpuOf(percent: number): Metric {
  return {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
  };
}

function containerOf({ script, resources = {}, isReady = true }: Container): object {
  return shellContainer(script, {
    resources,
    ...(isReady ? {} : { readinessProbe: { exec: { command: ['sh', '-c', 'exit 1'] }, periodSeconds: 1 } }),
  });
}

function pod(name: string, container: Container): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, containers: [containerOf(container)] },
  };
}

/** Its pods run, and are never ready. */
function workload(kind: 'Deployment' | 'StatefulSet' | 'DaemonSet', name: string, spec: object): object {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: {
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      terminationGracePeriodSeconds: 1,
      containers: [containerOf({ script: IDLE, isReady: false })],
    },
  };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: { ...spec, selector: { matchLabels: labels }, template },
  };
}

function job(name: string, script: string): object {
  const spec = { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [containerOf({ script })] };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template: { spec } } };
}

/** A pod whose annotations say that it has metrics. */
function scraped(name: string, image: string, command: readonly string[], port: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(port) },
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image, imagePullPolicy: 'IfNotPresent', command }],
    },
  };
}
