/** What the monitors of the Prometheus operator have in common. */
import type { AssetLookup } from '@vigie/kube/custom-objects/assets';
import { type Fields, isGiven, type KeyNames, renamed } from '@vigie/kube/custom-objects/fields';
import { parseQuantity } from '@vigie/kube/parse-quantity';
import * as v from 'valibot';

export interface ObjectContext {
  readonly namespace: string;
  readonly name: string;
  readonly assets: AssetLookup;
  readonly fileAccess: boolean;
  /** Where a ServiceMonitor does not say. */
  readonly serviceDiscoveryRole: 'endpoints' | 'endpointslice';
}

/** Of the spec of each kind, in what it says of all its targets. */
export const LIMIT_KEYS: KeyNames = {
  sample_limit: 'sampleLimit',
  target_limit: 'targetLimit',
  label_limit: 'labelLimit',
  label_name_length_limit: 'labelNameLengthLimit',
  label_value_length_limit: 'labelValueLengthLimit',
  keep_dropped_targets: 'keepDroppedTargets',
  body_size_limit: 'bodySizeLimit',
  scrape_protocols: 'scrapeProtocols',
  fallback_scrape_protocol: 'fallbackScrapeProtocol',
  scrape_native_histograms: 'scrapeNativeHistograms',
  native_histogram_bucket_limit: 'nativeHistogramBucketLimit',
  native_histogram_min_bucket_factor: 'nativeHistogramMinBucketFactor',
  always_scrape_classic_histograms: 'scrapeClassicHistograms',
  convert_classic_histograms_to_nhcb: 'convertClassicHistogramsToNHCB',
  extra_scrape_metrics: 'extraScrapeMetrics',
};

/** Those of LIMIT_KEYS that are given. */
export function limitFields(spec: Fields): Fields {
  const limits = renamed(spec, LIMIT_KEYS);
  const { nativeHistogramMinBucketFactor: quantity } = spec;
  // `1100m` is 1.1; what is no quantity is refused with the job.
  const factor = typeof quantity === 'string' ? parseQuantity(quantity) : undefined;
  return factor === undefined ? limits : { ...limits, native_histogram_min_bucket_factor: factor };
}

/** Of an endpoint. */
export const ENDPOINT_KEYS: KeyNames = {
  honor_timestamps: 'honorTimestamps',
  track_timestamps_staleness: 'trackTimestampsStaleness',
  scrape_interval: 'interval',
  scrape_timeout: 'scrapeTimeout',
  metrics_path: 'path',
  params: 'params',
};

export const portName = v.nullish(v.string(), '');
/** intstr.IntOrString: a name is a text, a number a number. */
export const targetPort = v.nullish(v.union([v.string(), v.number()]));
export const lowerCase = v.pipe(
  v.nullish(v.string(), ''),
  v.transform((text) => text.toLowerCase()),
);
export const labelNames = v.nullish(v.array(v.string()), []);
export const namespaceSelector = v.nullish(
  v.object({ any: v.nullish(v.boolean(), false), matchNames: v.nullish(v.array(v.string()), []) }),
  { any: false, matchNames: [] },
);
export const attachMetadata = v.nullish(
  v.object({ node: v.nullish(v.boolean(), false), namespace: v.nullish(v.boolean()) }),
);

/** @param own the namespace of the object, where it names no other */
export function kubernetesDiscovery(
  role: string,
  { any, matchNames }: v.InferOutput<typeof namespaceSelector>,
  own: string,
  attach?: v.InferOutput<typeof attachMetadata>,
): Fields {
  const names = any ? [] : matchNames.length > 0 ? matchNames : [own];
  const sd = {
    role,
    ...(names.length > 0 && { namespaces: { names } }),
    ...(attach != null && {
      attach_metadata: { node: attach.node, ...(attach.namespace != null && { namespace: attach.namespace }) },
    }),
  };
  return { kubernetes_sd_configs: [sd] };
}

/** @returns undefined without a port: 0 and '' are none */
export function givenPort(port: string | number | null | undefined): string | undefined {
  return isGiven(port) && port !== 0 ? String(port) : undefined;
}

/** `spec.endpoints[0].port: expected …` of what valibot found. */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): readonly string[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
    return `spec${path.join('')}: expected ${issue.expected ?? issue.message}`;
  });
}
