/** Shapes of metrics that many kinds have. */
import { at, isAt, listAt, numberAt, secondsAt, textAt } from './fields.ts';
import type { Family, Kind, Labels, Sample } from './kind.ts';

/** One sample without labels of its own; none where there is no value. */
export function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: [], value }];
}

export function info(labels: Labels): readonly Sample[] {
  return [{ labels, value: 1 }];
}

/** A sample for each of the names, 1 for the one that it is.
 *  @param is where it is none of them, none is 1; where it is empty, there are no samples */
export function oneOf(label: string, names: readonly string[], is: string): readonly Sample[] {
  return is === '' ? [] : names.map((name) => ({ labels: [[label, name]], value: name === is ? 1 : 0 }));
}

const STATUSES = ['True', 'False', 'Unknown'];

/** The three states of one condition. */
export function states(condition: unknown, label: string, before: Labels = []): readonly Sample[] {
  const status = textAt(condition, 'status');
  return STATUSES.map((name) => ({
    labels: [...before, [label, name.toLowerCase()]],
    value: name === status ? 1 : 0,
  }));
}

/** The three states of each condition in `status.conditions`. */
export function conditions(object: unknown): readonly Sample[] {
  return listAt(object, 'status', 'conditions').flatMap((condition) =>
    states(condition, 'status', [['condition', textAt(condition, 'type')]]),
  );
}

export function conditionOf(object: unknown, type: string): unknown {
  return listAt(object, 'status', 'conditions').find((condition) => textAt(condition, 'type') === type);
}

export function gauge(
  name: string,
  help: string,
  samples: (object: unknown) => readonly Sample[],
  labels: readonly string[] = [],
): Family {
  return { name, type: 'gauge', help, labels, samples };
}

/** A number in the object. */
export function numberGauge(name: string, help: string, ...path: readonly string[]): Family {
  return gauge(name, help, (object) => one(numberAt(object, ...path)));
}

/** A number in the object that is 0 where it is left out, as the API server leaves out zeros. */
export function countGauge(name: string, help: string, ...path: readonly string[]): Family {
  return gauge(name, help, (object) => one(numberAt(object, ...path) ?? 0));
}

export function timeGauge(name: string, help: string, ...path: readonly string[]): Family {
  return gauge(name, help, (object) => one(secondsAt(object, ...path)));
}

export function flagGauge(name: string, help: string, ...path: readonly string[]): Family {
  return gauge(name, help, (object) => one(isAt(object, ...path) ? 1 : 0));
}

export function created(prefix: string): Family {
  return timeGauge(`${prefix}_created`, 'Unix creation timestamp', 'metadata', 'creationTimestamp');
}

export function deleted(prefix: string): Family {
  return timeGauge(`${prefix}_deletion_timestamp`, 'Unix deletion timestamp', 'metadata', 'deletionTimestamp');
}

export const CONDITION_LABELS = ['condition', 'status'];
const OWNER_LABELS = ['owner_kind', 'owner_name', 'owner_is_controller'];

/** @param what `Pod`, as the help text calls it */
export function owners(prefix: string, what: string): Family {
  const samples = (object: unknown): readonly Sample[] => {
    const references = listAt(object, 'metadata', 'ownerReferences');
    // An object without owner is told of too: joins go by it.
    if (references.length === 0) return info([]);
    return references.map((owner) => ({
      labels: [
        ['owner_kind', textAt(owner, 'kind')],
        ['owner_name', textAt(owner, 'name')],
        ['owner_is_controller', String(isAt(owner, 'controller'))],
      ],
      value: 1,
    }));
  };
  return gauge(`${prefix}_owner`, `Information about the ${what}'s owner.`, samples, OWNER_LABELS);
}

/** The owner that is the controller. */
export function controllerOf(object: unknown): unknown {
  return listAt(object, 'metadata', 'ownerReferences').find((owner) => isAt(owner, 'controller'));
}

/** A number, or a share of the replicas.
 *  @param round of a share of them */
export function scaledReplicas(value: unknown, replicas: number, round: (share: number) => number): number | undefined {
  if (typeof value === 'number') return value;
  const [, percent] = typeof value === 'string' ? (/^(\d+)%$/.exec(value) ?? []) : [];
  return percent === undefined ? undefined : round((Number(percent) * replicas) / 100);
}

/** A kind whose objects are in namespaces.
 *  @param label which holds the name */
export function namespaced(
  kind: Omit<Kind, 'identity' | 'identify'>,
  label: string,
  more: readonly 'uid'[] = [],
): Kind {
  return {
    ...kind,
    identity: ['namespace', label, ...more],
    identify: (object) => [
      ['namespace', textAt(object, 'metadata', 'namespace')],
      [label, textAt(object, 'metadata', 'name')],
      ...more.map((name) => [name, textAt(object, 'metadata', name)] as const),
    ],
  };
}

export function clusterWide(kind: Omit<Kind, 'identity' | 'identify'>, label: string): Kind {
  return {
    ...kind,
    identity: [label],
    identify: (object) => [[label, textAt(object, 'metadata', 'name')]],
  };
}

export function isPresent(object: unknown, ...path: readonly string[]): boolean {
  const value = at(object, ...path);
  return value !== undefined && value !== null;
}
