/** Labels of a pod and its containers. Source: Prometheus 3, discovery/kubernetes/pod.go. */
import { addObjectLabels, type Labels, metaName } from './meta-labels.ts';
import type { ContainerPort, PodContainer, PodObject } from './objects.ts';

export function podLabels(pod: PodObject): Labels {
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
  }
  return labels;
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
