/** A real node of a test's cluster: kubelet, containerd and runc in namespaces of their own. The kubelet rotates and compresses
 *  the logs of its pods. There is no kube-proxy and no DNS, so pods reach what lies outside by address; an API server with
 *  `--enable-aggregator-routing=true` reaches the pods of a Service, since their network is routed to the node. */
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, leashCgroup, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { commandExists, installDebianPackages } from './debian.ts';
import type { ControlPlane } from './kubernetes.ts';
import { installKubernetes } from './kubernetes-binary.ts';
import { type Disk, writeDisks } from './node-disks.ts';
import { BUSYBOX_IMAGE, PAUSE_IMAGE, writeAgentImage, writeBusyboxImage, writePauseImage } from './node-images.ts';
import { installNodePrograms, type NodePrograms } from './node-programs.ts';
import { runToEnd } from './run-to-end.ts';
import { approveServingCertificate } from './serving-certificate.ts';

export const NODE_NAME = 'node-1';
export { BUSYBOX_IMAGE };

/** The addresses of one cluster: 198.18.N.0/24, of a network that is for measurements and that nobody routes. */
export interface ClusterNetwork {
  readonly interfaceName: string;
  /** Of this machine, as the node and its pods see it. */
  readonly host: string;
  readonly node: string;
  readonly pods: string;
  /** For `--service-cluster-ip-range`. */
  readonly services: string;
  /** What KUBERNETES_SERVICE_HOST says in pods: the first address of `services`. */
  readonly apiServer: string;
}

/** @throws {Error} that says what to do, where there cannot be a node */
export function clusterNetwork(): ClusterNetwork {
  if (process.getuid?.() !== 0)
    throw new Error('a Kubernetes node needs root: it makes namespaces and mounts. Run this again as root');
  if (!commandExists('ip', '-V')) installDebianPackages(['iproute2'], 'a Kubernetes node needs the ip command');
  const taken = runToEnd('ip', ['-o', 'addr']);
  for (;;) {
    const n = Math.floor(Math.random() * 256);
    const prefix = `198.18.${n}`;
    if (taken.includes(` ${prefix}.`)) continue;
    return {
      interfaceName: `vigie-real-${n}`,
      host: `${prefix}.1`,
      node: `${prefix}.2`,
      pods: `${prefix}.128/25`,
      services: `${prefix}.64/27`,
      apiServer: `${prefix}.65`,
    };
  }
}

/** What a node has otherwise than the others. */
export interface NodeSettings {
  /** Members of its KubeletConfiguration. */
  readonly kubelet?: object;
  /** cAdvisor knows containers by their names, and the kubelet has from it what they use. It then is seconds old; otherwise the kubelet asks
   *  containerd whenever somebody asks it. */
  readonly hasNamedContainers?: boolean;
  /** The kubelet shows the API server a certificate, and no token, and has the one that it serves with signed by the cluster; it would renew
   *  both. Needs the controllers of certificates. */
  readonly isCertified?: boolean;
  readonly disks?: readonly Disk[];
}

