/** Probe: targets that a prober such as blackbox_exporter asks. Source: prometheus-operator, generateProbeConfig. */

import { CLIENT_FIELDS, CLIENT_KEYS, clientEntries, writtenClient } from '@vigie/kube/custom-objects/client-fields';
import { type Fields, type KeyNames, renamed } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';
import {
  describeIssues,
  kubernetesDiscovery,
  LIMIT_KEYS,
  limitFields,
  lowerCase,
  namespaceSelector,
  type ObjectContext,
} from './job-fields.ts';
import { copied, JOB_NAME_RULE, labelSelector, ownRules, relabelings, selectorRules } from './relabelings.ts';
import { leftOver, type ObjectJobs, pathsOf } from './written-job.ts';

const INTERVAL_KEYS: KeyNames = { scrape_interval: 'interval', scrape_timeout: 'scrapeTimeout' };
const PROXY_KEYS: KeyNames = {
  proxy_url: 'proxyUrl',
  no_proxy: 'noProxy',
  proxy_from_environment: 'proxyFromEnvironment',
  proxy_connect_header: 'proxyConnectHeader',
};

const proberEntries = {
  url: v.pipe(v.string(), v.nonEmpty('the address of the prober')),
  scheme: lowerCase,
  path: v.nullish(v.string(), ''),
};
const specEntries = {
  jobName: v.nullish(v.string(), ''),
  prober: v.looseObject(proberEntries),
  module: v.nullish(v.string(), ''),
  params: v.nullish(v.array(v.object({ name: v.string(), values: v.nullish(v.array(v.string()), []) })), []),
  targets: v.object({
    staticConfig: v.nullish(
      v.object({
        static: v.nullish(v.array(v.string()), []),
        labels: v.nullish(v.record(v.string(), v.string()), {}),
        relabelingConfigs: relabelings,
      }),
    ),
    ingress: v.nullish(v.object({ selector: labelSelector, namespaceSelector, relabelingConfigs: relabelings })),
  }),
  metricRelabelings: relabelings,
  ...clientEntries,
};
const specSchema = v.looseObject(specEntries);

type Spec = v.InferOutput<typeof specSchema>;

/** What blackbox_exporter listens at. */
const DEFAULT_PATH = '/probe';

export function probeJobs(written: unknown, context: ObjectContext): ObjectJobs {
  const decoded = v.safeParse(specSchema, written ?? {});
  if (!decoded.success) return { status: 'refused', problems: describeIssues(decoded.issues) };
  const spec = decoded.output;
  const targets = targetsOf(spec, context);
  if (targets === undefined)
    return { status: 'refused', problems: ['spec.targets: expected staticConfig or ingress, got neither'] };
  const { prober, module } = spec;
  const params = Object.fromEntries([
    ...spec.params.map(({ name, values }) => [name, values] as const),
    ...(module === '' ? [] : [['module', [module]] as const]),
  ]);
  const generated = [
    JOB_NAME_RULE,
    ...(spec.jobName === '' ? [] : [{ target_label: 'job', replacement: spec.jobName }]),
    ...targets.rules,
  ];
  const metricRules = ownRules(spec.metricRelabelings);
  const job = {
    job_name: `probe/${context.namespace}/${context.name}`,
    honor_timestamps: true,
    metrics_path: prober.path || DEFAULT_PATH,
    ...renamed(spec, INTERVAL_KEYS),
    ...(prober.scheme !== '' && { scheme: prober.scheme }),
    ...renamed(prober, PROXY_KEYS),
    ...(Object.keys(params).length > 0 && { params }),
    ...limitFields(spec),
    ...targets.discovery,
    relabel_configs: [...generated, ...targets.own],
    ...writtenClient(spec, 'spec', context),
    ...(metricRules.length > 0 && { metric_relabel_configs: metricRules }),
  };
  const origin = {
    path: 'spec',
    keys: {
      ...pathsOf('spec', { ...LIMIT_KEYS, ...INTERVAL_KEYS, ...CLIENT_KEYS }),
      ...pathsOf('spec.prober', { ...PROXY_KEYS, metrics_path: 'path', scheme: 'scheme' }),
      relabel_configs: `${targets.path}.relabelingConfigs`,
      metric_relabel_configs: 'spec.metricRelabelings',
      static_configs: targets.path,
      kubernetes_sd_configs: targets.path,
    },
    generatedRules: generated.length,
  };
  const known = [...Object.keys(specEntries), ...Object.values({ ...LIMIT_KEYS, ...INTERVAL_KEYS }), ...CLIENT_FIELDS];
  const warnings = [
    ...leftOver(spec, 'spec', known),
    ...leftOver(prober, 'spec.prober', [...Object.keys(proberEntries), ...Object.values(PROXY_KEYS)]),
  ];
  return { status: 'jobs', jobs: [{ job, origin }], warnings };
}

interface ProbeTargets {
  readonly path: string;
  readonly discovery: Fields;
  /** What makes them parameters of the prober. */
  readonly rules: readonly Fields[];
  readonly own: readonly Fields[];
}

/** Of both, the static ones. */
function targetsOf(
  { targets: { staticConfig, ingress }, prober }: Spec,
  { namespace }: ObjectContext,
): ProbeTargets | undefined {
  const address = { target_label: '__address__', replacement: prober.url };
  const instance = copied('__param_target', 'instance');
  if (staticConfig != null) {
    return {
      path: 'spec.targets.staticConfig',
      discovery: { static_configs: [{ targets: staticConfig.static, labels: { namespace, ...staticConfig.labels } }] },
      rules: [copied('__address__', '__param_target'), instance, address],
      own: ownRules(staticConfig.relabelingConfigs),
    };
  }
  if (ingress == null) return undefined;
  return {
    path: 'spec.targets.ingress',
    discovery: kubernetesDiscovery('ingress', ingress.namespaceSelector, namespace),
    rules: [
      ...selectorRules(ingress.selector, 'ingress'),
      {
        source_labels: ['__meta_kubernetes_ingress_scheme', '__address__', '__meta_kubernetes_ingress_path'],
        separator: ';',
        regex: '(.+);(.+);(.+)',
        target_label: '__param_target',
        replacement: '${1}://${2}${3}',
        action: 'replace',
      },
      copied('__meta_kubernetes_namespace', 'namespace'),
      copied('__meta_kubernetes_ingress_name', 'ingress'),
      {
        ...copied('__address__', '__tmp_ingress_address'),
        separator: ';',
        regex: '(.*)',
        replacement: '$1',
        action: 'replace',
      },
      instance,
      address,
    ],
    own: ownRules(ingress.relabelingConfigs),
  };
}
