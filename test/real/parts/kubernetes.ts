/** A real Kubernetes control plane on 127.0.0.1: etcd and the API server, and where they are wanted the controller manager
 *  and the scheduler. Nodes are not part of it. */
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { ask, type Endpoint, rest } from '../rest.ts';
import { type Authority, type Certificate, createAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { installKubernetes } from './kubernetes-binary.ts';
import { runToEnd } from './run-to-end.ts';

export interface ControlPlaneOptions {
  /** The port of the API server; a free one unless given. */
  readonly apiPort?: number;
  /** What it listens on. Pods of a node reach it by another address than loopback. */
  readonly bindAddress?: string;
  /** What the API server calls itself: any address but loopback. Nobody connects to it, unless a test wants it to. */
  readonly advertiseAddress?: string;
  /** In the API server's certificate besides 127.0.0.1, localhost, 10.0.0.1 and its names: `IP:10.99.0.1`. */
  readonly subjectAltNames?: readonly string[];
  readonly apiServerFlags?: readonly string[];
  /** Starts kube-controller-manager with these controllers, as `--controllers` names them. */
  readonly controllers?: readonly string[];
  readonly controllerManagerFlags?: readonly string[];
  /** Starts kube-scheduler, with these flags. */
  readonly scheduler?: readonly string[];
}

export interface ControlPlane {
  /** Of the API server: `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Certificates, kubeconfigs and logs are below. */
  readonly home: string;
  /** Signed the API server's certificate, and is who it trusts for those of clients (common name: user). */
  readonly authority: Authority;
  /** Of `--requestheader-client-ca-file`: for aggregated APIs. */
  readonly frontProxyAuthority: Authority;
  /** Of the user `admin`, who may do anything. */
  readonly kubeconfig: string;
  /** A kubeconfig for another user, who shows a static token or a certificate: the groups are those of `--token-auth-file`. */
  kubeconfigOf(user: keyof typeof USERS, shows?: 'token' | 'certificate'): string;
  /** Runs kubectl as admin and answers what it wrote.
   *  @param input for `apply -f -` */
  kubectl(args: readonly string[], input?: string): string;
  /** Starts another component of the binary under the leash; its output goes to `home`/NAME.log. */
  spawn(component: string, args: readonly string[], name?: string): ChildProcess;
  /** Lets etcd forget what changed up to now. */
  compact(): Promise<void>;
  /** Kills the API server without warning, and starts it again on the same port with `startApiServer`. */
  killApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** Ends all of it and removes its data. */
  stop(): Promise<void>;
}

/** 3 s on an idle machine. */
const START_TIMEOUT_MS = 180_000;

/** As `--token-auth-file` has them: token, user, uid, groups. */
const USERS = {
  admin: { token: 'admin-token', groups: 'system:masters' },
  'system:kube-controller-manager': { token: 'controllers-token', groups: '' },
  'system:kube-scheduler': { token: 'scheduler-token', groups: '' },
  'system:node:node-1': { token: 'node-token', groups: 'system:nodes' },
} as const;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binary = installKubernetes();
  const home = temporaryFolder('kubernetes');
  const startedAt = performance.now();
  const etcdPort = await freePort();
  const peerPort = await freePort();
  const port = options.apiPort ?? (await freePort());
  const etcd: Endpoint = { url: `http://127.0.0.1:${etcdPort}` };
  const pki = writePki(home, options);
  const url = `https://127.0.0.1:${port}`;
  const endpoint: Endpoint = { url, tls: { ca: pki.authority.ca } };
  const children = new Set<ChildProcess>();
  let apiServer: ChildProcess | undefined;

  const spawn = (component: string, args: readonly string[], name = component): ChildProcess => {
    const log = openSync(join(home, `${name}.log`), 'a');
    const child = spawnLeashed(binary, [component, ...args], { stdio: ['ignore', log, log] });
    closeSync(log);
    children.add(child);
    return child;
  };
  const kubeconfigOf = (user: keyof typeof USERS, shows: 'token' | 'certificate' = 'token'): string => {
    const file = join(home, `${user.replaceAll(':', '-')}.kubeconfig`);
    const { token, groups } = USERS[user];
    const credentials = shows === 'token' ? { token } : certifiedBy(pki.authority.issue(user, undefined, groups));
    writeFileSync(file, kubeconfigText(url, pki.authority.caFile, credentials));
    return file;
  };
  const startApiServer = async (): Promise<void> => {
    const child = spawn('kube-apiserver', apiServerFlags(home, port, etcd.url, options));
    apiServer = child;
    await until(
      'the API server',
      START_TIMEOUT_MS,
      async () => {
        if (child.exitCode !== null)
          throw new Impossible(`kube-apiserver ended: ${tailOf(join(home, 'kube-apiserver.log'))}`);
        return (await rest(endpoint, 'GET', '/readyz', undefined, 5000)).status === 200 ? true : undefined;
      },
      () => tailOf(join(home, 'kube-apiserver.log')),
    );
  };

  spawn('etcd', etcdFlags(home, etcd.url, `http://127.0.0.1:${peerPort}`));
  await startApiServer();
  const kubeconfig = kubeconfigOf('admin');
  const loopback = ['--leader-elect=false', '--secure-port=0'];
  if (options.controllers !== undefined) {
    spawn('kube-controller-manager', [
      `--kubeconfig=${kubeconfigOf('system:kube-controller-manager')}`,
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${join(home, 'sa.key')}`,
      `--root-ca-file=${pki.authority.caFile}`,
      `--controllers=${options.controllers.join(',')}`,
      `--cluster-signing-cert-file=${pki.authority.caFile}`,
      `--cluster-signing-key-file=${pki.authority.caKeyFile}`,
      ...loopback,
      ...(options.controllerManagerFlags ?? []),
    ]);
  }
  if (options.scheduler !== undefined) {
    spawn('kube-scheduler', [
      `--kubeconfig=${kubeconfigOf('system:kube-scheduler')}`,
      ...loopback,
      ...options.scheduler,
    ]);
  }
  progress(`Kubernetes started in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return {
    url,
    port,
    home,
    ...pki,
    kubeconfig,
    kubeconfigOf,
    kubectl: (args, input) => {
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      return runToEnd(binary, ['kubectl', ...args], input === undefined ? { env } : { env, input });
    },
    spawn,
    compact: async () => {
      const status = await ask(etcd, 'POST', '/v3/kv/range', { key: Buffer.from('/').toString('base64') });
      const { header } = status as { readonly header: { readonly revision: string } };
      await ask(etcd, 'POST', '/v3/kv/compaction', { revision: header.revision, physical: true });
    },
    killApiServer: async () => {
      if (apiServer !== undefined) await killLeashed(apiServer);
    },
    startApiServer,
    stop: async () => {
      // The last started first, so that nobody logs that his server is gone.
      for (const child of [...children].reverse()) await killLeashed(child);
      removeFolder(home);
    },
  };
}

interface Pki {
  readonly authority: Authority;
  readonly frontProxyAuthority: Authority;
}

const SERVICE_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

function writePki(home: string, { subjectAltNames = [] }: ControlPlaneOptions): Pki {
  const authority = createAuthority(home);
  const names = [...['localhost', ...SERVICE_NAMES].map((name) => `DNS:${name}`), 'IP:127.0.0.1', 'IP:10.0.0.1'];
  authority.issue('kube-apiserver', [...names, ...subjectAltNames].join(','));
  authority.issue('apiserver-kubelet-client');
  const frontProxy = join(home, 'front-proxy');
  mkdirSync(frontProxy);
  const frontProxyAuthority = createAuthority(frontProxy);
  frontProxyAuthority.issue('front-proxy-client');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(join(home, 'sa.pub'), publicKey);
  writeFileSync(join(home, 'sa.key'), privateKey, { mode: 0o600 });
  const lines = Object.entries(USERS).map(([user, { token, groups }]) => `${token},${user},${user},"${groups}"\n`);
  writeFileSync(join(home, 'tokens.csv'), lines.join(''));
  return { authority, frontProxyAuthority };
}

function etcdFlags(home: string, clientUrl: string, peerUrl: string): readonly string[] {
  return [
    '--name=etcd',
    `--data-dir=${join(home, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=etcd=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function apiServerFlags(home: string, port: number, etcdUrl: string, options: ControlPlaneOptions): readonly string[] {
  const file = (name: string): string => join(home, name);
  return [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${options.bindAddress ?? '127.0.0.1'}`,
    `--secure-port=${port}`,
    // Of a network that is for documentation: with this reconciler nobody is told of it.
    `--advertise-address=${options.advertiseAddress ?? '192.0.2.2'}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--client-ca-file=${file('ca.pem')}`,
    `--tls-cert-file=${file('kube-apiserver.pem')}`,
    `--tls-private-key-file=${file('kube-apiserver-key.pem')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    `--requestheader-client-ca-file=${file('front-proxy/ca.pem')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${file('front-proxy/front-proxy-client.pem')}`,
    `--proxy-client-key-file=${file('front-proxy/front-proxy-client-key.pem')}`,
    `--kubelet-client-certificate=${file('apiserver-kubelet-client.pem')}`,
    `--kubelet-client-key=${file('apiserver-kubelet-client-key.pem')}`,
    '--kubelet-preferred-address-types=InternalIP',
    ...(options.apiServerFlags ?? []),
  ];
}

function certifiedBy({ certFile, keyFile }: Certificate): object {
  return { 'client-certificate': certFile, 'client-key': keyFile };
}

/** JSON is YAML. */
function kubeconfigText(server: string, caFile: string, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

const SHOWN_LOG_CHARACTERS = 3000;

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').slice(-SHOWN_LOG_CHARACTERS);
}
