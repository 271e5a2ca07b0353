/** The part of a configuration that every agent has, wherever it runs: sources, what is done with their records, and sinks. */
import type { ListenerOptions } from '@vigie/core/http-server/listener';
import * as v from 'valibot';
import { consoleSchema } from '../sinks/console.ts';
import { elasticsearchSchema } from '../sinks/elasticsearch/config.ts';
import { fileSchema } from '../sinks/file.ts';
import { httpSchema } from '../sinks/http.ts';
import { kafkaSchema } from '../sinks/kafka/config.ts';
import { logToMetricSchema } from '../sinks/log-to-metric/config.ts';
import { lokiSchema } from '../sinks/loki/config.ts';
import { otlpSchema } from '../sinks/otlp/config.ts';
import { splunkSchema } from '../sinks/splunk/sink.ts';
import type { SourceSection } from './source-section.ts';
import { type TransformConfig, transformSchema } from './transform-config.ts';

/** Of a source, a transform or a sink. */
export const componentName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name of letters, digits, _ and -'));

export const transformsSection = v.record(componentName, transformSchema);

export const sinksSection = v.pipe(
  v.record(
    componentName,
    v.variant('type', [
      elasticsearchSchema,
      fileSchema,
      httpSchema,
      kafkaSchema,
      splunkSchema,
      consoleSchema,
      logToMetricSchema,
      lokiSchema,
      otlpSchema,
    ]),
  ),
  v.minEntries(1, 'at least one sink'),
);

export type SinkConfig = v.InferOutput<typeof sinksSection>[string];

/** What the runtime looks at; an agent's own configuration has more. */
export interface RuntimeConfig {
  readonly data_dir: string;
  readonly listen: Omit<ListenerOptions, 'name'>;
  /** Milliseconds, as all times here. */
  readonly checkpoint_interval: number;
  readonly shutdown_grace: number;
  readonly sources: Readonly<Record<string, SourceSection>>;
  readonly transforms: Readonly<Record<string, TransformConfig>>;
  readonly sinks: Readonly<Record<string, SinkConfig>>;
}
