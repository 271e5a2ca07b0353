/** What `GET /explain?hpa=NAMESPACE/NAME` answers, and `vigie hpa explain` reads. */
import * as v from 'valibot';

const optionalNumber = v.optional(v.number());
const optionalText = v.optional(v.string());

const explainedMetric = v.object({
  /** As the controller names it. */
  metric: v.string(),
  /** `50% of requests`, `average 100`. */
  target: v.string(),
  /** Whom the cluster asks for it, where that is another: `kube-system/metrics-server`. */
  servedBy: optionalText,
  rule: optionalText,
  query: optionalText,
  series: v.array(
    v.object({ series: v.string(), value: optionalNumber, timestampMs: optionalNumber, problem: optionalText }),
  ),
  values: v.array(v.object({ name: v.string(), value: v.number(), timestampMs: v.number(), windowMs: optionalNumber })),
  missing: v.array(v.object({ name: v.string(), reason: v.string(), message: v.string() })),
  /** Pods that count otherwise than by their values, and why. */
  pods: v.array(v.object({ pod: v.string(), group: v.picklist(['unready', 'missing', 'ignored']), why: v.string() })),
  /** Why nothing can be computed from it. */
  problem: optionalText,
  /** Whether that is because nobody could tell: a query failed, another adapter is away, the object is none that can be asked for. */
  isRefused: v.optional(v.boolean()),
  computed: v.optional(
    v.object({
      /** In the metric's unit: the average of pods, or the value. */
      usage: v.number(),
      /** Per cent of requests. */
      utilization: optionalNumber,
      ratio: v.number(),
      replicas: v.number(),
      formula: v.string(),
    }),
  ),
});

export const explainedHpaSchema = v.object({
  namespace: v.string(),
  name: v.string(),
  /** `Deployment web` */
  target: v.string(),
  minReplicas: v.number(),
  maxReplicas: v.number(),
  /** `spec.replicas` and `status.replicas` of the target. */
  replicas: v.object({ wanted: v.number(), present: v.number() }),
  /** What keeps the controller from all metrics. */
  problem: optionalText,
  metrics: v.array(explainedMetric),
  next: v.object({ replicas: v.number(), reason: v.string(), note: optionalText }),
});

export type ExplainedHpa = v.InferOutput<typeof explainedHpaSchema>;
export type ExplainedMetric = v.InferOutput<typeof explainedMetric>;
