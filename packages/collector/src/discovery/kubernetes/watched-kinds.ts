/** The kinds of objects that targets are made of: where they are in the API, and what is kept of them. */
import type { ObjectForm } from '@vigie/kube/objects';
import { sameFields } from '../../cluster/same-fields.ts';
import type { ObjectView } from '../../cluster/shared-watch.ts';
import {
  endpointSliceForm,
  endpointsForm,
  ingressForm,
  namespaceForm,
  nodeForm,
  ownedForm,
  podForm,
  serviceForm,
} from './objects.ts';

export interface WatchedKind<T> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly view: ObjectView<T>;
  readonly isNamespaced: boolean;
}

function kind<T>(group: string, resource: string, form: ObjectForm<T>, isNamespaced = true): WatchedKind<T> {
  return { group, version: 'v1', resource, view: viewOf(form), isNamespaced };
}

/** Of objects that are nothing but fields. */
function viewOf<T>({ decode }: ObjectForm<T>): ObjectView<T> {
  return { decode, isSame: sameFields };
}

export const KINDS = {
  pod: kind('', 'pods', podForm),
  node: kind('', 'nodes', nodeForm, false),
  namespace: kind('', 'namespaces', namespaceForm, false),
  service: kind('', 'services', serviceForm),
  endpoints: kind('', 'endpoints', endpointsForm),
  endpointslice: kind('discovery.k8s.io', 'endpointslices', endpointSliceForm),
  ingress: kind('networking.k8s.io', 'ingresses', ingressForm),
  replicaset: kind('apps', 'replicasets', ownedForm),
  job: kind('batch', 'jobs', ownedForm),
} as const;
