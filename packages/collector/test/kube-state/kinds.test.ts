import { fileURLToPath } from 'node:url';
import { loadConfig } from '@vigie/core/config/load';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { allowedFamilies } from '../../src/kube-state/allowed-families.ts';
import type { Kind } from '../../src/kube-state/kind.ts';
import { KINDS } from '../../src/kube-state/kinds.ts';
import { type RenderedObject, renderObject } from '../../src/kube-state/rendered-object.ts';

const OBJECTS_FILE = fileURLToPath(new URL('../../testdata/kube-state/objects.yaml', import.meta.url));
const { value: OBJECTS } = await loadConfig(OBJECTS_FILE, v.record(v.string(), v.array(v.unknown())), {});
const NONE = { labels: {}, annotations: {} };

function textOf(object: RenderedObject, family: number): string {
  const pieces: string[] = [];
  object.addTo(pieces, family);
  return pieces.join('');
}

/** @returns lines of all objects of the kind, by family */
function page(kind: Kind, metadata = NONE): string {
  const families = [...kind.families, ...allowedFamilies(kind, metadata)];
  const objects = (OBJECTS[kind.resource] ?? []).map((object) => renderObject(kind, families, object));
  return families
    .map(
      ({ name, type, help }, index) =>
        `# ${name} ${type}: ${help}\n${objects.map((one) => textOf(one, index)).join('')}`,
    )
    .join('');
}

function kindOf(resource: string): Kind {
  const kind = KINDS.find((candidate) => candidate.resource === resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  return kind;
}

const pods = kindOf('pods');

describe('the metrics of each kind', () => {
  it('are as kube-state-metrics gives them for the recorded objects', async () => {
    expect(Object.keys(OBJECTS).sort()).toEqual(KINDS.map(({ resource }) => resource).sort());
    await expect(KINDS.map((kind) => page(kind)).join('')).toMatchFileSnapshot(
      '../../testdata/kube-state/expected.txt',
    );
  });

  it('have names, help texts and labels of their own', () => {
    const families = KINDS.flatMap((kind) => kind.families.map((family) => ({ kind, family })));
    const names = families.map(({ family }) => family.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind, family } of families) {
      expect(family.name.startsWith(kind.prefix)).toBe(true);
      expect(family.help).not.toBe('');
      for (const object of OBJECTS[kind.resource] ?? []) {
        for (const { labels } of family.samples(object)) {
          expect(kind.identity).not.toContain(labels[0]?.[0]);
          expect(family.labels).toEqual(expect.arrayContaining(labels.map(([label]) => label)));
        }
      }
    }
  });

  it('make each series once', () => {
    const series = KINDS.flatMap((kind) => page(kind).match(/^kube_.*(?= )/gm) ?? []);
    expect(new Set(series).size).toBe(series.length);
    expect(series.length).toBeGreaterThan(300);
  });

  it('count as what is shown of them', () => {
    for (const object of OBJECTS.pods ?? []) {
      const rendered = renderObject(pods, pods.families, object);
      const text = pods.families.map((_, index) => textOf(rendered, index)).join('');
      expect(rendered.sizeBytes).toBe(text.length);
      rendered.omit();
      expect([rendered.sizeBytes, textOf(rendered, 0)]).toEqual([0, '']);
    }
  });

  it('are none of an object that says nothing, or zeros where the API server leaves zeros out', () => {
    for (const kind of KINDS) {
      const rendered = renderObject(kind, kind.families, { metadata: { name: 'empty', namespace: 'shop' } });
      const text = kind.families.map((_, index) => textOf(rendered, index)).join('');
      expect(text).not.toMatch(/undefined|NaN|null/);
    }
    expect(() => renderObject(pods, pods.families, { metadata: {} })).toThrow('an object without metadata.name');
  });
});

describe('names in rules and dashboards', () => {
  /** Of kubernetes-mixin's rules and boards as kube-prometheus ships them, and of kube-state-metrics' own alerts. */
  const USED =
    'kube_cronjob_info kube_daemonset_status_current_number_scheduled kube_daemonset_status_desired_number_scheduled ' +
    'kube_daemonset_status_number_available kube_daemonset_status_number_misscheduled ' +
    'kube_daemonset_status_updated_number_scheduled kube_deployment_metadata_generation kube_deployment_spec_replicas ' +
    'kube_deployment_status_condition kube_deployment_status_observed_generation ' +
    'kube_deployment_status_replicas_available kube_deployment_status_replicas_updated ' +
    'kube_horizontalpodautoscaler_spec_max_replicas kube_horizontalpodautoscaler_spec_min_replicas ' +
    'kube_horizontalpodautoscaler_status_current_replicas kube_horizontalpodautoscaler_status_desired_replicas ' +
    'kube_job_failed kube_job_owner kube_job_status_active kube_job_status_start_time kube_node_info kube_node_role ' +
    'kube_node_spec_taint kube_node_spec_unschedulable kube_node_status_allocatable kube_node_status_capacity ' +
    'kube_node_status_condition kube_persistentvolume_status_phase kube_persistentvolumeclaim_access_mode ' +
    'kube_persistentvolumeclaim_labels kube_pod_container_resource_limits kube_pod_container_resource_requests ' +
    'kube_pod_container_status_waiting_reason kube_pod_info kube_pod_owner kube_pod_status_phase kube_pod_status_ready ' +
    'kube_pod_status_reason kube_poddisruptionbudget_status_current_healthy ' +
    'kube_poddisruptionbudget_status_desired_healthy kube_replicaset_owner kube_resourcequota ' +
    'kube_statefulset_metadata_generation kube_statefulset_replicas kube_statefulset_status_current_revision ' +
    'kube_statefulset_status_observed_generation kube_statefulset_status_replicas_ready ' +
    'kube_statefulset_status_replicas_updated kube_statefulset_status_update_revision';

  it('are all there', () => {
    const allowed = { labels: { persistentvolumeclaims: ['excluded_from_alerts'] }, annotations: {} };
    const text = KINDS.map((kind) => page(kind, allowed)).join('');
    const shown = new Set(text.match(/^kube_\w+/gm));
    expect(USED.split(' ').filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('labels and annotations of objects', () => {
  it('are shown where they are asked for, told apart where their names become equal', () => {
    const labels = { pods: ['app.kubernetes.io/name', 'appTier', 'app_tier'] };
    expect(page(pods, { labels, annotations: {} })).toContain(
      'kube_pod_labels{namespace="shop",pod="web-6d4b9-x2x",uid="u-1",label_app_kubernetes_io_name="web",' +
        'label_app_tier_conflict1="front",label_app_tier_conflict2="again"} 1\n',
    );
    expect(page(pods)).not.toContain('kube_pod_labels');
  });

  it('are all shown for a star', () => {
    const annotations = { ingresses: ['*'] };
    expect(page(kindOf('ingresses'), { labels: {}, annotations })).toContain(
      'kube_ingress_annotations{namespace="shop",ingress="old",annotation_kubernetes_io_ingress_class="traefik"} 1\n',
    );
  });

  it('have their quotes and line ends escaped', () => {
    const object = { metadata: { name: 'a', namespace: 'b', uid: 'c', labels: { note: 'say "hi"\nback\\' } } };
    const families = allowedFamilies(pods, { labels: { pods: ['*'] }, annotations: {} });
    expect(textOf(renderObject(pods, families, object), 0)).toBe(
      'kube_pod_labels{namespace="b",pod="a",uid="c",label_note="say \\"hi\\"\\nback\\\\"} 1\n',
    );
  });
});
