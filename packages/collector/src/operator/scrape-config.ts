/** ScrapeConfig: a job nearly as prometheus.yml has it. Source: prometheus-operator, generateScrapeConfig. */

import { CLIENT_FIELDS, CLIENT_KEYS, clientEntries, writtenClient } from '@vigie/kube/custom-objects/client-fields';
import { type Fields, type KeyNames, renamed } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';
import { describeIssues, LIMIT_KEYS, limitFields, lowerCase, type ObjectContext } from './job-fields.ts';
import { JOB_NAME_RULE, ownRules, relabelings } from './relabelings.ts';
import { leftOver, type ObjectJobs, pathsOf } from './written-job.ts';

const JOB_KEYS: KeyNames = {
  honor_timestamps: 'honorTimestamps',
  track_timestamps_staleness: 'trackTimestampsStaleness',
  honor_labels: 'honorLabels',
  metrics_path: 'metricsPath',
  params: 'params',
  enable_compression: 'enableCompression',
  scrape_interval: 'scrapeInterval',
  scrape_timeout: 'scrapeTimeout',
};

const refreshed = { refresh_interval: 'refreshInterval' };
const FILE_KEYS: KeyNames = { files: 'files', ...refreshed };
const HTTP_KEYS: KeyNames = { url: 'url', ...refreshed };
const DNS_KEYS: KeyNames = { names: 'names', type: 'type', port: 'port', ...refreshed };
const KUBERNETES_KEYS: KeyNames = { api_server: 'apiServer' };
const CONSUL_KEYS: KeyNames = {
  server: 'server',
  path_prefix: 'pathPrefix',
  datacenter: 'datacenter',
  namespace: 'namespace',
  partition: 'partition',
  services: 'services',
  tags: 'tags',
  tag_separator: 'tagSeparator',
  node_meta: 'nodeMeta',
  filter: 'filter',
  health_filter: 'healthFilter',
  allow_stale: 'allowStale',
  ...refreshed,
};

const reference = v.object({ name: v.nullish(v.string(), ''), key: v.nullish(v.string(), '') });
const asked = v.looseObject(clientEntries);
const kubernetes = v.looseObject({
  role: lowerCase,
  namespaces: v.nullish(v.object({ ownNamespace: v.nullish(v.boolean()), names: v.nullish(v.array(v.string()), []) })),
  selectors: v.nullish(
    v.array(v.object({ role: lowerCase, label: v.nullish(v.string()), field: v.nullish(v.string()) })),
    [],
  ),
  attachMetadata: v.nullish(v.object({ node: v.nullish(v.boolean()), namespace: v.nullish(v.boolean()) })),
  ...clientEntries,
});
const consul = v.looseObject({ scheme: lowerCase, tokenRef: v.nullish(reference), ...clientEntries });

function list<Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(v.array(schema), []);
}

const discoveryEntries = {
  staticConfigs: list(
    v.object({ targets: v.nullish(v.array(v.string()), []), labels: v.nullish(v.record(v.string(), v.string()), {}) }),
  ),
  fileSDConfigs: list(v.looseObject({})),
  httpSDConfigs: list(asked),
  dnsSDConfigs: list(v.looseObject({})),
  kubernetesSDConfigs: list(kubernetes),
  consulSDConfigs: list(consul),
};
const specEntries = {
  jobName: v.nullish(v.string(), ''),
  scheme: lowerCase,
  relabelings,
  metricRelabelings: relabelings,
  ...discoveryEntries,
  ...clientEntries,
};
const specSchema = v.looseObject(specEntries);

type Spec = v.InferOutput<typeof specSchema>;

const DISCOVERY_PATHS: KeyNames = {
  static_configs: 'staticConfigs',
  file_sd_configs: 'fileSDConfigs',
  http_sd_configs: 'httpSDConfigs',
  dns_sd_configs: 'dnsSDConfigs',
  kubernetes_sd_configs: 'kubernetesSDConfigs',
  consul_sd_configs: 'consulSDConfigs',
};

