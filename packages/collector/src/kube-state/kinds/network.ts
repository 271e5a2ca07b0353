/** Services, Endpoints, EndpointSlices and Ingresses. Source: kube-state-metrics, internal/store/service.go, endpoint.go,
 *  endpointslice.go and ingress.go. */
import { at, listAt, numberAt, textAt } from '../fields.ts';
import type { Labels, Sample } from '../kind.ts';
import { created, gauge, info, isPresent, namespaced, one } from '../samples.ts';

export const services = namespaced(
  {
    resource: 'services',
    goType: '*v1.Service',
    group: '',
    path: '/api/v1/services',
    prefix: 'kube_service',
    families: [
      gauge(
        'kube_service_info',
        'Information about service.',
        (service) =>
          info([
            ['cluster_ip', textAt(service, 'spec', 'clusterIP')],
            ['external_name', textAt(service, 'spec', 'externalName')],
            ['load_balancer_ip', textAt(service, 'spec', 'loadBalancerIP')],
            ['external_traffic_policy', textAt(service, 'spec', 'externalTrafficPolicy')],
          ]),
        ['cluster_ip', 'external_name', 'load_balancer_ip', 'external_traffic_policy'],
      ),
      created('kube_service'),
      gauge(
        'kube_service_spec_type',
        'Type about service.',
        (service) => info([['type', textAt(service, 'spec', 'type')]]),
        ['type'],
      ),
      gauge(
        'kube_service_spec_external_ip',
        'Service external ips. One series for each ip',
        (service) =>
          listAt(service, 'spec', 'externalIPs').flatMap((ip) =>
            typeof ip === 'string' ? info([['external_ip', ip]]) : [],
          ),
        ['external_ip'],
      ),
      gauge(
        'kube_service_status_load_balancer_ingress',
        'Service load balancer ingress status',
        (service) =>
          listAt(service, 'status', 'loadBalancer', 'ingress').flatMap((ingress) =>
            info([
              ['ip', textAt(ingress, 'ip')],
              ['hostname', textAt(ingress, 'hostname')],
            ]),
          ),
        ['ip', 'hostname'],
      ),
    ],
  },
  'service',
  ['uid'],
);

const PORT_LABELS = ['port_protocol', 'port_number', 'port_name'];

function portLabels(port: unknown): Labels {
  return [
    ['port_protocol', textAt(port, 'protocol')],
    ['port_number', String(numberAt(port, 'port') ?? '')],
    ['port_name', textAt(port, 'name')],
  ];
}

export const endpoints = namespaced(
  {
    resource: 'endpoints',
    goType: '*v1.Endpoints',
    group: '',
    path: '/api/v1/endpoints',
    prefix: 'kube_endpoint',
    families: [
      gauge('kube_endpoint_info', 'Information about endpoint.', () => one(1)),
      created('kube_endpoint'),
      gauge(
        'kube_endpoint_address',
        'Information about Endpoint available and non available addresses.',
        (endpoint) => listAt(endpoint, 'subsets').flatMap(addressSamples),
        [...PORT_LABELS, 'ip', 'ready'],
      ),
      gauge(
        'kube_endpoint_ports',
        '(Deprecated since v2.14.0) Information about the Endpoint ports.',
        (endpoint) =>
          listAt(endpoint, 'subsets').flatMap((subset) =>
            listAt(subset, 'ports').flatMap((port) => info(portLabels(port))),
          ),
        PORT_LABELS,
      ),
    ],
  },
  'endpoint',
);

function addressSamples(subset: unknown): readonly Sample[] {
  return listAt(subset, 'ports').flatMap((port) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      listAt(subset, list).flatMap((address) =>
        info([...portLabels(port), ['ip', textAt(address, 'ip')], ['ready', String(list === 'addresses')]]),
      ),
    ),
  );
}

const CONDITIONS = ['ready', 'serving', 'terminating'] as const;
const TARGET_FIELDS = ['kind', 'name', 'namespace'] as const;

