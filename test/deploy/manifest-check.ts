/** What the API server would say of a manifest, as far as its published schema goes. */
import { MutatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1';
import { APIService } from 'kubernetes-models/apiregistration.k8s.io/v1';
import { DaemonSet, Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from 'kubernetes-models/v1';

interface Model {
  validate(): void;
}

/** @returns the model; the data is checked by its validate() */
type Decode = (data: never) => Model;

const KINDS: Readonly<Record<string, Decode>> = {
  'v1/Pod': (data) => new Pod(data),
  'v1/Namespace': (data) => new Namespace(data),
  'v1/ServiceAccount': (data) => new ServiceAccount(data),
  'v1/ConfigMap': (data) => new ConfigMap(data),
  'v1/ResourceQuota': (data) => new ResourceQuota(data),
  'v1/PersistentVolumeClaim': (data) => new PersistentVolumeClaim(data),
  'v1/Secret': (data) => new Secret(data),
  'v1/Service': (data) => new Service(data),
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': (data) => new MutatingWebhookConfiguration(data),
  'apiregistration.k8s.io/v1/APIService': (data) => new APIService(data),
  'apps/v1/Deployment': (data) => new Deployment(data),
  'apps/v1/StatefulSet': (data) => new StatefulSet(data),
  'batch/v1/Job': (data) => new Job(data),
  'policy/v1/PodDisruptionBudget': (data) => new PodDisruptionBudget(data),
  'apps/v1/DaemonSet': (data) => new DaemonSet(data),
  'rbac.authorization.k8s.io/v1/ClusterRole': (data) => new ClusterRole(data),
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': (data) => new ClusterRoleBinding(data),
  'rbac.authorization.k8s.io/v1/Role': (data) => new Role(data),
  'rbac.authorization.k8s.io/v1/RoleBinding': (data) => new RoleBinding(data),
  'networking.k8s.io/v1/NetworkPolicy': (data) => new NetworkPolicy(data),
};

/** @returns what is wrong, one sentence each: schema violations, and fields that the schema does not have */
export function manifestProblems(manifest: unknown): string[] {
  const { apiVersion, kind } = manifest as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const decode = KINDS[`${apiVersion}/${kind}`];
  if (decode === undefined) return [`unknown kind ${apiVersion}/${kind}`];
  const model = decode(manifest as never);
  const unread = new Set<string>();
  const watched = watchReads(model, '', unread);
  try {
    watched.validate();
  } catch (error) {
    return [String(error)];
  }
  return Array.from(unread, (path) => `unknown field ${path}`);
}

/** The validators read each field that the schema has, and iterate over maps: a field that was neither is unknown.
 *  @param unread emptied of each path that is read */
function watchReads<T extends object>(value: T, path: string, unread: Set<string>): T {
  const pathOf = (key: string): string => (Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
  const children = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value)) {
    unread.add(pathOf(key));
    children.set(key, isObject(child) ? watchReads(child, pathOf(key), unread) : child);
  }
  return new Proxy(value, {
    get(target, key, receiver) {
      if (typeof key !== 'string' || !children.has(key)) return Reflect.get(target, key, receiver);
      unread.delete(pathOf(key));
      return children.get(key);
    },
    ownKeys(target) {
      for (const key of children.keys()) unread.delete(pathOf(key));
      return Reflect.ownKeys(target);
    },
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
