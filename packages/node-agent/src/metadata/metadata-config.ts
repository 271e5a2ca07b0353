/** What agent.yaml says of pod metadata. */
import { duration, filePath, section, size, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { ANNOTATION_KEYS, DEFAULT_ALLOWED } from './annotations.ts';
import { type LabelSelector, parseLabelSelector } from './label-selector.ts';

export const METADATA_SOURCES = ['none', 'api', 'kubelet'] as const;

/** @returns undefined for an empty text, which selects everything */
export function labelSelector() {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }): LabelSelector | undefined => {
      if (dataset.value.trim() === '') return undefined;
      const parsed = parseLabelSelector(dataset.value);
      if (parsed.status === 'ok') return parsed.selects;
      addIssue({ message: parsed.reason });
      return NEVER;
    }),
  );
}

/** A watch tells of a pod before its containers run. The kubelet is asked again 10 s after the last time at the earliest,
 *  a tenth of jitter and the answer included within these. */
export const METADATA_WAIT_MS = { api: 2000, kubelet: 15_000 } as const;

/** Of a source of container logs. */
export const metadataEntries = {
  /** Default: `api` in a cluster, else `none`. */
  metadata: v.optional(v.picklist(METADATA_SOURCES)),
  /** How long a log waits for a pod that is not known yet. Default: METADATA_WAIT_MS. */
  metadata_wait: v.optional(duration({ max: 60_000 })),
  namespace_labels: v.optional(v.boolean(), false),
  annotations: v.optional(
    section({
      /** Patterns of annotations that go into the documents. */
      copy: v.optional(v.array(text()), []),
      /** What pods may ask for by their annotations. */
      allow: v.optional(v.array(v.picklist(ANNOTATION_KEYS)), [...DEFAULT_ALLOWED]),
      /** A pod may have a higher rate than limits.per_pod, up to this. */
      max_rate_limit: v.optional(size({ min: 1 })),
    }),
    {},
  ),
};

/** How to reach the API server and the kubelet; of the whole agent. */
export const kubernetesSection = section({
  /** Default: KUBECONFIG, the pod's ServiceAccount, ~/.kube/config. */
  kubeconfig: v.optional(filePath()),
  kubelet: v.optional(
    section({
      /** Default: https, the node's address (NODE_IP, else NODE_NAME), port 10250. */
      url: v.optional(v.pipe(text(), v.url('a URL'), v.regex(/^https?:\/\//, 'a URL with http or https'))),
      /** Signs the kubelet's certificate. Default: the cluster's authority. */
      ca_file: v.optional(filePath()),
      /** Takes any certificate for the kubelet's. */
      insecure_skip_verify: v.optional(v.boolean(), false),
      poll_interval: v.optional(duration({ min: 10_000, max: 3_600_000 }), '10s'),
    }),
    {},
  ),
});

export type KubernetesConfig = v.InferOutput<typeof kubernetesSection>;
