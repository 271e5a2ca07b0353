/** Targets of each role. */
import { describe, expect, it } from 'vitest';
import { until } from '../world.ts';
import { Cluster } from './cluster.ts';
import { nodeNamed, ownedBy, webPod, webService, webSlice } from './objects.ts';

const POD_LABELS = {
  __meta_kubernetes_pod_name: 'web-0',
  __meta_kubernetes_pod_ip: '10.1.0.1',
  __meta_kubernetes_pod_ready: 'true',
  __meta_kubernetes_pod_phase: 'Running',
  __meta_kubernetes_pod_node_name: 'n1',
  __meta_kubernetes_pod_host_ip: '192.168.0.1',
  __meta_kubernetes_pod_uid: 'uid-web-0',
  __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
  __meta_kubernetes_pod_controller_name: 'web-1',
  __meta_kubernetes_pod_label_app: 'web',
  __meta_kubernetes_pod_labelpresent_app: 'true',
  __meta_kubernetes_pod_label_app_kubernetes_io_name: 'w',
  __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name: 'true',
  __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
  __meta_kubernetes_pod_annotationpresent_prometheus_io_scrape: 'true',
};

const WEB_CONTAINER = {
  __meta_kubernetes_pod_container_name: 'web',
  __meta_kubernetes_pod_container_image: 'web:1',
  __meta_kubernetes_pod_container_init: 'false',
  __meta_kubernetes_pod_container_port_protocol: 'TCP',
};

const SERVICE_LABELS = {
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_service_name: 'web',
  __meta_kubernetes_service_label_app: 'web',
  __meta_kubernetes_service_labelpresent_app: 'true',
  __meta_kubernetes_service_annotation_prometheus_io_port: '8080',
  __meta_kubernetes_service_annotationpresent_prometheus_io_port: 'true',
};

const NODE_LABELS = {
  __meta_kubernetes_node_name: 'n1',
  __meta_kubernetes_node_label_zone: 'a',
  __meta_kubernetes_node_labelpresent_zone: 'true',
  __meta_kubernetes_node_annotation_x_y: 'z',
  __meta_kubernetes_node_annotationpresent_x_y: 'true',
};

