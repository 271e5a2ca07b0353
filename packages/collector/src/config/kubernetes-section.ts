/** `kubernetes_sd_configs`, as it is written. Source: Prometheus 3, discovery/kubernetes/kubernetes.go. */
import { resolve } from 'node:path';
import { section } from '@vigie/core/config/fields';
import type { Findings, ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import {
  KUBERNETES_ROLES,
  type KubernetesDiscoveryConfig,
  type KubernetesRole,
  type KubernetesServer,
} from '../discovery/discovery-config.ts';
import { httpUrl } from './written-fields.ts';

const clientEntries = httpClientEntries();
const role = v.picklist(KUBERNETES_ROLES);

export const kubernetesSection = section({
  role,
  api_server: httpUrl,
  kubeconfig_file: optionalText,
  namespaces: v.nullish(section({ own_namespace: flag(false), names: textList }), {}),
  selectors: v.nullish(v.array(section({ role, label: optionalText, field: optionalText })), []),
  attach_metadata: v.nullish(
    section({
      node: flag(false),
      namespace: flag(false),
      deployment: flag(false),
      job: flag(false),
      cronjob: flag(false),
    }),
    {},
  ),
  ...clientEntries,
});

type WrittenKubernetes = v.InferOutput<typeof kubernetesSection>;

/** Of which objects a role may select. */
const SELECTABLE: Readonly<Record<KubernetesRole, readonly KubernetesRole[]>> = {
  node: ['node'],
  pod: ['pod', 'node'],
  service: ['service'],
  endpoints: ['endpoints', 'service', 'pod', 'node'],
  endpointslice: ['endpointslice', 'service', 'pod', 'node'],
  ingress: ['ingress'],
};

export function readKubernetes(
  written: WrittenKubernetes,
  path: ConfigPath,
  context: ReadContext,
): KubernetesDiscoveryConfig {
  const { findings } = context;
  const { own_namespace: own, names } = written.namespaces;
  const server = readServer(written, path, context);
  if (own && server.kind !== 'own')
    findings.problemAtKey(
      [...path, 'namespaces', 'own_namespace'],
      'no own_namespace beside api_server or kubeconfig_file',
    );
  const seen = new Set<KubernetesRole>();
  for (const [index, selector] of written.selectors.entries()) {
    const at = [...path, 'selectors', index];
    const selectable = SELECTABLE[written.role];
    if (seen.has(selector.role)) findings.problem([...at, 'role'], 'at most one selector of a role');
    seen.add(selector.role);
    if (!selectable.includes(selector.role))
      findings.problem([...at, 'role'], `${selectable.join(' or ')}, which the role ${written.role} selects`);
    if (!isFieldSelector(selector.field))
      findings.problem([...at, 'field'], 'a field selector such as spec.nodeName=n1');
    if (!isLabelSelector(selector.label))
      findings.problem([...at, 'label'], 'a label selector such as app=web,tier!=db');
  }
  return {
    kind: 'kubernetes',
    role: written.role,
    server,
    namespaces: { own, names },
    selectors: written.selectors,
    attach: written.attach_metadata,
  };
}

function readServer(written: WrittenKubernetes, path: ConfigPath, context: ReadContext): KubernetesServer {
  const { findings, folder } = context;
  const { api_server, kubeconfig_file } = written;
  const client = readHttpClient(written, path, context);
  if (api_server != null) {
    if (kubeconfig_file !== '')
      findings.problemAtKey([...path, 'kubeconfig_file'], 'no kubeconfig_file beside api_server');
    checkApiServerClient(written, path, findings);
    return { kind: 'url', url: api_server.href, client };
  }
  const custom = customClientKeys(written);
  for (const key of custom)
    findings.problemAtKey(
      [...path, key],
      'api_server beside options of its HTTP client, which a kubeconfig or the pod says',
    );
  return kubeconfig_file === '' ? { kind: 'own' } : { kind: 'kubeconfig', file: resolve(folder, kubeconfig_file) };
}

/** Of what a client of an API server can do. */
function checkApiServerClient(written: WrittenKubernetes, path: ConfigPath, findings: Findings): void {
  const refuse = (at: ConfigPath): void =>
    findings.problemAtKey([...path, ...at], 'authorization, basic_auth with values, or tls_config for an API server');
  if (written.oauth2 != null) refuse(['oauth2']);
  if (Object.keys(written.http_headers).length > 0) refuse(['http_headers']);
  for (const key of ['username_file', 'password_file'] as const)
    if ((written.basic_auth?.[key] ?? '') !== '') refuse(['basic_auth', key]);
}

const DEFAULTS = v.parse(section(clientEntries), {});

function customClientKeys(written: WrittenKubernetes): readonly (keyof typeof DEFAULTS)[] {
  const isDefault = (key: keyof typeof DEFAULTS): boolean =>
    JSON.stringify(written[key] ?? null) === JSON.stringify(DEFAULTS[key] ?? null);
  return KEYS.filter((key) => !isDefault(key));
}

const KEYS = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'tls_config',
  'follow_redirects',
  'enable_http2',
  'proxy_url',
  'no_proxy',
  'proxy_from_environment',
  'http_headers',
] as const satisfies readonly (keyof typeof DEFAULTS)[];

function isFieldSelector(selector: string): boolean {
  return selector === '' || selector.split(',').every((term) => /^[^=!,]+(?:==?|!=)[^=!,]*$/.test(term));
}

const LABEL_KEY = '(?:[A-Za-z0-9][A-Za-z0-9._-]*\\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const LABEL_VALUE = '[A-Za-z0-9._-]*';
const LABEL_TERM = new RegExp(
  `^\\s*(?:!?\\s*${LABEL_KEY}|${LABEL_KEY}\\s*(?:==?|!=|>|<)\\s*${LABEL_VALUE}|` +
    `${LABEL_KEY}\\s+(?:in|notin)\\s*\\(\\s*${LABEL_VALUE}(?:\\s*,\\s*${LABEL_VALUE})*\\s*\\))\\s*$`,
);

function isLabelSelector(selector: string): boolean {
  if (selector.trim() === '') return true;
  // A comma within parentheses separates values, and not terms.
  return selector.split(/,(?![^(]*\))/).every((term) => LABEL_TERM.test(term));
}
