/** Where targets come from: one `*_sd_configs` entry, or all `static_configs` of a job. */
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';

export type DiscoveryConfig =
  | StaticDiscoveryConfig
  | FileDiscoveryConfig
  | HttpDiscoveryConfig
  | DnsDiscoveryConfig
  | ConsulDiscoveryConfig
  | KubernetesDiscoveryConfig;

export interface StaticDiscoveryConfig {
  readonly kind: 'static';
  readonly groups: readonly StaticGroup[];
}

export interface StaticGroup {
  /** Addresses. */
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface FileDiscoveryConfig {
  readonly kind: 'file';
  /** Absolute; a `*` may stand in the last segment. They end in .json, .yml or .yaml. */
  readonly files: readonly string[];
  /** Changes are seen sooner; this is for those that are not. */
  readonly refreshIntervalMs: number;
}

export interface HttpDiscoveryConfig {
  readonly kind: 'http';
  readonly url: string;
  readonly refreshIntervalMs: number;
  readonly client: HttpClientConfig;
}

export interface DnsDiscoveryConfig {
  readonly kind: 'dns';
  readonly names: readonly string[];
  readonly type: DnsRecordType;
  /** Of A, AAAA, MX and NS records; SRV records have their own. */
  readonly port: number;
  readonly refreshIntervalMs: number;
}

export const DNS_RECORD_TYPES = ['A', 'AAAA', 'MX', 'NS', 'SRV'] as const;
export type DnsRecordType = (typeof DNS_RECORD_TYPES)[number];

export interface ConsulDiscoveryConfig {
  readonly kind: 'consul';
  /** Scheme, host, port and path prefix of the agent. */
  readonly server: string;
  readonly token: string;
  readonly datacenter: string;
  readonly namespace: string;
  readonly partition: string;
  readonly tagSeparator: string;
  /** Empty: all. */
  readonly services: readonly string[];
  /** All of which a service must have. */
  readonly tags: readonly string[];
  readonly nodeMeta: Readonly<Record<string, string>>;
  /** An expression of Consul for the catalog. */
  readonly filter: string;
  /** The same for the health of a service's instances. */
  readonly healthFilter: string;
  readonly allowStale: boolean;
  readonly refreshIntervalMs: number;
  readonly client: HttpClientConfig;
}

export const KUBERNETES_ROLES = ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'] as const;
export type KubernetesRole = (typeof KUBERNETES_ROLES)[number];

export interface KubernetesDiscoveryConfig {
  readonly kind: 'kubernetes';
  readonly role: KubernetesRole;
  readonly server: KubernetesServer;
  readonly namespaces: { readonly own: boolean; readonly names: readonly string[] };
  /** At most one of a role. */
  readonly selectors: readonly { readonly role: KubernetesRole; readonly label: string; readonly field: string }[];
  readonly attach: AttachedMetadata;
}

/** What else targets have labels of, by the keys of `attach_metadata`. */
export interface AttachedMetadata {
  readonly node: boolean;
  readonly namespace: boolean;
  /** The names of those that a pod is of. */
  readonly deployment: boolean;
  readonly job: boolean;
  readonly cronjob: boolean;
}

export type KubernetesServer =
  /** Of the pod that we are in, else of KUBECONFIG. */
  | { readonly kind: 'own' }
  | { readonly kind: 'kubeconfig'; readonly file: string }
  | { readonly kind: 'url'; readonly url: string; readonly client: HttpClientConfig };