describe('the role pod', () => {
  it('has a target for each port of each container, and one for a container without ports', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.run('pod');
    expect(await cluster.first()).toEqual([
      {
        source: 'pod/shop/web-0',
        labels: { ...POD_LABELS, __meta_kubernetes_namespace: 'shop' },
        targets: [
          {
            ...WEB_CONTAINER,
            __address__: '10.1.0.1:8080',
            __meta_kubernetes_pod_container_id: 'containerd://abc',
            __meta_kubernetes_pod_container_port_name: 'http',
            __meta_kubernetes_pod_container_port_number: '8080',
          },
          {
            ...WEB_CONTAINER,
            __address__: '10.1.0.1:9000',
            __meta_kubernetes_pod_container_id: 'containerd://abc',
            __meta_kubernetes_pod_container_port_name: 'admin',
            __meta_kubernetes_pod_container_port_number: '9000',
          },
          {
            __address__: '10.1.0.1',
            __meta_kubernetes_pod_container_id: '',
            __meta_kubernetes_pod_container_name: 'log',
            __meta_kubernetes_pod_container_image: 'log:1',
            __meta_kubernetes_pod_container_init: 'false',
          },
          {
            __address__: '10.1.0.1',
            __meta_kubernetes_pod_container_id: '',
            __meta_kubernetes_pod_container_name: 'init',
            __meta_kubernetes_pod_container_image: 'init:1',
            __meta_kubernetes_pod_container_init: 'true',
          },
        ],
      },
    ]);
  });

  it('tells of pods that come, change and go, together where they come together', async () => {
    const cluster = await Cluster.start();
    cluster.run('pod');
    expect(await cluster.first()).toEqual([]);
    await until(() => cluster.server.watching === 1);
    cluster.server.put('pods', webPod('web-0', { ip: '' }));
    cluster.server.put('pods', webPod('web-1'));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.map(({ source, targets }) => [source, targets.length])).toEqual([
      ['pod/shop/web-0', 0],
      ['pod/shop/web-1', 4],
    ]);
    cluster.server.put('pods', webPod('web-0', { ip: 'fd00::7' }));
    await cluster.untilTold(3);
    expect(cluster.world.targets['pod/shop/web-0']?.[0]).toBe('[fd00::7]:8080');
    cluster.server.remove('pods', 'shop', 'web-0');
    await cluster.untilTold(4);
    expect(cluster.world.told[3]).toEqual([{ source: 'pod/shop/web-0', labels: {}, targets: [] }]);
  });

  it('has the labels of node and namespace where they are to be attached, also when those change', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.server.put('nodes', nodeNamed('n1'));
    cluster.server.put('namespaces', { metadata: { name: 'shop', labels: { team: 'a' } } });
    cluster.run('pod', { attach: { node: true, namespace: true } });
    const [group] = await cluster.first();
    expect(group?.labels).toEqual({
      ...POD_LABELS,
      ...NODE_LABELS,
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_namespace_label_team: 'a',
      __meta_kubernetes_namespace_labelpresent_team: 'true',
    });
    await until(() => cluster.server.watching === 3);
    cluster.server.put('nodes', nodeNamed('n1', { zone: 'b' }));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.[0]?.labels.__meta_kubernetes_node_label_zone).toBe('b');
  });

  it('has no targets on nodes that are not selected, where metadata of nodes are attached', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.server.put('pods', webPod('web-1', { node: 'n2' }));
    cluster.server.put('nodes', nodeNamed('n1'));
    cluster.server.put('nodes', nodeNamed('n2', { zone: 'b' }));
    cluster.run('pod', { attach: { node: true }, selectors: [{ role: 'node', label: 'zone=a', field: '' }] });
    const groups = await cluster.first();
    expect(groups.map(({ source, targets }) => [source, targets.length])).toEqual([
      ['pod/shop/web-0', 4],
      ['pod/shop/web-1', 0],
    ]);
    await until(() => cluster.server.watching === 2);
    cluster.server.put('nodes', nodeNamed('n2'));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.map(({ source, targets }) => [source, targets.length])).toEqual([
      ['pod/shop/web-1', 4],
    ]);
  });

  const ofReplicaSet = { kind: 'ReplicaSet', name: 'web-1' };
  const ofJob = { kind: 'Job', name: 'clean-28' };
  const cronJobs = { resource: 'jobs', object: ownedBy('clean-28', { kind: 'CronJob', name: 'clean' }) };

  it.each([
    [
      'the Deployment',
      { deployment: true },
      ofReplicaSet,
      { resource: 'replicasets', object: ownedBy('web-1', { kind: 'Deployment', name: 'web' }) },
      { __meta_kubernetes_pod_deployment_name: 'web' },
    ],
    [
      'no Deployment, where its ReplicaSet is of something else',
      { deployment: true },
      ofReplicaSet,
      { resource: 'replicasets', object: ownedBy('web-1', { kind: 'Rollout', name: 'web' }) },
      {},
    ],
    ['the Job', { job: true }, ofJob, cronJobs, { __meta_kubernetes_pod_job_name: 'clean-28' }],
    ['the CronJob', { cronjob: true }, ofJob, cronJobs, { __meta_kubernetes_pod_cronjob_name: 'clean' }],
    ['none of them, where that is not asked for', {}, ofJob, undefined, {}],
  ] as const)('names %s that a pod is of', async (_title, attach, owner, owned, labels) => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0', { owner }));
    if (owned !== undefined) cluster.server.put(owned.resource, owned.object);
    cluster.run('pod', { attach });
    const [group] = await cluster.first();
    const names = Object.entries(group?.labels ?? {}).filter(([name]) =>
      /_(?:deployment|job|cronjob)_name$/.test(name),
    );
    expect(Object.fromEntries(names)).toEqual(labels);
    expect(group?.labels).toMatchObject({
      __meta_kubernetes_pod_controller_kind: owner.kind,
      __meta_kubernetes_pod_controller_name: owner.name,
    });
  });

  it('is told again when what names its Deployment comes later', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.run('pod', { attach: { deployment: true } });
    await cluster.first();
    await until(() => cluster.server.watching === 2);
    cluster.server.put('replicasets', ownedBy('web-1', { kind: 'Deployment', name: 'web' }));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.[0]?.labels.__meta_kubernetes_pod_deployment_name).toBe('web');
  });

  it('says nothing of changes that are in no label', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.run('pod');
    await cluster.first();
    await until(() => cluster.server.watching === 1);
    const pod = webPod('web-0');
    cluster.server.put('pods', { ...pod, status: { ...(pod.status as object), startTime: '2027-01-01T00:00:00Z' } });
    cluster.server.put('pods', webPod('web-1'));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.map(({ source }) => source)).toEqual(['pod/shop/web-1']);
  });
});

