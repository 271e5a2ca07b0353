/** What a path below the kubelet's log root says about the container, with no API asked.
 *  Source: kubernetes pkg/kubelet/kuberuntime/helpers.go (BuildPodLogsDirectory, BuildContainerLogsDirectory)
 *  and kuberuntime/legacy.go (logSymlink). */

export interface PodPathFacts {
  readonly namespace: string;
  readonly podName: string;
  /** The API uid, or for a static pod the hash of its configuration. */
  readonly podUid: string;
  readonly containerName: string;
  readonly restartCount: number;
}

export interface ContainerLinkFacts {
  readonly namespace: string;
  readonly podName: string;
  readonly containerName: string;
  readonly containerId: string;
}

const POD_LOG = /\/([^/_]+)_([^/_]+)_([^/_]+)\/([^/]+)\/(\d+)\.log$/;
const CONTAINER_LINK = /(?:^|\/)([^/_]+)_([^/_]+)_([^/]+)-([0-9a-f]{64})\.log$/;

/** `…/NAMESPACE_POD_UID/CONTAINER/RESTART.log`; names never hold `_` (RFC 1123), so the split is exact. */
export function parsePodLogPath(path: string): PodPathFacts | undefined {
  const match = POD_LOG.exec(path);
  if (match === null) return undefined;
  const [, namespace, podName, podUid, containerName, restart] = match;
  if (namespace === undefined || podName === undefined || podUid === undefined || containerName === undefined) {
    return undefined;
  }
  return { namespace, podName, podUid, containerName, restartCount: Number(restart) };
}

/** `…/POD_NAMESPACE_CONTAINER-ID64.log`, the symlink that the kubelet keeps in /var/log/containers. */
export function parseContainerLink(path: string): ContainerLinkFacts | undefined {
  const match = CONTAINER_LINK.exec(path);
  if (match === null) return undefined;
  const [, podName, namespace, containerName, containerId] = match;
  if (namespace === undefined || podName === undefined || containerName === undefined || containerId === undefined) {
    return undefined;
  }
  return { namespace, podName, containerName, containerId };
}
