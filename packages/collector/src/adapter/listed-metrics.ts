/** What `GET /explain/metrics` answers, and `vigie hpa explain --metrics` reads. */
import * as v from 'valibot';

const origins = v.array(
  v.object({
    /** `rules[0]` of the adapter's configuration, `default`, or `delegate`. */
    rule: v.string(),
    /** Its name; '' where another adapter knows. */
    series: v.string(),
  }),
);

export const listedMetricsSchema = v.object({
  resource: v.array(v.object({ metric: v.string(), rule: v.string(), query: v.optional(v.string()) })),
  /** Of kinds of objects: `pods`, `deployments.apps`. */
  custom: v.array(v.object({ resource: v.string(), metric: v.string(), origins })),
  external: v.array(v.object({ metric: v.string(), origins })),
});

export type ListedMetrics = v.InferOutput<typeof listedMetricsSchema>;
