/** Which API server a discovery asks, and how. */

import type { HttpClientConfig, Secret, TlsConfig } from '@vigie/core/config/http-client-config';
import { assertNever, bug } from '@vigie/core/errors';
import { type KubeConfig, type KubeCredentials, loadKubeConfig, type Source } from '@vigie/kube/config';
import type { KubernetesServer } from '../discovery-config.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** @throws {VigieError} where there is no such configuration, or it cannot be used */
export function kubeConfigOf(server: KubernetesServer, env: Env): KubeConfig {
  switch (server.kind) {
    case 'own':
      return loadKubeConfig({}, { env });
    case 'kubeconfig':
      return loadKubeConfig({ kubeconfig: server.file }, { env });
    case 'url':
      return {
        server: new URL(server.url),
        tls: tlsOf(server.client.tls),
        credentials: credentialsOf(server.client.authorization),
        namespace: 'default',
        origin: 'api_server of a kubernetes_sd_config',
      };
    default:
      return assertNever(server);
  }
}

/** The proxies of requests to it, as variables of the environment. */
export function proxyEnv(server: KubernetesServer, env: Env): Env {
  if (server.kind !== 'url') return env;
  const { url, noProxy, fromEnvironment } = server.client.proxy;
  if (url !== undefined) return { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: noProxy };
  return fromEnvironment ? env : {};
}

/** Equal for servers that one client can ask. */
export function serverKey(server: KubernetesServer): string {
  return JSON.stringify(server);
}

function tlsOf(tls: TlsConfig): KubeConfig['tls'] {
  const ca = sourceOf(tls.ca, tls.caFile);
  const cert = sourceOf(tls.cert, tls.certFile);
  const key = tls.keyFile === undefined ? tls.key && secretSource(tls.key) : { file: tls.keyFile };
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    insecureSkipVerify: tls.insecureSkipVerify,
  };
}

function sourceOf(text: string | undefined, file: string | undefined): Source | undefined {
  if (text !== undefined) return { text };
  return file === undefined ? undefined : { file };
}

function secretSource(secret: Secret): Source {
  return 'file' in secret ? secret : { text: secret.value };
}

function credentialsOf(authorization: HttpClientConfig['authorization']): KubeCredentials {
  if (authorization === undefined) return { type: 'none' };
  switch (authorization.kind) {
    case 'credentials':
      return { type: 'bearer', token: secretSource(authorization.credentials) };
    case 'basic':
      return { type: 'basic', user: written(authorization.username), password: written(authorization.password) };
    case 'oauth2':
      throw bug('oauth2 for an API server, which the configuration refuses');
    default:
      return assertNever(authorization);
  }
}

function written(secret: Secret | undefined): string {
  if (secret === undefined) return '';
  if ('file' in secret) throw bug('a file of basic_auth for an API server, which the configuration refuses');
  return secret.value;
}
