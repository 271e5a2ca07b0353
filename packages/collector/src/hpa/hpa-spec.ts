/** A HorizontalPodAutoscaler, as far as its controller computes with it. Source: kubernetes v1.36.3, api/autoscaling/v2 and
 *  pkg/apis/autoscaling/v2/defaults.go. Amounts are thousandths, as the controller has them. */

/** What a metric is compared with. `utilization` is per cent of what pods request. */
export type MetricTarget =
  | { readonly type: 'utilization'; readonly percent: number }
  | { readonly type: 'average_value'; readonly milli: number }
  | { readonly type: 'value'; readonly milli: number };

/** Selectors are text, as in a query: `app=web`; '' for everything. */
export type MetricSpec =
  | { readonly type: 'resource'; readonly resource: string; readonly target: MetricTarget }
  | {
      readonly type: 'container_resource';
      readonly resource: string;
      readonly container: string;
      readonly target: MetricTarget;
    }
  | { readonly type: 'pods'; readonly metric: string; readonly selector: string; readonly target: MetricTarget }
  | {
      readonly type: 'object';
      readonly metric: string;
      readonly selector: string;
      readonly object: { readonly apiVersion: string; readonly kind: string; readonly name: string };
      readonly target: MetricTarget;
    }
  | { readonly type: 'external'; readonly metric: string; readonly selector: string; readonly target: MetricTarget };

export interface ScalingPolicy {
  readonly type: 'pods' | 'percent';
  readonly value: number;
  readonly periodSeconds: number;
}

export interface ScalingRules {
  /** undefined, of scaling down: the controller's own. */
  readonly stabilizationWindowSeconds: number | undefined;
  readonly selectPolicy: 'max' | 'min' | 'disabled';
  readonly policies: readonly ScalingPolicy[];
  /** Share of the target; undefined: the controller's own. */
  readonly tolerance: number | undefined;
}

export interface Behavior {
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

export interface HpaSpec {
  readonly namespace: string;
  readonly name: string;
  readonly scaleTarget: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly MetricSpec[];
  /** undefined where the object has none: then the controller's older rules hold. */
  readonly behavior: Behavior | undefined;
}

/** The flags of the controller that its results depend on, with its defaults. */
export interface ControllerOptions {
  readonly tolerance: number;
  readonly cpuInitializationPeriodMs: number;
  readonly initialReadinessDelayMs: number;
  readonly downscaleStabilizationMs: number;
  readonly syncPeriodMs: number;
}

export const CONTROLLER_DEFAULTS: ControllerOptions = {
  tolerance: 0.1,
  cpuInitializationPeriodMs: 300_000,
  initialReadinessDelayMs: 30_000,
  downscaleStabilizationMs: 300_000,
  syncPeriodMs: 15_000,
};

export const DEFAULT_SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'max',
  policies: [
    { type: 'pods', value: 4, periodSeconds: 15 },
    { type: 'percent', value: 100, periodSeconds: 15 },
  ],
  tolerance: undefined,
};

export const DEFAULT_SCALE_DOWN: ScalingRules = {
  stabilizationWindowSeconds: undefined,
  selectPolicy: 'max',
  policies: [{ type: 'percent', value: 100, periodSeconds: 15 }],
  tolerance: undefined,
};

/** 80 % of the CPU that pods request. */
export const DEFAULT_METRIC: MetricSpec = {
  type: 'resource',
  resource: 'cpu',
  target: { type: 'utilization', percent: 80 },
};

/** As the controller's events and conditions name it. */
export function describeMetric(spec: MetricSpec): string {
  switch (spec.type) {
    case 'resource':
      return spec.target.type === 'utilization'
        ? `${spec.resource} resource utilization (percentage of request)`
        : `${spec.resource} resource`;
    case 'container_resource':
      return spec.target.type === 'utilization'
        ? `${spec.resource} container resource utilization (percentage of request)`
        : `${spec.resource} resource`;
    case 'pods':
      return `pods metric ${spec.metric}`;
    case 'object':
      return spec.target.type === 'value'
        ? `${spec.object.kind} metric ${spec.metric}`
        : `external metric ${spec.metric}`;
    case 'external':
      return `external metric ${spec.metric}`;
  }
}
