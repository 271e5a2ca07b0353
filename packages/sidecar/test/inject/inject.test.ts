import { describe, expect, it } from 'vitest';
import { inject } from '../../src/inject/inject.ts';
import { injectedPod, patchedObject, refusalsOf, SETTINGS } from './patched.ts';
import { pod, podWithPaths } from './pods.ts';

describe('a pod that asks for stream', () => {
  it('gets a native sidecar, its volumes and its mark, and keeps all the rest', () => {
    const before = pod({ spec: { nodeSelector: { disk: 'ssd' } } });
    const { object } = injectedPod(before);
    expect(object).toEqual({
      metadata: { annotations: { ...before.metadata.annotations, 'vigie.io/injected': 'stream' } },
      spec: {
        nodeSelector: { disk: 'ssd' },
        volumes: [
          { name: 'vigie-logs-0', emptyDir: {} },
          { name: 'vigie-sidecar-data', emptyDir: {} },
        ],
        containers: [
          {
            name: 'app',
            image: 'shop/app:1',
            securityContext: { runAsUser: 1000 },
            volumeMounts: [{ name: 'vigie-logs-0', mountPath: '/var/log/app' }],
          },
        ],
        initContainers: [
          {
            name: 'vigie-sidecar',
            image: 'vigie/vigie:0.1.0',
            imagePullPolicy: 'IfNotPresent',
            restartPolicy: 'Always',
            command: [
              'vigie',
              'sidecar',
              'stream',
              '--data-dir',
              '/var/lib/vigie-sidecar',
              '--prefix',
              'name',
              '--listen',
              ':9881',
              '/logs/app/var/log/app/*.log',
            ],
            env: [
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
              { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
              { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            ],
            ports: [{ name: 'vigie-sidecar', containerPort: 9881, protocol: 'TCP' }],
            startupProbe: {
              httpGet: { path: '/livez', port: 9881 },
              periodSeconds: 1,
              timeoutSeconds: 5,
              failureThreshold: 60,
            },
            livenessProbe: {
              httpGet: { path: '/livez', port: 9881 },
              periodSeconds: 10,
              timeoutSeconds: 5,
              failureThreshold: 6,
            },
            resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } },
            securityContext: {
              runAsUser: 1000,
              runAsNonRoot: true,
              privileged: false,
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
              seccompProfile: { type: 'RuntimeDefault' },
            },
            volumeMounts: [
              { name: 'vigie-logs-0', mountPath: '/logs/app/var/log/app', readOnly: true },
              { name: 'vigie-sidecar-data', mountPath: '/var/lib/vigie-sidecar' },
            ],
          },
        ],
      },
    });
  });

  it('does not get a second one', () => {
    const { object } = injectedPod(pod());
    expect(inject(object, SETTINGS)).toEqual({ status: 'unchanged', reason: 'already_injected' });
  });

  it('is not taken for injected by the mark alone', () => {
    expect(injectedPod(pod({ annotations: { 'vigie.io/injected': 'stream' } })).sidecar.name).toBe('vigie-sidecar');
  });

  it('gets the sidecar when another webhook has added the container that it names', () => {
    const before = podWithPaths('proxy=/var/log/proxy/*.log', { spec: { securityContext: { runAsUser: 1000 } } });
    expect(refusalsOf(before)).toEqual([
      'unknown_container: vigie.io/paths: the pod has no container proxy; it has app',
    ]);
    const proxy = { name: 'proxy', image: 'mesh/proxy:1' };
    const { object } = injectedPod(patchedObject(before, [{ op: 'add', path: '/spec/containers/-', value: proxy }]));
    expect(object.spec.containers[1]?.volumeMounts).toEqual([{ name: 'vigie-logs-0', mountPath: '/var/log/proxy' }]);
  });

  it('escapes dollar signs of a glob, which Kubernetes would expand', () => {
    const { sidecar } = injectedPod(podWithPaths('app=/var/log/app/$(HOME)$$.log'));
    expect(sidecar.command?.at(-1)).toBe('/logs/app/var/log/app/$$(HOME)$$$$.log');
  });
});