describe('the role node', () => {
  it('has the kubelet of each node, by the best of its addresses', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('nodes', nodeNamed('n1'));
    cluster.server.put('nodes', { metadata: { name: 'bare' } });
    cluster.run('node');
    expect(await cluster.first()).toEqual([
      {
        source: 'node/n1',
        labels: {
          ...NODE_LABELS,
          __meta_kubernetes_node_provider_id: 'aws:///n1',
          __meta_kubernetes_node_condition_ready: 'true',
          __meta_kubernetes_node_condition_diskpressure: 'unknown',
        },
        targets: [
          {
            __address__: '192.168.0.1:10250',
            instance: 'n1',
            __meta_kubernetes_node_address_Hostname: 'n1.local',
            __meta_kubernetes_node_address_InternalIP: '192.168.0.1',
          },
        ],
      },
      { source: 'node/bare', labels: {}, targets: [] },
    ]);
  });
});

describe('the role service', () => {
  it('has each port by the name of the service', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('services', webService());
    cluster.run('service');
    expect(await cluster.first()).toEqual([
      {
        source: 'svc/shop/web',
        labels: SERVICE_LABELS,
        targets: [
          {
            __address__: 'web.shop.svc:80',
            __meta_kubernetes_service_port_name: 'http',
            __meta_kubernetes_service_port_number: '80',
            __meta_kubernetes_service_port_protocol: 'TCP',
            __meta_kubernetes_service_type: 'ClusterIP',
            __meta_kubernetes_service_cluster_ip: '10.96.0.7',
          },
        ],
      },
    ]);
  });

  it('says where a service leads to outside', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('services', webService({ type: 'ExternalName', externalName: 'db.example' }));
    cluster.run('service');
    const [external] = await cluster.first();
    expect(external?.targets[0]).toMatchObject({ __meta_kubernetes_service_external_name: 'db.example' });
    expect(external?.targets[0]).not.toHaveProperty('__meta_kubernetes_service_cluster_ip');
    await until(() => cluster.server.watching === 1);
    cluster.server.put('services', webService({ type: 'LoadBalancer', loadBalancerIP: '192.0.2.1' }));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.[0]?.targets[0]).toMatchObject({
      __meta_kubernetes_service_loadbalancer_ip: '192.0.2.1',
      __meta_kubernetes_service_cluster_ip: '10.96.0.7',
    });
    cluster.server.put('services', {
      ...webService({ type: 'LoadBalancer', loadBalancerIP: '192.0.2.1' }),
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }, { hostname: 'lb.example' }, { ip: '192.0.2.8' }] } },
    });
    await cluster.untilTold(3);
    expect(cluster.world.told[2]?.[0]?.targets[0]).toMatchObject({
      __meta_kubernetes_service_loadbalancer_ip: '192.0.2.7,192.0.2.8',
    });
  });
});