export function scrapeConfigJobs(written: unknown, context: ObjectContext): ObjectJobs {
  const decoded = v.safeParse(specSchema, written ?? {});
  if (!decoded.success) return { status: 'refused', problems: describeIssues(decoded.issues) };
  const spec = decoded.output;
  const known: readonly string[] = Object.values(DISCOVERY_PATHS);
  const others = Object.keys(spec).filter((key) => /SDConfigs$/.test(key) && !known.includes(key));
  if (others.length > 0) {
    const expected = `one of the discoveries that Vigie has: ${known.join(', ')}`;
    return { status: 'refused', problems: others.map((key) => `spec.${key}: expected ${expected}`) };
  }
  const generated = [
    JOB_NAME_RULE,
    ...(spec.jobName === '' ? [] : [{ target_label: 'job', action: 'replace', replacement: spec.jobName }]),
  ];
  const metricRules = ownRules(spec.metricRelabelings);
  const job = {
    job_name: `scrapeConfig/${context.namespace}/${context.name}`,
    ...renamed(spec, JOB_KEYS),
    ...(spec.scheme !== '' && { scheme: spec.scheme }),
    ...writtenClient(spec, 'spec', context),
    ...limitFields(spec),
    ...discoveries(spec, context),
    relabel_configs: [...generated, ...ownRules(spec.relabelings)],
    ...(metricRules.length > 0 && { metric_relabel_configs: metricRules }),
  };
  const origin = {
    path: 'spec',
    keys: pathsOf('spec', {
      ...LIMIT_KEYS,
      ...JOB_KEYS,
      ...CLIENT_KEYS,
      ...DISCOVERY_PATHS,
      relabel_configs: 'relabelings',
      metric_relabel_configs: 'metricRelabelings',
    }),
    generatedRules: generated.length,
  };
  const own = [...Object.keys(specEntries), ...Object.values({ ...LIMIT_KEYS, ...JOB_KEYS }), ...CLIENT_FIELDS];
  return { status: 'jobs', jobs: [{ job, origin }], warnings: leftOver(spec, 'spec', own) };
}

function discoveries(spec: Spec, context: ObjectContext): Fields {
  const { assets, fileAccess } = context;
  const at = (key: string, index: number): string => `spec.${key}[${index}]`;
  if (spec.fileSDConfigs.length > 0 && !fileAccess) {
    assets.problems.push(
      'spec.fileSDConfigs: files of the collector may not be named: set operator_objects.file_access: true, or use another discovery',
    );
  }
  const all: Readonly<Record<string, readonly Fields[]>> = {
    static_configs: spec.staticConfigs,
    file_sd_configs: spec.fileSDConfigs.map((sd) => renamed(sd, FILE_KEYS)),
    http_sd_configs: spec.httpSDConfigs.map((sd, index) => ({
      ...renamed(sd, HTTP_KEYS),
      ...writtenClient(sd, at('httpSDConfigs', index), context),
    })),
    dns_sd_configs: spec.dnsSDConfigs.map((sd) => renamed(sd, DNS_KEYS)),
    kubernetes_sd_configs: spec.kubernetesSDConfigs.map((sd, index) => ({
      ...renamed(sd, KUBERNETES_KEYS),
      role: sd.role,
      ...writtenClient(sd, at('kubernetesSDConfigs', index), context),
      ...(sd.namespaces != null && {
        namespaces: {
          names: sd.namespaces.names,
          ...(sd.namespaces.ownNamespace != null && { own_namespace: sd.namespaces.ownNamespace }),
        },
      }),
      ...(sd.selectors.length > 0 && {
        selectors: sd.selectors.map(({ role, label, field }) => ({
          role,
          ...(label != null && { label }),
          ...(field != null && { field }),
        })),
      }),
      ...(sd.attachMetadata != null && ATTACHING.has(sd.role) && { attach_metadata: sd.attachMetadata }),
    })),
    consul_sd_configs: spec.consulSDConfigs.map((sd, index) => ({
      ...renamed(sd, CONSUL_KEYS),
      ...(sd.scheme !== '' && { scheme: sd.scheme }),
      ...(sd.tokenRef != null && {
        token: assets.value({ source: 'Secret', ...sd.tokenRef }, `${at('consulSDConfigs', index)}.tokenRef`),
      }),
      ...writtenClient(sd, at('consulSDConfigs', index), context),
    })),
  };
  return Object.fromEntries(Object.entries(all).filter(([, sds]) => sds.length > 0));
}

const ATTACHING: ReadonlySet<string> = new Set(['pod', 'endpoints', 'endpointslice']);