export const endpointslices = namespaced(
  {
    resource: 'endpointslices',
    goType: '*v1.EndpointSlice',
    group: 'discovery.k8s.io',
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    prefix: 'kube_endpointslice',
    families: [
      gauge(
        'kube_endpointslice_info',
        'Information about endpointslice.',
        (slice) => info([['addresstype', textAt(slice, 'addressType')]]),
        ['addresstype'],
      ),
      created('kube_endpointslice'),
      gauge(
        'kube_endpointslice_endpoints',
        'Endpoints attached to the endpointslice.',
        (slice) => listAt(slice, 'endpoints').flatMap(endpointSamples),
        [
          ...CONDITIONS,
          'hostname',
          ...TARGET_FIELDS.map((field) => `targetref_${field}`),
          'endpoint_nodename',
          'endpoint_zone',
          'address',
        ],
      ),
      gauge(
        'kube_endpointslice_ports',
        'Ports attached to the endpointslice.',
        (slice) => listAt(slice, 'ports').flatMap((port) => info(portLabels(port))),
        PORT_LABELS,
      ),
    ],
  },
  'endpointslice',
);

function endpointSamples(endpoint: unknown): readonly Sample[] {
  const stateOf = (name: string): string => {
    const state = at(endpoint, 'conditions', name);
    return typeof state === 'boolean' ? String(state) : '';
  };
  const labels = [
    ...CONDITIONS.map((name) => [name, stateOf(name)] as const),
    ['hostname', textAt(endpoint, 'hostname')] as const,
    ...TARGET_FIELDS.map((field) => [`targetref_${field}`, textAt(endpoint, 'targetRef', field)] as const),
    ['endpoint_nodename', textAt(endpoint, 'nodeName')] as const,
    ['endpoint_zone', textAt(endpoint, 'zone')] as const,
  ];
  return listAt(endpoint, 'addresses').flatMap((address) =>
    typeof address === 'string' ? info([...labels, ['address', address]]) : [],
  );
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

export const ingresses = namespaced(
  {
    resource: 'ingresses',
    goType: '*v1.Ingress',
    group: 'networking.k8s.io',
    path: '/apis/networking.k8s.io/v1/ingresses',
    prefix: 'kube_ingress',
    families: [
      gauge(
        'kube_ingress_info',
        'Information about ingress.',
        (ingress) => info([['ingressclass', classOf(ingress)]]),
        ['ingressclass'],
      ),
      created('kube_ingress'),
      gauge(
        'kube_ingress_path',
        'Ingress host, paths and backend service information.',
        (ingress) => listAt(ingress, 'spec', 'rules').flatMap(pathSamples),
        [
          'host',
          'path',
          'path_type',
          'service_name',
          'service_port',
          'resource_api_group',
          'resource_kind',
          'resource_name',
        ],
      ),
      gauge(
        'kube_ingress_tls',
        'Ingress TLS host and secret information.',
        (ingress) =>
          listAt(ingress, 'spec', 'tls').flatMap((tls) =>
            listAt(tls, 'hosts').flatMap((host) =>
              typeof host === 'string'
                ? info([
                    ['tls_host', host],
                    ['secret', textAt(tls, 'secretName')],
                  ])
                : [],
            ),
          ),
        ['tls_host', 'secret'],
      ),
    ],
  },
  'ingress',
);

function classOf(ingress: unknown): string {
  return (
    textAt(ingress, 'spec', 'ingressClassName') ||
    textAt(ingress, 'metadata', 'annotations', CLASS_ANNOTATION) ||
    '_default'
  );
}

function pathSamples(rule: unknown): readonly Sample[] {
  return listAt(rule, 'http', 'paths').flatMap((path) => {
    const labels = [
      ['host', textAt(rule, 'host')],
      ['path', textAt(path, 'path')],
      ['path_type', textAt(path, 'pathType')],
    ] as const;
    if (isPresent(path, 'backend', 'service')) {
      // By number, as kube-state-metrics: 0 for a port that is named.
      const port = numberAt(path, 'backend', 'service', 'port', 'number') ?? 0;
      return info([
        ...labels,
        ['service_name', textAt(path, 'backend', 'service', 'name')],
        ['service_port', String(port)],
      ]);
    }
    return info([
      ...labels,
      ['resource_api_group', textAt(path, 'backend', 'resource', 'apiGroup')],
      ['resource_kind', textAt(path, 'backend', 'resource', 'kind')],
      ['resource_name', textAt(path, 'backend', 'resource', 'name')],
    ]);
  });
}
