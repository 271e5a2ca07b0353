/** Workloads that HorizontalPodAutoscalers of a test scale, as objects to apply. */
import { shellContainer } from './shell-container.ts';

export const APP_PORT = 8080;
/** The agent's image has a Node, and the program comes from a ConfigMap. */
const NODE_IMAGE = 'vigie/vigie:0.1.0';
const PROGRAM = 'app.cjs';
const PROGRAM_CONFIG_MAP = 'scaled-app';

export interface Metric {
  readonly type: 'Resource' | 'Pods' | 'Object' | 'External';
  readonly [source: string]: unknown;
}

export function programConfigMap(program: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: PROGRAM_CONFIG_MAP }, data: { [PROGRAM]: program } };
}

/** The application of scaled-app.program.ts. */
export function appDeployment(name: string, { isScraped = true }: { readonly isScraped?: boolean } = {}): object {
  const annotations = isScraped ? { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(APP_PORT) } : {};
  return deployment(name, annotations, {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'app',
        image: NODE_IMAGE,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', `/app/${PROGRAM}`],
        ports: [{ name: 'http', containerPort: APP_PORT }],
        readinessProbe: { httpGet: { path: '/metrics', port: APP_PORT }, periodSeconds: 1 },
        resources: { requests: { cpu: '10m', memory: '32Mi' } },
        volumeMounts: [{ name: 'program', mountPath: '/app' }],
      },
    ],
    volumes: [{ name: 'program', configMap: { name: PROGRAM_CONFIG_MAP } }],
  });
}

/** @param script what the container does, under its CPU limit of 100 m: twice what it requests */
export function shellDeployment(name: string, script: string): object {
  return deployment(
    name,
    {},
    {
      terminationGracePeriodSeconds: 1,
      containers: [
        shellContainer(script, {
          resources: { requests: { cpu: '50m', memory: '8Mi' }, limits: { cpu: '100m' } },
        }),
      ],
    },
  );
}

/** Scraped as a Service, so that its series say so. */
export function scrapedService(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(APP_PORT) } },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: APP_PORT }] },
  };
}

export function autoscaler(
  target: string,
  metric: Metric,
  maxReplicas = 3,
  kind: 'Deployment' | 'StatefulSet' = 'Deployment',
  name = target,
): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind, name: target },
      minReplicas: 1,
      maxReplicas,
      metrics: [metric],
    },
  };
}

function deployment(name: string, annotations: object, spec: object): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels, annotations }, spec } },
  };
}
