/** What the APIs answer with, before it is written in the form of one of their versions. */
import type { GroupResource } from './request-path.ts';

/** An object of the cluster that a metric is of. */
export interface DescribedObject {
  readonly kind: string;
  /** `apps/v1`; `/v1` for the core group, as Go's library has it. */
  readonly apiVersion: string;
  /** '' for what is in no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/** A value of a custom metric. */
export interface ObjectValue {
  readonly object: DescribedObject;
  /** Of the oldest of the newest samples that it was made of; Unix ms. */
  readonly timestampMs: number;
  /** What it is a rate or mean over; undefined for a value of a moment. */
  readonly windowMs: number | undefined;
  /** Finite. */
  readonly value: number;
}

/** A value of an external metric. */
export interface ExternalValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly windowMs: number | undefined;
  /** Finite. */
  readonly value: number;
}

export interface Usage {
  /** Cores. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

interface UsageOfObject {
  readonly name: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly windowMs: number;
}

export interface PodUsage extends UsageOfObject {
  readonly namespace: string;
  /** By name, not empty. */
  readonly containers: readonly (Usage & { readonly name: string })[];
}

export interface NodeUsage extends UsageOfObject {
  readonly usage: Usage;
}

/** What a metric that is offered is made of. */
export interface MetricOrigin {
  /** `rules[0]` of the adapter's configuration, `default`, or `delegate`. */
  readonly rule: string;
  /** Its name; '' where another adapter knows. */
  readonly series: string;
}

/** A metric that is offered for a kind of object. */
export interface OfferedMetric {
  readonly object: GroupResource;
  readonly isNamespaced: boolean;
  readonly metric: string;
  readonly origins: readonly MetricOrigin[];
}

/** The same of an external metric. */
export interface OfferedExternal {
  readonly metric: string;
  readonly origins: readonly MetricOrigin[];
}
