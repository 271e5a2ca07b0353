/** Where the API server is and who we are to it: from the pod we run in, or from a kubeconfig file. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { errorCode, VigieError } from '@vigie/core/errors';
import { formatHostPort } from '@vigie/core/host-port';
import { readKubeconfigs } from './kubeconfig.ts';

/** PEM text or a secret: in a file that others may replace while we run, or as it is. */
export type Source = { readonly file: string } | { readonly text: string };

export interface KubeTls {
  /** Trusted instead of the authorities that Node brings. */
  readonly ca?: Source;
  /** The client's own certificate; with `key`. */
  readonly cert?: Source;
  readonly key?: Source;
  /** Expected in the server's certificate, where that is not the name connected to. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
}

export type KubeCredentials =
  /** Anonymous, or known by the certificate of `tls`. */
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: Source }
  | { readonly type: 'basic'; readonly user: string; readonly password: string };

export interface KubeConfig {
  /** http or https; a path is kept in front of every request's own. */
  readonly server: URL;
  readonly tls: KubeTls;
  readonly credentials: KubeCredentials;
  /** Of the pod, or of the kubeconfig's context. */
  readonly namespace: string;
  /** Where all this stands, for messages. */
  readonly origin: string;
}

export interface KubeConfigOptions {
  /** The path of a kubeconfig file; used whatever else there is. */
  readonly kubeconfig?: string | undefined;
  /** Instead of the file's `current-context`. */
  readonly context?: string | undefined;
}

export interface KubeConfigDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the kubelet mounts a pod's ServiceAccount. */
  readonly serviceAccountFolder?: string;
  readonly homeFolder?: string;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Finds the configuration: the file named in the options, else that of KUBECONFIG, else the pod's ServiceAccount, else
 *  ~/.kube/config. (In a pod there is a KUBECONFIG only where somebody wants it used.)
 *  @throws {VigieError} KUBE_NO_CONFIG where there is none of these; KUBECONFIG_INVALID, KUBECONFIG_UNSUPPORTED,
 *  FILE_UNREADABLE where one cannot be used */
export function loadKubeConfig(options: KubeConfigOptions, deps: KubeConfigDeps): KubeConfig {
  const { env } = deps;
  if (options.kubeconfig !== undefined) return readKubeconfigs([options.kubeconfig], options.context);
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (named.length > 0) {
    // As kubectl does: of several files, those that are there.
    const present = named.filter((path) => existsSync(path));
    return readKubeconfigs(present.length > 0 ? present : named, options.context);
  }
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  if (host !== '' && port !== '') return inCluster(host, port, deps.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER);
  const ownFile = join(deps.homeFolder ?? homedir(), '.kube', 'config');
  if (existsSync(ownFile)) return readKubeconfigs([ownFile], options.context);
  throw new VigieError(
    'KUBE_NO_CONFIG',
    `no API server is known: this is not a pod (KUBERNETES_SERVICE_HOST is not set), KUBECONFIG is not set, and there is no ${ownFile}`,
  );
}

/** @param host an address without brackets, or a name */
function inCluster(host: string, port: string, folder: string): KubeConfig {
  const namespaceFile = join(folder, 'namespace');
  return {
    server: new URL(`https://${formatHostPort({ host, port: Number(port) })}`),
    tls: { ca: { file: join(folder, 'ca.crt') } },
    credentials: { type: 'bearer', token: { file: join(folder, 'token') } },
    namespace: readNamespace(namespaceFile) || 'default',
    origin: 'the ServiceAccount of this pod',
  };
}

function readNamespace(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw new VigieError('FILE_UNREADABLE', `cannot read ${file}`, { cause: error });
  }
}
