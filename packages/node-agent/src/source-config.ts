import { duration, section, size, text } from '@vigie/core/config/fields';
import { fileSourceEntries, logPaths, readingEntries } from '@vigie/log-pipeline/agent/source-section';
import { journaldSchema } from '@vigie/log-pipeline/sources/journald/source';
import { lokiReceiverSchema, otlpReceiverSchema } from '@vigie/log-pipeline/sources/receiver';
import * as v from 'valibot';
import { kubernetesEventsSchema } from './events/events-config.ts';
import { labelSelector, metadataEntries } from './metadata/metadata-config.ts';

const names = v.optional(v.array(text()), []);

/** A token bucket: delay, never loss. */
const rateLimit = section({
  bytes_per_second: size({ min: 1 }),
  /** Default: one second's worth. */
  burst: v.optional(size({ min: 1 })),
});

/** A source of type kubernetes_logs: the container logs that the kubelet keeps on this node. */
export const kubernetesLogsSchema = section({
  type: v.literal('kubernetes_logs'),
  /** Absolute patterns of live files or links to them; rotated generations beside them are found from there. */
  paths: v.optional(logPaths, ['/var/log/containers/*.log']),
  ...readingEntries,
  include: v.optional(
    section({ namespaces: names, pods: names, containers: names, labels: v.optional(labelSelector(), '') }),
    {},
  ),
  exclude: v.optional(
    section({ namespaces: names, pods: names, containers: names, labels: v.optional(labelSelector(), '') }),
    {},
  ),
  ...metadataEntries,
  /** Labels given to every container of this source: for nodes that no API server knows. */
  static_labels: v.optional(v.record(text(), v.string()), {}),
  /** How long the beginning of a record waits for its end. */
  partial_timeout: v.optional(duration({ min: 1 }), '10s'),
  limits: v.optional(section({ per_pod: v.optional(rateLimit), per_namespace: v.optional(rateLimit) }), {}),
});

export type KubernetesLogsConfig = v.InferOutput<typeof kubernetesLogsSchema>;

/** What sources of container logs say beside, for files that no container writes. */
function noPods(): Omit<KubernetesLogsConfig, 'type'> {
  const { type: _, ...defaults } = v.parse(kubernetesLogsSchema, { type: 'kubernetes_logs', metadata: 'none' });
  return defaults;
}

/** A source of type file: any text files, line by line. */
export const fileSourceSchema = v.pipe(
  section(fileSourceEntries),
  v.transform(({ type, ...config }) => ({ ...noPods(), ...config, type })),
);

export const sourceSchema = v.variant('type', [
  kubernetesLogsSchema,
  fileSourceSchema,
  journaldSchema,
  kubernetesEventsSchema,
  otlpReceiverSchema,
  lokiReceiverSchema,
]);

export type SourceConfig = v.InferOutput<typeof sourceSchema>;
export type TailedConfig = Extract<SourceConfig, { type: 'kubernetes_logs' | 'file' }>;
export type PushedConfig = Exclude<SourceConfig, TailedConfig>;

/** Whether it reads files. */
export function isTailed(config: SourceConfig): config is TailedConfig {
  return config.type === 'kubernetes_logs' || config.type === 'file';
}

export function tailedSources(sources: Readonly<Record<string, SourceConfig>>): Record<string, TailedConfig> {
  const tailed: Record<string, TailedConfig> = {};
  for (const [name, config] of Object.entries(sources)) if (isTailed(config)) tailed[name] = config;
  return tailed;
}