export interface RealNode {
  /** `/var/log` of the node. */
  readonly logFolder: string;
  /** The last lines of kubelet and containerd, for a failure. */
  explain(): string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/** @param ports of this machine's loopback that pods reach at `network.host` under the same number */
export async function startNode(
  plane: ControlPlane,
  network: ClusterNetwork,
  ports: readonly number[],
  settings: NodeSettings = {},
): Promise<RealNode> {
  const programs = installNodePrograms();
  const home = temporaryFolder('kubernetes-node');
  const cgroup = leashCgroup();
  const startedAt = performance.now();
  for (const folder of ['log/pods', 'log/containers', 'lib', 'images', 'cni'])
    mkdirSync(join(home, folder), { recursive: true });
  writeConfiguration(home, cgroup, plane, network, programs, settings);
  writeDisks(home, settings.disks ?? []);
  const archive = (name: string): string => join(home, 'images', `${name}.tar`);
  writePauseImage(join(home, 'making'), archive('pause'), programs.busybox);
  writeBusyboxImage(join(home, 'making'), archive('busybox'), programs.busybox);
  writeAgentImage(join(home, 'making'), archive('agent'), programs.busybox);

  const namespaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const program = fileURLToPath(new URL('./kubernetes-node/node.sh', import.meta.url));
  const child = spawnLeashed('unshare', [...namespaces, 'bash', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: `${programs.path}:${process.env.PATH}`,
      HOME_FOLDER: home,
      KUBERNETES: installKubernetes(),
      ADDRESS: `${network.node}/30`,
      GATEWAY: network.host,
      NODE_NAME,
      KUBELET_FLAGS: kubeletFlags(home, settings).join(' '),
    },
  });
  const explain = (): string =>
    ['kubelet.log', 'containerd.log', 'import.log'].map((name) => `${name}: ${tailOf(join(home, name))}`).join('\n');
  const assertRuns = (): void => {
    if (child.exitCode !== null) throw new Impossible(`the node ended with ${child.exitCode}: ${explain()}`);
  };
  await until('the namespaces of the node', START_TIMEOUT_MS, () => {
    assertRuns();
    return readlinkSync(`/proc/${child.pid}/ns/net`) !== readlinkSync('/proc/self/ns/net') || undefined;
  });
  const { interfaceName, host, apiServer, pods, node } = network;
  const ip = (command: string): void => void runToEnd('ip', command.split(' '));
  ip(`link add ${interfaceName} type veth peer name uplink netns ${child.pid}`);
  ip(`addr add ${host}/30 dev ${interfaceName}`);
  ip(`addr add ${apiServer}/32 dev ${interfaceName}`);
  ip(`link set ${interfaceName} up`);
  ip(`route add ${pods} via ${node}`);
  const forwarded = [
    `${apiServer}:443=127.0.0.1:${plane.port}`,
    ...ports.map((port) => `${host}:${port}=127.0.0.1:${port}`),
  ];
  const forwarder = spawnLeashed(
    process.execPath,
    [fileURLToPath(new URL('./kubernetes-node/tcp-forwarder.mjs', import.meta.url)), ...forwarded],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until(
    'the node to be ready',
    START_TIMEOUT_MS,
    () => {
      assertRuns();
      const ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';
      return plane.kubectl(['get', 'nodes', '-o', ready]) === 'True' || undefined;
    },
    explain,
  );
  if (settings.isCertified === true) await approveServingCertificate(plane, explain);
  // Who the API server is to the kubelet: without the right there is no `kubectl logs`.
  const kubeletClient = ['--clusterrole=system:kubelet-api-admin', '--user=apiserver-kubelet-client'];
  plane.kubectl(['create', 'clusterrolebinding', 'kubelet-api-admin', ...kubeletClient]);
  progress(`the node is ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return {
    logFolder: join(home, 'log'),
    explain,
    stop: async () => {
      await killLeashed(child);
      await killLeashed(forwarder);
      // The kernel takes the link with the network namespace of its other end, and the routes with the link.
      await until(
        'the end of the link',
        START_TIMEOUT_MS,
        () => !existsSync(`/sys/class/net/${interfaceName}`) || undefined,
      );
      removeFolder(home);
    },
  };
}

/** Of cAdvisor, which has no other way to be told. */
function kubeletFlags(home: string, { hasNamedContainers = false }: NodeSettings): readonly string[] {
  return hasNamedContainers ? [`--containerd=${join(home, 'containerd.sock')}`, '--housekeeping-interval=2s'] : [];
}

function writeConfiguration(
  home: string,
  cgroup: string,
  plane: ControlPlane,
  network: ClusterNetwork,
  programs: NodePrograms,
  { kubelet = {}, isCertified = false }: NodeSettings,
): void {
  const write = (name: string, content: string | object): void =>
    writeFileSync(join(home, name), typeof content === 'string' ? content : JSON.stringify(content));
  const kubeconfig = plane.kubeconfigOf(`system:node:${NODE_NAME}`, isCertified ? 'certificate' : 'token');
  write('kubeconfig', readFileSync(kubeconfig, 'utf8').replace(/https:[^"]*/, `https://${network.apiServer}`));
  const subnet = [{ subnet: network.pods }];
  const ipam = {
    type: 'host-local',
    dataDir: join(home, 'cni-ipam'),
    ranges: [subnet],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'pods', isGateway: true, ipMasq: false, ipam };
  write('cni/10-bridge.conflist', { cniVersion: '0.4.0', name: 'pods', plugins: [bridge] });
  write('kubelet.yaml', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: network.node,
    containerRuntimeEndpoint: `unix://${join(home, 'containerd.sock')}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: plane.authority.caFile },
    },
    authorization: { mode: 'Webhook' },
    ...(isCertified ? { serverTLSBootstrap: true } : servedWith(plane, network)),
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    resolvConf: '',
    clusterDNS: [network.apiServer],
    clusterDomain: 'cluster.local',
    nodeStatusUpdateFrequency: '5s',
    // The smallest that the kubelet takes: so it rotates, compresses and removes within a test.
    containerLogMaxSize: '64Ki',
    containerLogMaxFiles: 10,
    containerLogMonitorInterval: '3s',
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '2s' },
    rotateCertificates: isCertified,
    ...kubelet,
  });
  write(
    'containerd.toml',
    `version = 2
root = "${home}/containerd"
state = "${home}/containerd-state"
disabled_plugins = [${DISABLED_PLUGINS.map((name) => `"io.containerd.${name}"`).join(', ')}]
[grpc]
  address = "${home}/containerd.sock"
[ttrpc]
  address = "${home}/containerd.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${programs.cni}"
    conf_dir = "${home}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${programs.runc}"
        SystemdCgroup = false
`,
  );
}

/** Members of a KubeletConfiguration. */
function servedWith(plane: ControlPlane, { node }: ClusterNetwork): object {
  const { certFile, keyFile } = plane.authority.issue('kubelet', `IP:${node},DNS:${NODE_NAME}`);
  return { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile };
}

const DISABLED_PLUGINS = [
  ...['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `snapshotter.v1.${name}`),
  'internal.v1.opt',
  'tracing.processor.v1.otlp',
  'internal.v1.tracing',
];

const SHOWN_LOG_CHARACTERS = 3000;

function tailOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-SHOWN_LOG_CHARACTERS) : 'not there';
}
