/** Labels of a pod and its containers. Source: Prometheus 3, discovery/kubernetes/pod.go. */
import { addObjectLabels, type Labels, metaName } from './meta-labels.ts';
import type { Neighbours } from './neighbours.ts';
import type { ContainerPort, PodContainer, PodObject } from './objects.ts';

export function podLabels(pod: PodObject, neighbours: Neighbours): Labels {
  const labels: Labels = {
    [metaName('pod', 'ip')]: pod.podIp,
    [metaName('pod', 'ready')]: pod.ready,
    [metaName('pod', 'phase')]: pod.phase,
    [metaName('pod', 'node_name')]: pod.nodeName,
    [metaName('pod', 'host_ip')]: pod.hostIp,
    [metaName('pod', 'uid')]: pod.uid,
  };
  addObjectLabels(labels, pod, 'pod');
  if (pod.controller !== undefined) {
    if (pod.controller.kind !== '') labels[metaName('pod', 'controller_kind')] = pod.controller.kind;
    if (pod.controller.name !== '') labels[metaName('pod', 'controller_name')] = pod.controller.name;
    addWorkloadLabels(labels, pod.namespace, pod.controller, neighbours);
  }
  return labels;
}

/** The name of what a pod is of, in the words of who wrote it: `web`, and not `web-7d4b9c`. */
function addWorkloadLabels(
  labels: Labels,
  namespace: string,
  { kind, name }: NonNullable<PodObject['controller']>,
  neighbours: Neighbours,
): void {
  if (kind === 'ReplicaSet') {
    const owner = neighbours.replicaset(namespace, name)?.controller;
    if (owner?.kind === 'Deployment') labels[metaName('pod', 'deployment_name')] = owner.name;
  }
  if (kind === 'Job') {
    if (neighbours.attach.job) labels[metaName('pod', 'job_name')] = name;
    const owner = neighbours.job(namespace, name)?.controller;
    if (owner?.kind === 'CronJob') labels[metaName('pod', 'cronjob_name')] = owner.name;
  }
}

/** Of the container that a target is, as endpoints have them: without its id. */
export function containerLabels(container: PodContainer, port: ContainerPort | undefined): Labels {
  return {
    [metaName('pod', 'container_name')]: container.name,
    [metaName('pod', 'container_image')]: container.image,
    [metaName('pod', 'container_init')]: String(container.isInit),
    ...(port === undefined
      ? {}
      : {
          [metaName('pod', 'container_port_name')]: port.name,
          [metaName('pod', 'container_port_number')]: String(port.port),
          [metaName('pod', 'container_port_protocol')]: port.protocol,
        }),
  };
}
