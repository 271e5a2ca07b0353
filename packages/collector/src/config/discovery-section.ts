/** `static_configs` and the `*_sd_configs` of a job, as they are written. Source: Prometheus 3, discovery/{file,http,dns,consul}. */
import { resolve } from 'node:path';
import { parsed, refused, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList, textMap, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import {
  type ConsulDiscoveryConfig,
  type DiscoveryConfig,
  DNS_RECORD_TYPES,
  type DnsDiscoveryConfig,
  type FileDiscoveryConfig,
} from '../discovery/discovery-config.ts';
import { kubernetesSection, readKubernetes } from './kubernetes-section.ts';
import { count, wait } from './written-fields.ts';

const staticSection = section({ targets: textList, labels: textMap });

const fileSection = section({ files: textList, refresh_interval: wait('5m') });

/** As it is written: it is a label of its targets. */
const writtenUrl = v.nullish(
  parsed('a URL of http or https', (written) =>
    URL.canParse(written) && /^https?:/i.test(written) ? written : undefined,
  ),
);

const httpSection = section({ url: writtenUrl, refresh_interval: wait('1m'), ...httpClientEntries() });

const recordType = parsed(`one of ${DNS_RECORD_TYPES.join(', ')}`, (written) =>
  DNS_RECORD_TYPES.find((type) => type === written.toUpperCase()),
);

const dnsSection = section({
  names: textList,
  type: v.nullish(recordType, 'SRV'),
  port: count(0),
  refresh_interval: wait('30s'),
});

const consulSection = section({
  server: textOr('localhost:8500'),
  path_prefix: optionalText,
  scheme: textOr('http'),
  token: optionalText,
  datacenter: optionalText,
  namespace: optionalText,
  partition: optionalText,
  tag_separator: textOr(','),
  username: optionalText,
  password: optionalText,
  services: textList,
  tags: textList,
  node_meta: textMap,
  filter: optionalText,
  health_filter: optionalText,
  allow_stale: flag(true),
  refresh_interval: wait('30s'),
  ...httpClientEntries(),
});

/** What Prometheus finds targets with, and we do not. */
const UNSUPPORTED = [
  'aws',
  'azure',
  'digitalocean',
  'docker',
  'dockerswarm',
  'ec2',
  'eureka',
  'gce',
  'hetzner',
  'ionos',
  'kuma',
  'lightsail',
  'linode',
  'marathon',
  'nerve',
  'nomad',
  'openstack',
  'oci',
  'outscale',
  'ovhcloud',
  'puppetdb',
  'scaleway',
  'serverset',
  'stackit',
  'triton',
  'uyuni',
  'vultr',
] as const;

const SUPPORTED =
  'a discovery that Vigie has: static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, consul_sd_configs or kubernetes_sd_configs';

type UnsupportedKey = `${(typeof UNSUPPORTED)[number]}_sd_configs`;
const unsupportedEntries = Object.fromEntries(
  UNSUPPORTED.map((name) => [`${name}_sd_configs`, refused(SUPPORTED)]),
) as Record<UnsupportedKey, ReturnType<typeof refused>>;

function list<Schema extends v.GenericSchema>(schema: Schema) {
  return v.nullish(v.array(schema), []);
}

export const discoveryEntries = {
  static_configs: list(staticSection),
  file_sd_configs: list(fileSection),
  http_sd_configs: list(httpSection),
  dns_sd_configs: list(dnsSection),
  consul_sd_configs: list(consulSection),
  kubernetes_sd_configs: list(kubernetesSection),
  ...unsupportedEntries,
};

const allSections = section(discoveryEntries);
type WrittenDiscoveries = v.InferOutput<typeof allSections>;

export function readDiscoveries(
  written: WrittenDiscoveries,
  path: ConfigPath,
  context: ReadContext,
): readonly DiscoveryConfig[] {
  const at = (key: keyof WrittenDiscoveries, index: number): ConfigPath => [...path, key, index];
  const { static_configs } = written;
  return [
    ...(static_configs.length === 0 ? [] : [{ kind: 'static', groups: static_configs } as const]),
    ...written.file_sd_configs.map((sd, index) => readFile(sd, at('file_sd_configs', index), context)),
    ...written.http_sd_configs.flatMap((sd, index) => {
      const own = at('http_sd_configs', index);
      const client = readHttpClient(sd, own, context);
      if (sd.url != null) {
        return [{ kind: 'http', url: sd.url, refreshIntervalMs: sd.refresh_interval, client } as const];
      }
      context.findings.problem([...own, 'url'], 'a URL of http or https');
      return [];
    }),
    ...written.dns_sd_configs.map((sd, index) => readDns(sd, at('dns_sd_configs', index), context)),
    ...written.consul_sd_configs.map((sd, index) => readConsul(sd, at('consul_sd_configs', index), context)),
    ...written.kubernetes_sd_configs.map((sd, index) =>
      readKubernetes(sd, at('kubernetes_sd_configs', index), context),
    ),
  ];
}

/** Without relabeling that could mend it, an address with a slash is a URL in the wrong place. */
export function checkStaticTargets(
  written: Pick<WrittenDiscoveries, 'static_configs'>,
  path: ConfigPath,
  { findings }: ReadContext,
): void {
  for (const [index, { targets }] of written.static_configs.entries()) {
    for (const [target, address] of targets.entries()) {
      if (address.includes('/'))
        findings.problem([...path, 'static_configs', index, 'targets', target], 'a host and a port, not a URL');
    }
  }
}

const FILE_PATTERN = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/;

function readFile(
  { files, refresh_interval }: v.InferOutput<typeof fileSection>,
  path: ConfigPath,
  { findings, folder }: ReadContext,
): FileDiscoveryConfig {
  if (files.length === 0) findings.problem([...path, 'files'], 'at least one path');
  for (const [index, file] of files.entries()) {
    if (!FILE_PATTERN.test(file))
      findings.problem(
        [...path, 'files', index],
        'a path that ends in .json, .yml or .yaml, with * in its last part only',
      );
  }
  return { kind: 'file', files: files.map((file) => resolve(folder, file)), refreshIntervalMs: refresh_interval };
}

function readDns(
  { names, type, port, refresh_interval }: v.InferOutput<typeof dnsSection>,
  path: ConfigPath,
  { findings }: ReadContext,
): DnsDiscoveryConfig {
  if (names.length === 0) findings.problem([...path, 'names'], 'at least one name');
  if (type !== 'SRV' && port === 0) findings.problem([...path, 'port'], `a port, which records of type ${type} lack`);
  if (port > 65_535) findings.problem([...path, 'port'], 'a port, at most 65535');
  return { kind: 'dns', names, type, port, refreshIntervalMs: refresh_interval };
}

function readConsul(
  written: v.InferOutput<typeof consulSection>,
  path: ConfigPath,
  context: ReadContext,
): ConsulDiscoveryConfig {
  const { findings } = context;
  const { username, password, token } = written;
  const client = readHttpClient(written, path, context);
  const server = written.server.includes('://') ? written.server : `${written.scheme}://${written.server}`;
  if (!/^https?:/.test(server) || !URL.canParse(server))
    findings.problem([...path, 'server'], 'the host and port of a Consul agent, with http or https');
  if (username !== '' && client.authorization !== undefined)
    findings.problemAtKey([...path, 'username'], 'no username beside basic_auth, authorization or oauth2');
  if (token !== '' && client.authorization !== undefined && client.authorization.kind !== 'basic')
    findings.problemAtKey([...path, 'token'], 'at most one of token, authorization and oauth2');
  const authorization =
    username === '' || client.authorization !== undefined
      ? client.authorization
      : ({ kind: 'basic', username: { value: username }, password: { value: password } } as const);
  return {
    kind: 'consul',
    server: `${server.replace(/\/$/, '')}${written.path_prefix.replace(/^\/?(?=.)/, '/')}`,
    token,
    datacenter: written.datacenter,
    namespace: written.namespace,
    partition: written.partition,
    tagSeparator: written.tag_separator,
    services: written.services,
    tags: written.tags,
    nodeMeta: written.node_meta,
    filter: written.filter,
    healthFilter: written.health_filter,
    allowStale: written.allow_stale,
    refreshIntervalMs: written.refresh_interval,
    client: { ...client, authorization },
  };
}
