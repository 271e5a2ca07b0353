import { ConfigError } from '@vigie/core/config/problem';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { injectManifests } from '../../src/inject/manifest.ts';
import { patchedObject, SETTINGS } from './patched.ts';
import { pod } from './pods.ts';

const inject = (text: string) => injectManifests(text, 'pod.yaml', SETTINGS);

/** The way from an object of that kind to its pod. */
const KINDS = {
  Pod: [],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
} as const;

function manifestOf(kind: keyof typeof KINDS, template: object): object {
  const outer = KINDS[kind].reduceRight<object>((inner, step) => ({ [step]: inner }), template);
  return { kind, ...outer };
}

describe('a manifest', () => {
  it.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('of a %s gets the sidecar where its pods are', (kind) => {
    const manifest = manifestOf(kind, pod());
    const { text, patches, refused } = inject(JSON.stringify(manifest));
    expect(refused).toBe(0);
    const [patch = []] = patches;
    const root = KINDS[kind].map((step) => `/${step}`).join('');
    for (const { path } of patch)
      expect(path.startsWith(`${root}/metadata/`) || path.startsWith(`${root}/spec/`)).toBe(true);
    const patched = patchedObject(manifest, patch);
    expect(parse(text)).toEqual(patched);
    expect(JSON.stringify(patched)).toContain('"name":"vigie-sidecar"');
  });

  it('of several documents keeps those that ask for nothing, and a list of objects is patched within', () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } };
    const list = { apiVersion: 'v1', kind: 'List', items: [config, manifestOf('Job', pod())] };
    const text = [config, list, manifestOf('Deployment', pod())]
      .map((object) => JSON.stringify(object))
      .join('\n---\n');
    const result = inject(text);
    expect(result.patches.map((patch) => patch[0]?.path)).toEqual([
      undefined,
      '/items/1/spec/template/metadata/annotations/vigie.io~1injected',
      '/spec/template/metadata/annotations/vigie.io~1injected',
    ]);
    const after = parseAllDocuments(result.text).map((document) => document.toJS());
    expect(after[0]).toEqual(config);
    expect(after[1]).toEqual(patchedObject(list, result.patches[1] ?? []));
    expect(after.length).toBe(3);
  });

  it('keeps its comments and its order', () => {
    const text = `# the shop
apiVersion: v1
kind: Pod
metadata:
  name: shop
  annotations:
    vigie.io/inject: stream # and no agent
    vigie.io/paths: app=/var/log/app/*.log
spec:
  containers:
    # the only one
    - name: app
      image: "shop/app:1"
      securityContext: {runAsUser: 1000}
  restartPolicy: Always
`;
    const after = inject(text).text;
    const kept = text.split('\n').filter((line) => line !== '');
    const lines = after.split('\n').map((line) => line.trimEnd());
    const found = kept.map((line) => lines.findIndex((one) => one.replaceAll(' ', '') === line.replaceAll(' ', '')));
    expect(found).not.toContain(-1);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
  });

  it('with anchors is patched where the pod is, and nowhere else', () => {
    const text = `kind: Pod
metadata:
  annotations: &asked
    vigie.io/inject: stream
    vigie.io/paths: app=/var/log/app/*.log
spec:
  containers: [{name: app, image: a, securityContext: {runAsUser: 1000}}]
other: *asked
`;
    const { text: after, patches } = inject(text);
    expect(parse(after)).toEqual(patchedObject(JSON.parse(JSON.stringify(parse(text))), patches[0] ?? []));
    expect(parse(after).other).toEqual({ 'vigie.io/inject': 'stream', 'vigie.io/paths': 'app=/var/log/app/*.log' });
  });

  it('that was injected before is not changed', () => {
    const once = inject(JSON.stringify(manifestOf('Deployment', pod()))).text;
    expect(inject(once)).toEqual({ text: once, patches: [[]], warnings: [], refused: 0 });
  });

  it('is left as it is where its pod is refused, and the warning names it', () => {
    const refusedPod = pod({ annotations: { 'vigie.io/paths': 'web=/a/b' } });
    const manifest = { ...manifestOf('Deployment', refusedPod), metadata: { name: 'web', namespace: 'shop' } };
    const { text, warnings, refused } = inject(JSON.stringify(manifest));
    expect(parse(text)).toEqual(manifest);
    expect(refused).toBe(1);
    expect(warnings).toEqual(['Deployment shop/web: vigie.io/paths: the pod has no container web; it has app']);
  });

  it('of nothing is nothing', () => {
    expect(inject('')).toMatchObject({ patches: [], warnings: [] });
    expect(inject('# only a comment\n').patches).toEqual([]);
    expect(inject('just text\n')).toMatchObject({ text: 'just text\n', patches: [[]] });
  });

  it('that is no YAML is refused with the place', () => {
    expect(() => inject('kind: Pod\n\tx: 1\n')).toThrow(ConfigError);
    expect(() => inject('kind: Pod\n---\na: [1\n')).toThrow(/^pod\.yaml:4:1: expected valid YAML, got an error: /);
  });
});
