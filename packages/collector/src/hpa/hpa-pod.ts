/** A pod, as far as the controller computes with it. */

export interface HpaContainer {
  readonly name: string;
  /** Thousandths by resource. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface HpaPod {
  readonly name: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly isDeleted: boolean;
  /** Unix ms; undefined until a kubelet has it. */
  readonly startedAtMs: number | undefined;
  /** Its condition Ready; undefined without. `changedAtMs` is Unix ms, 0 where the condition does not say. */
  readonly ready: { readonly status: 'True' | 'False' | 'Unknown'; readonly changedAtMs: number } | undefined;
  /** Init containers that go on running among them. */
  readonly containers: readonly HpaContainer[];
  /** `spec.resources.requests`; undefined where the pod has none. */
  readonly podRequests: Readonly<Record<string, number>> | undefined;
}

/** What a pod has of a metric. */
export interface PodMetric {
  /** Thousandths. */
  readonly milli: number;
  readonly timestampMs: number;
  readonly windowMs: number;
}

/** Without one in the answer, the controller takes a minute. */
export const DEFAULT_WINDOW_MS = 60_000;
