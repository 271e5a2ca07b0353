/** What is told of the objects of one kind: a table of metrics. */

export type Labels = readonly (readonly [name: string, value: string])[];

export interface Sample {
  /** After those that say which object it is; one without a value is left out. */
  readonly labels: Labels;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** kube-state-metrics' words. */
  readonly help: string;
  /** Names of the labels besides those of the object, for the reference. */
  readonly labels: readonly string[];
  readonly samples: (object: unknown) => readonly Sample[];
}

export interface Kind {
  /** `pods`: kube-state-metrics' name of it, and the resource of its API group. */
  readonly resource: string;
  /** As client-go calls it, `*v1.Pod`. */
  readonly goType: string;
  /** `` is the core group. */
  readonly group: string;
  /** `/api/v1/pods` */
  readonly path: string;
  /** What `kube_…` begins with: `kube_pod`. */
  readonly prefix: string;
  /** Which object it is. */
  readonly identity: readonly string[];
  readonly identify: (object: unknown) => Labels;
  readonly families: readonly Family[];
}
