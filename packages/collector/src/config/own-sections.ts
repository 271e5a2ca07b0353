/** The sections of collector.yaml that prometheus.yml does not have. */
import { resolve } from 'node:path';
import { named, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import { hostPort } from '@vigie/core/config/listen';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList } from '@vigie/core/config/written-fields';
import { type HostPort, isLoopback } from '@vigie/core/host-port';
import type { ServerTlsFiles } from '@vigie/core/tls';
import * as v from 'valibot';
import { DEFAULT_KUBE_STATE, type KubeStateOptions } from '../kube-state/kube-state.ts';
import { API_GROUP_NAMES, type ApiGroup } from '../metrics-api/api-groups.ts';
import { base2Size, oneOf, wait } from './written-fields.ts';

/** Where queries go in place of the embedded database. */
export interface RemoteEngineConfig {
  /** `/api/v1/…` is below it. */
  readonly url: URL;
  readonly timeoutMs: number;
  readonly client: HttpClientConfig;
}

/** The Kubernetes metrics APIs. */
export interface MetricsApiConfig {
  readonly listen: HostPort;
  readonly auth: 'kubernetes' | 'none';
  readonly certificate:
    | { readonly kind: 'files'; readonly files: Pick<ServerTlsFiles, 'certFile' | 'keyFile'> }
    | {
        readonly kind: 'self_made';
        /** Of its own namespace, where API servers reach it. */
        readonly service: string;
        /** Of its own namespace, where replicas share it; undefined: it is kept in memory. */
        readonly secret: string | undefined;
        readonly validityMs: number;
        /** Groups whose APIServices are taken from whoever has them. */
        readonly takeOver: readonly ApiGroup[];
      };
  /** The API server has asked RBAC already about what comes through it. */
  readonly trustFrontProxy: boolean;
  readonly queryTimeoutMs: number;
  /** A value whose newest sample is older is left out. */
  readonly maxAgeMs: number;
  /** Whether Events tell of HPAs whose metrics cannot be served. */
  readonly events: boolean;
  /** Another adapter, for external metrics that are not known here; undefined: none. */
  readonly delegate: { readonly url: URL; readonly caFile: string | undefined } | undefined;
}

const url = v.pipe(
  v.string(),
  v.check((written) => URL.canParse(written) && /^https?:/.test(written), 'a URL of http or https'),
  v.transform((written) => new URL(written)),
);

export const engineSection = section({ remote: section({ url, timeout: wait('150s'), ...httpClientEntries() }) });

export function readEngine(
  { remote }: v.InferOutput<typeof engineSection>,
  path: ConfigPath,
  context: ReadContext,
): RemoteEngineConfig {
  const client = readHttpClient(remote, [...path, 'remote'], context);
  return { url: remote.url, timeoutMs: remote.timeout, client };
}

const selfSigned = section({
  service: v.string(),
  secret: optionalText,
  // As long as that of the sidecar webhook.
  validity: wait('8760h'),
  take_over: v.nullish(v.array(v.picklist(API_GROUP_NAMES)), []),
});

export const metricsApiSection = section({
  listen: v.nullish(hostPort(), ':8443'),
  tls: v.nullish(section({ cert_file: v.string(), key_file: v.string() })),
  self_signed: v.nullish(selfSigned),
  auth: oneOf(['kubernetes', 'none'], 'kubernetes'),
  trust_front_proxy: flag(false),
  query_timeout: wait('1s'),
  max_age: wait('5m'),
  events: flag(true),
  delegate: v.nullish(section({ url, ca_file: optionalText })),
});

export function readMetricsApi(
  written: v.InferOutput<typeof metricsApiSection>,
  path: ConfigPath,
  { findings, folder }: ReadContext,
): MetricsApiConfig {
  const { listen, auth, tls, self_signed: own, delegate } = written;
  if (auth === 'none' && !isLoopback(listen.host))
    findings.problem([...path, 'auth'], 'kubernetes: none is for an address of this host alone');
  if ((tls == null) === (own == null))
    findings.problem(
      path,
      'either tls, with a certificate of others, or self_signed, with the service that leads here',
    );
  return {
    listen,
    auth,
    certificate:
      tls != null
        ? { kind: 'files', files: { certFile: resolve(folder, tls.cert_file), keyFile: resolve(folder, tls.key_file) } }
        : {
            kind: 'self_made',
            service: own?.service ?? '',
            secret: own?.secret || undefined,
            validityMs: own?.validity ?? 0,
            takeOver: own?.take_over ?? [],
          },
    trustFrontProxy: written.trust_front_proxy,
    queryTimeoutMs: written.query_timeout,
    maxAgeMs: written.max_age,
    events: written.events,
    delegate:
      delegate == null
        ? undefined
        : { url: delegate.url, caFile: delegate.ca_file === '' ? undefined : resolve(folder, delegate.ca_file) },
  };
}

/** The page is one text, of which Node has none beyond 512 MiB. */
const MAX_PAGE_BYTES = 500 * 1024 ** 2;

/** The state of the cluster's objects, in place of kube-state-metrics. */
export const kubeStateSection = section({
  resources: v.nullish(v.array(v.string())),
  labels: v.nullish(named(textList), {}),
  annotations: v.nullish(named(textList), {}),
  max_size: base2Size,
});

/** @throws nothing: a resource that is not known is a problem of the configuration */
export function readKubeState(
  written: v.InferOutput<typeof kubeStateSection>,
  path: ConfigPath,
  { findings }: ReadContext,
): KubeStateOptions {
  const known = DEFAULT_KUBE_STATE.resources;
  const { labels, annotations } = written;
  const resources = written.resources ?? known;
  for (const [index, resource] of resources.entries()) {
    if (!known.includes(resource)) findings.problem([...path, 'resources', index], `one of ${known.join(', ')}`);
  }
  for (const [key, metadata] of Object.entries({ labels, annotations })) {
    for (const resource of Object.keys(metadata)) {
      if (!known.includes(resource)) findings.problemAtKey([...path, key, resource], `one of ${known.join(', ')}`);
    }
  }
  if (written.max_size > MAX_PAGE_BYTES) findings.problem([...path, 'max_size'], 'at most 500MiB');
  return { resources, labels, annotations, maxBytes: written.max_size || DEFAULT_KUBE_STATE.maxBytes };
}
