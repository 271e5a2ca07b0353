/** sidecar.yaml. Loaded only while it is read: with its libraries it takes memory that an idle sidecar has no use for. */
import type { Environment } from '@vigie/core/config/environment';
import { duration, filePath, section, text } from '@vigie/core/config/fields';
import { listen } from '@vigie/core/config/listen';
import { loadConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath } from '@vigie/core/config/problem';
import type { HostPort } from '@vigie/core/host-port';
import { LOG_LEVELS } from '@vigie/core/log-levels';
import { bufferProblems } from '@vigie/log-pipeline/agent/buffer-config';
import { componentName, sinksSection, transformsSection } from '@vigie/log-pipeline/agent/config';
import { memoryProblems } from '@vigie/log-pipeline/agent/kernel-sizes';
import { fileSourceEntries, logPaths } from '@vigie/log-pipeline/agent/source-section';
import { wiringProblems } from '@vigie/log-pipeline/agent/wiring';
import { logMetricProblems } from '@vigie/log-pipeline/sinks/log-to-metric/config';
import { lokiReceiverSchema, otlpReceiverSchema } from '@vigie/log-pipeline/sources/receiver';
import * as v from 'valibot';

/** A source of type file: what the containers of the pod write into a shared volume. */
const podFilesSchema = v.pipe(
  section({
    ...fileSourceEntries,
    /** Default: the files of the command line. */
    paths: v.optional(logPaths),
    max_open_files: v.optional(fileSourceEntries.max_open_files.wrapped, 128),
    deleted_bytes_limit: v.optional(fileSourceEntries.deleted_bytes_limit.wrapped, '64MiB'),
    /** The container that writes them. Default: of the whole pod's. */
    container: v.optional(text()),
  }),
  v.transform((config) => ({
    ...config,
    paths: config.paths ?? [],
    static_labels: {},
    // Only runtimes write lines in parts, and only a node has more than one pod.
    partial_timeout: 0,
    limits: {},
  })),
);

const sourceSchema = v.variant(
  'type',
  [podFilesSchema, otlpReceiverSchema, lokiReceiverSchema],
  '"file", "otlp" or "loki_push": the logs of containers, the journal and the events of the cluster are for the node agent',
);

/** A whole sidecar.yaml; how its parts go together is not checked (shipProblems). */
export const shipSchema = section({
  data_dir: v.optional(text(), '/var/lib/vigie-sidecar'),
  listen: v.optional(listen(), '127.0.0.1:9881'),
  log_level: v.optional(v.picklist(LOG_LEVELS), 'warn'),
  checkpoint_interval: v.optional(duration({ min: 10, max: 60_000 }), '1s'),
  /** How long SIGTERM waits until all is delivered; below the 30 s after which Kubernetes kills. */
  shutdown_grace: v.optional(duration({ max: 3_600_000 }), '25s'),
  /** A drain begins its end when nobody has written for so long. */
  drain_quiet: v.optional(duration({ max: 600_000 }), '1s'),
  /** Ends when this file exists. */
  until: v.optional(filePath()),
  /** Ends when the last process of this name has ended. */
  until_exit: v.optional(text()),
  /** Name of the cluster, for its records. */
  cluster: v.optional(text()),
  /** What is said of the pod in every record, beside what its environment says. */
  pod: v.optional(
    section({
      /** Name of the container whose logs these are. Default: CONTAINER_NAME. */
      container: v.optional(text()),
      /** Of the downward API's volume: metadata.labels. Default: POD_LABELS_FILE. */
      labels_file: v.optional(filePath()),
      /** metadata.annotations. Default: POD_ANNOTATIONS_FILE. */
      annotations_file: v.optional(filePath()),
      /** Patterns of annotations that go into the documents. */
      annotations: v.optional(v.array(text()), []),
    }),
    {},
  ),
  sources: v.pipe(v.record(componentName, sourceSchema), v.minEntries(1, 'at least one source')),
  transforms: v.optional(transformsSection, {}),
  sinks: sinksSection,
});

export type ShipConfig = v.InferOutput<typeof shipSchema>;

/** What the command line says in place of the file, or beside it. */
export interface ShipArguments {
  readonly listen: HostPort | undefined;
  /** Absolute patterns, of sources that name no paths; undefined where the command line is not known. */
  readonly files: readonly string[] | undefined;
}

/** What is wrong with how the parts of a configuration go together. */
export function shipProblems(config: ShipConfig): { readonly path: ConfigPath; readonly expected: string }[] {
  const wiring = wiringProblems(config);
  return [
    ...wiring,
    ...bufferProblems(config),
    ...logMetricProblems(config),
    // Ways lead somewhere only where nothing is wrong with the wiring.
    ...(wiring.length === 0 ? memoryProblems(config) : []),
  ];
}

/** @throws {ConfigError} with every problem; {VigieError} CONFIG_UNREADABLE */
export async function loadShipConfig(
  file: string,
  environment: Environment,
  { listen: address, files }: ShipArguments,
): Promise<ShipConfig> {
  const { value, problemAt } = await loadConfig(file, shipSchema, environment);
  const problems = shipProblems(value);
  const sources: ShipConfig['sources'] = {};
  for (const [name, source] of Object.entries(value.sources)) {
    const asksForPaths = source.type === 'file' && source.paths.length === 0;
    sources[name] = asksForPaths ? { ...source, paths: [...(files ?? [])] } : source;
    if (asksForPaths && files?.length === 0) {
      problems.push({ path: ['sources', name], expected: 'paths, or files on the command line' });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.map(({ path, expected }) => problemAt(path, expected)));
  return { ...value, sources, ...(address === undefined ? {} : { listen: { ...value.listen, address } }) };
}
