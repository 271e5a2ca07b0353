/** Which objects a list or a watch of the test API server is about. */
import type { Change, KubeObject } from './object-store.ts';

export type Selection = (object: KubeObject) => boolean;

/** @param query with `fieldSelector` and `labelSelector`, each a list of `NAME=VALUE` and `NAME!=VALUE` */
export function selectionOf(namespace: string | undefined, query: URLSearchParams): Selection {
  const fields = terms(query.get('fieldSelector'));
  const labels = terms(query.get('labelSelector'));
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    fields.every(({ name, value, equal }) => (fieldOf(object, name) === value) === equal) &&
    labels.every(({ name, value, equal }) => (object.metadata.labels?.[name] === value) === equal);
}

/** What a watch tells of a change: an object that comes into the selection is added to it, one that leaves it is deleted. */
export function eventOf(change: Change, selected: Selection): { type: string; object: KubeObject } | undefined {
  const was = change.before !== undefined && selected(change.before);
  const is = !change.deleted && selected(change.object);
  if (!was && !is) return undefined;
  return { type: !is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED', object: change.object };
}

interface Term {
  readonly name: string;
  readonly value: string;
  readonly equal: boolean;
}

function terms(selector: string | null): readonly Term[] {
  if (selector === null || selector === '') return [];
  return selector.split(',').map((written) => {
    const [, name = '', operator = '', value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(written) ?? [];
    if (name === '') throw new Error(`the test API server does not know the selector ${written}`);
    return { name, value, equal: operator !== '!=' };
  });
}

function fieldOf(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const step of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  }
  return value ?? '';
}