describe('the role endpointslice', () => {
  it('has the addresses with the labels of service, pod, container and node', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.server.put('services', webService());
    cluster.server.put('nodes', nodeNamed('n1'));
    cluster.server.put('endpointslices', webSlice({ 'web-0': '10.1.0.1' }));
    cluster.run('endpointslice', { attach: { node: true } });
    expect(await cluster.first()).toEqual([
      {
        source: 'endpointslice/shop/web-abc',
        labels: {
          ...SERVICE_LABELS,
          __meta_kubernetes_endpointslice_name: 'web-abc',
          __meta_kubernetes_endpointslice_address_type: 'IPv4',
          __meta_kubernetes_endpointslice_label_kubernetes_io_service_name: 'web',
          __meta_kubernetes_endpointslice_labelpresent_kubernetes_io_service_name: 'true',
        },
        targets: [
          {
            ...POD_LABELS,
            ...WEB_CONTAINER,
            ...NODE_LABELS,
            __address__: '10.1.0.1:8080',
            __meta_kubernetes_pod_container_port_name: 'http',
            __meta_kubernetes_pod_container_port_number: '8080',
            __meta_kubernetes_endpointslice_port: '8080',
            __meta_kubernetes_endpointslice_port_name: 'http',
            __meta_kubernetes_endpointslice_port_protocol: 'TCP',
            __meta_kubernetes_endpointslice_port_app_protocol: 'http',
            __meta_kubernetes_endpointslice_endpoint_conditions_ready: 'true',
            __meta_kubernetes_endpointslice_endpoint_conditions_serving: 'true',
            __meta_kubernetes_endpointslice_endpoint_conditions_terminating: 'false',
            __meta_kubernetes_endpointslice_endpoint_node_name: 'n1',
            __meta_kubernetes_endpointslice_endpoint_zone: 'a',
            __meta_kubernetes_endpointslice_address_target_kind: 'Pod',
            __meta_kubernetes_endpointslice_address_target_name: 'web-0',
          },
          // The other port of the pod, which the service does not lead to.
          {
            ...POD_LABELS,
            ...WEB_CONTAINER,
            __address__: '10.1.0.1:9000',
            __meta_kubernetes_pod_container_port_name: 'admin',
            __meta_kubernetes_pod_container_port_number: '9000',
          },
        ],
      },
    ]);
  });

  it('is told again when a pod behind it or its service changes, and no others', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('endpointslices', webSlice({ 'web-0': '10.1.0.1' }));
    const other = webSlice({ 'other-0': '10.1.0.9' });
    cluster.server.put('endpointslices', {
      ...other,
      metadata: { name: 'other-abc', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'other' } },
    });
    cluster.run('endpointslice');
    await cluster.first();
    await until(() => cluster.server.watching === 3);
    cluster.server.put('pods', webPod('web-0'));
    await cluster.untilTold(2);
    cluster.server.put('services', webService());
    await cluster.untilTold(3);
    const sources = cluster.world.told.slice(1).map((groups) => groups.map(({ source }) => source));
    expect(sources).toEqual([['endpointslice/shop/web-abc'], ['endpointslice/shop/web-abc']]);
    expect(cluster.world.told[2]?.[0]?.labels.__meta_kubernetes_service_name).toBe('web');
  });

  it('names the Deployment of the pods behind it, also when what names it comes later', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.server.put('endpointslices', webSlice({ 'web-0': '10.1.0.1' }));
    cluster.run('endpointslice', { attach: { deployment: true } });
    await cluster.first();
    await until(() => cluster.server.watching === 4);
    cluster.server.put('replicasets', ownedBy('web-1', { kind: 'Deployment', name: 'web' }));
    await cluster.untilTold(2);
    const names = cluster.world.told[1]?.[0]?.targets.map((target) => target.__meta_kubernetes_pod_deployment_name);
    expect(names).toEqual(['web', 'web']);
  });

  it('has no targets in the slice of the second family of a service', async () => {
    const cluster = await Cluster.start();
    const families = { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] };
    cluster.server.put('services', webService(families));
    cluster.server.put('endpointslices', webSlice({ 'web-0': '10.1.0.1' }));
    const second = { ...webSlice({ 'web-0': 'fd00::7' }), addressType: 'IPv6' };
    const labels = { 'kubernetes.io/service-name': 'web' };
    cluster.server.put('endpointslices', { ...second, metadata: { name: 'web-v6', namespace: 'shop', labels } });
    cluster.run('endpointslice');
    await cluster.first();
    expect(cluster.world.targets).toEqual({ 'endpointslice/shop/web-abc': ['10.1.0.1:8080'] });
    await until(() => cluster.server.watching === 3);
    cluster.server.put('services', webService({ ...families, ipFamilyPolicy: 'SingleStack' }));
    await cluster.untilTold(2);
    expect(cluster.world.targets['endpointslice/shop/web-v6']).toEqual(['[fd00::7]:8080']);
  });

  it('gives the other ports of a pod once where its service has two families', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    const slice = webSlice({ 'web-0': 'fd00::7' });
    cluster.server.put('endpointslices', { ...slice, addressType: 'IPv6' });
    cluster.run('endpointslice');
    await cluster.first();
    expect(cluster.world.targets).toEqual({ 'endpointslice/shop/web-abc': ['[fd00::7]:8080'] });
  });
});