describe('a pod that asks for ship', () => {
  it('gets the configuration of its ConfigMap', () => {
    const { object, sidecar } = injectedPod(
      pod({ annotations: { 'vigie.io/inject': 'ship', 'vigie.io/config': 'app-logs' } }),
    );
    expect(sidecar.command).toEqual([
      'vigie',
      'sidecar',
      'ship',
      '--config',
      '/etc/vigie/sidecar.yaml',
      '--listen',
      ':9881',
      '/logs/app/var/log/app/*.log',
    ]);
    expect(sidecar.volumeMounts).toContainEqual({
      name: 'vigie-sidecar-config',
      mountPath: '/etc/vigie',
      readOnly: true,
    });
    expect(object.spec.volumes).toContainEqual({
      name: 'vigie-sidecar-config',
      projected: {
        sources: [
          { configMap: { name: 'app-logs', items: [{ key: 'sidecar.yaml', path: 'sidecar.yaml' }] } },
          {
            downwardAPI: {
              items: [
                { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
              ],
            },
          },
        ],
      },
    });
    expect(object.metadata.annotations['vigie.io/injected']).toBe('ship');
    expect(sidecar.resources).toEqual({ requests: { cpu: '10m', memory: '80Mi' }, limits: { memory: '320Mi' } });
  });

  it('tells the sidecar which pod it is in', () => {
    const { sidecar } = injectedPod(pod({ annotations: { 'vigie.io/inject': 'ship', 'vigie.io/config': 'app-logs' } }));
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    expect(sidecar.env).toEqual([
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('NODE_NAME', 'spec.nodeName'),
      field('POD_IP', 'status.podIP'),
      { name: 'POD_LABELS_FILE', value: '/etc/vigie/labels' },
      { name: 'POD_ANNOTATIONS_FILE', value: '/etc/vigie/annotations' },
      { name: 'CONTAINER_LOGS_DIR', value: '/logs' },
    ]);
  });

  it('is refused without one', () => {
    expect(refusalsOf(pod({ annotations: { 'vigie.io/inject': 'ship' } }))).toEqual([
      'config_missing: vigie.io/config: ship needs the name of a ConfigMap with the key sidecar.yaml',
    ]);
  });
});

describe('a pod that asks for nothing', () => {
  it.each([
    ['without annotations', { metadata: {}, spec: { containers: [] } }],
    ['with others', { metadata: { annotations: { 'vigie.io/parser': 'json' } }, spec: { containers: [] } }],
    ['that says false', pod({ annotations: { 'vigie.io/inject': 'false' } })],
    ['that is none', 'pod'],
    ['that is null', null],
  ])('%s is left alone', (_what, object) => {
    expect(inject(object, SETTINGS)).toEqual({ status: 'unchanged', reason: 'not_asked' });
  });
});

describe('the place of the sidecar', () => {
  const names = (object: { readonly spec: { readonly initContainers: readonly { readonly name: string }[] } }) =>
    object.spec.initContainers.map(({ name }) => name);
  const init = (...list: readonly string[]) => ({ initContainers: list.map((name) => ({ name, image: 'i' })) });
  const shared = { securityContext: { runAsUser: 1000 } };

  it('is behind the init containers that do not need it', () => {
    expect(names(injectedPod(pod({ spec: init('wait', 'migrate') })).object)).toEqual([
      'wait',
      'migrate',
      'vigie-sidecar',
    ]);
  });

  it('is in front of the first whose logs it reads', () => {
    const before = podWithPaths('app=/a/*.log;migrate=/m/*.log', {
      spec: { ...init('wait', 'migrate', 'seed'), ...shared },
    });
    const { object } = injectedPod(before);
    expect(names(object)).toEqual(['wait', 'vigie-sidecar', 'migrate', 'seed']);
    expect(object.spec.initContainers[2]?.volumeMounts).toEqual([{ name: 'vigie-logs-0', mountPath: '/m' }]);
    expect(object.spec.containers[0]?.volumeMounts).toEqual([{ name: 'vigie-logs-1', mountPath: '/a' }]);
  });
});

describe('refuses with what is wrong and what to do', () => {
  it.each([
    [
      'an unknown mode',
      { 'vigie.io/inject': 'sidecar' },
      'unknown_mode: vigie.io/inject: expected stream or ship, got "sidecar"',
    ],
    [
      'an invalid prefix',
      { 'vigie.io/prefix': 'file' },
      'invalid_annotation: vigie.io/prefix: expected none, name, json, got "file"',
    ],
    [
      'a port of root',
      { 'vigie.io/port': '80' },
      'invalid_annotation: vigie.io/port: expected a port from 1024 to 65535, got "80"',
    ],
    [
      'a port that is none',
      { 'vigie.io/port': '99999' },
      'invalid_annotation: vigie.io/port: expected a port from 1024 to 65535, got "99999"',
    ],
    [
      'root',
      { 'vigie.io/run-as-user': '0' },
      'invalid_annotation: vigie.io/run-as-user: expected the number of a user that is not root, got "0"',
    ],
    [
      'an image with spaces',
      { 'vigie.io/image': 'a b' },
      'invalid_annotation: vigie.io/image: expected the name of an image, got "a b"',
    ],
    [
      'a ConfigMap that cannot exist',
      { 'vigie.io/config': '../x' },
      'invalid_annotation: vigie.io/config: expected the name of a ConfigMap, got "../x"',
    ],
    [
      'a size that is none',
      { 'vigie.io/volume-size': 'big' },
      'invalid_annotation: vigie.io/volume-size: expected a size such as 500Mi, got "big"',
    ],
  ])('%s', (_what, annotations, message) => {
    expect(refusalsOf(pod({ annotations }))).toEqual([message]);
  });

  it('no paths', () => {
    const { 'vigie.io/paths': _, ...annotations } = pod().metadata.annotations;
    expect(refusalsOf({ ...pod(), metadata: { annotations } })).toEqual([
      'paths_missing: vigie.io/paths: expected CONTAINER=GLOB[,GLOB][;CONTAINER=…]',
    ]);
  });

  it.each([
    '{',
    '[]',
    '{"requests":{"gpu":"1"}}',
    '{"requests":{"memory":"64 MB"}}',
    '{"requests":{"memory":"1Gi"},"limits":{"memory":"999Mi"}}',
    '{"requests":{"cpu":"1100m"},"limits":{"cpu":1}}',
  ])('resources that the API server would refuse: %s', (resources) => {
    expect(refusalsOf(pod({ annotations: { 'vigie.io/resources': resources } }))).toEqual([
      expect.stringMatching(/^invalid_annotation: vigie\.io\/resources: expected JSON such as /),
    ]);
  });

  it('a container with the name of the sidecar', () => {
    const containers = [
      { name: 'app', image: 'a', securityContext: { runAsUser: 1 } },
      { name: 'vigie-sidecar', image: 'b' },
    ];
    expect(refusalsOf(pod({ containers }))).toEqual([expect.stringMatching(/^name_taken: /)]);
  });

  it.each(['vigie-sidecar-data', 'vigie-logs-0'])('a volume with the name %s', (name) => {
    expect(refusalsOf(pod({ spec: { volumes: [{ name, emptyDir: {} }] } }))).toEqual([
      expect.stringMatching(/^volume_taken: /),
    ]);
  });

  it('a port that a container of the pod has', () => {
    const container = { ports: [{ containerPort: 9881 }] };
    expect(refusalsOf(pod({ container }))).toEqual([expect.stringMatching(/^port_taken: app has port 9881, /)]);
    const { sidecar } = injectedPod(pod({ container, annotations: { 'vigie.io/port': '9991' } }));
    expect(sidecar.command).toContain(':9991');
    expect(sidecar).toMatchObject({
      startupProbe: { httpGet: { port: 9991 } },
      livenessProbe: { httpGet: { port: 9991 } },
    });
    expect(
      injectedPod(pod({ container: { ports: [{ containerPort: 9881, protocol: 'UDP' }] } })).sidecar,
    ).toBeDefined();
  });

  it("a pod in its node's network that has not chosen a port, so that the scheduler can keep two apart", () => {
    const spec = { hostNetwork: true };
    expect(refusalsOf(pod({ spec }))).toEqual([expect.stringMatching(/^port_taken: the pod is in its node's network/)]);
    const { sidecar } = injectedPod(pod({ spec, annotations: { 'vigie.io/port': '19881' } }));
    expect(sidecar.ports).toEqual([
      { name: 'vigie-sidecar', containerPort: 19_881, hostPort: 19_881, protocol: 'TCP' },
    ]);
  });

  it.each([{ os: { name: 'windows' } }, { nodeSelector: { 'kubernetes.io/os': 'windows' } }])('Windows: %j', (spec) => {
    expect(refusalsOf(pod({ spec }))).toEqual(['windows: the sidecar runs on Linux, and this pod is for Windows']);
  });

  it('what is no pod', () => {
    expect(refusalsOf({ ...pod(), spec: { containers: 'none' } })).toEqual([
      expect.stringMatching(/^malformed_pod: the pod cannot be read: spec\.containers: /),
    ]);
    const annotations = { 'vigie.io/inject': true };
    expect(refusalsOf({ metadata: { annotations }, spec: { containers: [] } })).toEqual([
      expect.stringMatching(/^malformed_pod: the pod cannot be read: metadata\.annotations\.vigie\.io\/inject: /),
    ]);
  });

  it('everything at once', () => {
    const before = podWithPaths('app=/etc/*.log;web=/a/b.log', {
      container: { securityContext: {}, ports: [{ containerPort: 9881 }] },
      spec: { volumes: [{ name: 'vigie-sidecar-data', emptyDir: {} }] },
    });
    expect(refusalsOf(before).map((refusal) => refusal.split(':')[0])).toEqual([
      'unknown_container',
      'volume_taken',
      'port_taken',
      'unusable_path',
    ]);
  });
});

describe("the operator's settings", () => {
  it('are what a pod gets that says nothing, and a pod may say otherwise', () => {
    const settings = {
      ...SETTINGS,
      image: 'mirror.example/vigie:1',
      prefix: 'json' as const,
      volumeSize: '1Gi',
      resources: { limits: { memory: '1Gi' } },
    };
    const plain = injectedPod(pod(), settings);
    expect(plain.sidecar).toMatchObject({ image: 'mirror.example/vigie:1', resources: { limits: { memory: '1Gi' } } });
    expect(plain.sidecar.command).toContain('json');
    expect(plain.object.spec.volumes[0]).toEqual({ name: 'vigie-logs-0', emptyDir: { sizeLimit: '1Gi' } });
    const annotations = {
      'vigie.io/image': 'vigie/vigie:0.2.0@sha256:00',
      'vigie.io/prefix': 'none',
      'vigie.io/volume-size': '500Mi',
      'vigie.io/resources': '{"requests":{"cpu":0.5}}',
    };
    const own = injectedPod(pod({ annotations }), settings);
    expect(own.sidecar).toMatchObject({
      image: 'vigie/vigie:0.2.0@sha256:00',
      resources: { requests: { cpu: '0.5' } },
    });
    expect(own.sidecar.command).toContain('none');
    expect(own.object.spec.volumes[0]).toEqual({ name: 'vigie-logs-0', emptyDir: { sizeLimit: '500Mi' } });
  });

  it('let no pod use an annotation that is not allowed', () => {
    const settings = { ...SETTINGS, allowedAnnotations: new Set(['paths'] as const) };
    const { sidecar, warnings } = injectedPod(pod({ annotations: { 'vigie.io/image': 'evil/image' } }), settings);
    expect(sidecar.image).toBe('vigie/vigie:0.1.0');
    expect(warnings).toEqual(['vigie.io/image is not allowed in this cluster and has no effect']);
    expect(refusalsOf(pod(), { ...SETTINGS, allowedAnnotations: new Set() })).toEqual([
      'invalid_annotation: vigie.io/paths is not allowed in this cluster',
    ]);
  });
});