describe('the role endpoints', () => {
  it('has ready and other addresses, pods and what is none', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('pods', webPod('web-0'));
    cluster.server.put('services', webService());
    cluster.server.put('endpoints', {
      metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
      subsets: [
        {
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
          addresses: [{ ip: '10.1.0.1', nodeName: 'n1', targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-0' } }],
          notReadyAddresses: [{ ip: '10.9.0.1', hostname: 'ext' }],
        },
      ],
    });
    cluster.run('endpoints');
    expect(await cluster.first()).toEqual([
      {
        source: 'endpoints/shop/web',
        labels: {
          ...SERVICE_LABELS,
          __meta_kubernetes_endpoints_name: 'web',
          __meta_kubernetes_endpoints_label_app: 'web',
          __meta_kubernetes_endpoints_labelpresent_app: 'true',
        },
        targets: [
          {
            ...POD_LABELS,
            ...WEB_CONTAINER,
            __address__: '10.1.0.1:8080',
            __meta_kubernetes_pod_container_port_name: 'http',
            __meta_kubernetes_pod_container_port_number: '8080',
            __meta_kubernetes_endpoint_port_name: 'http',
            __meta_kubernetes_endpoint_port_protocol: 'TCP',
            __meta_kubernetes_endpoint_ready: 'true',
            __meta_kubernetes_endpoint_node_name: 'n1',
            __meta_kubernetes_endpoint_address_target_kind: 'Pod',
            __meta_kubernetes_endpoint_address_target_name: 'web-0',
          },
          {
            __address__: '10.9.0.1:8080',
            __meta_kubernetes_endpoint_port_name: 'http',
            __meta_kubernetes_endpoint_port_protocol: 'TCP',
            __meta_kubernetes_endpoint_ready: 'false',
            __meta_kubernetes_endpoint_hostname: 'ext',
          },
          {
            ...POD_LABELS,
            ...WEB_CONTAINER,
            __address__: '10.1.0.1:9000',
            __meta_kubernetes_pod_container_port_name: 'admin',
            __meta_kubernetes_pod_container_port_number: '9000',
          },
        ],
      },
    ]);
  });
});

describe('the role ingress', () => {
  it('has each path of each host, with the scheme that its host has', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('ingresses', {
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['*.example'] }],
        rules: [
          { host: 'a.example', http: { paths: [{ path: '/x' }, { path: '' }] } },
          { host: 'b.a.example' },
          { host: 'example', http: { paths: [{ path: '/' }] } },
        ],
      },
    });
    cluster.run('ingress');
    const [group] = await cluster.first();
    expect(group?.source).toBe('ingress/shop/web');
    expect(group?.labels).toEqual({
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_ingress_name: 'web',
      __meta_kubernetes_ingress_class_name: 'nginx',
    });
    const labels = group?.targets.map((target) => [
      target.__address__,
      target.__meta_kubernetes_ingress_scheme,
      target.__meta_kubernetes_ingress_path,
    ]);
    expect(labels).toEqual([
      ['a.example', 'https', '/x'],
      ['a.example', 'https', '/'],
      ['b.a.example', 'http', '/'],
      ['example', 'http', '/'],
    ]);
  });
});
