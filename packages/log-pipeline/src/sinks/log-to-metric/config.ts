/** What agent.yaml says of metrics that are made from logs. */
import { duration, integer, section, text } from '@vigie/core/config/fields';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import type { BufferConfig } from '../../buffer/section.ts';
import { conditionSchema } from '../../transforms/conditions/condition-schema.ts';
import { templateSchema } from '../../transforms/fields/template.ts';
import { sinkEntries } from '../sink-section.ts';

const metricName = v.pipe(
  v.string(),
  v.regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'the name of a metric: letters, digits, _ and :, no digit first'),
);

/** Every series has the first three; `le` is a histogram's own. */
const TAKEN_LABELS = ['namespace', 'pod', 'container', 'le'];

const labelName = v.pipe(
  v.string(),
  v.regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/, 'the name of a label: letters, digits and _, no digit or __ first'),
  v.check((name) => !TAKEN_LABELS.includes(name), `a label other than ${TAKEN_LABELS.join(', ')}`),
);

const metricEntries = {
  name: metricName,
  /** For those who read the page. */
  help: v.optional(text()),
  /** Records that do not meet it are no samples. */
  condition: v.optional(conditionSchema),
  labels: v.optional(v.record(labelName, templateSchema), {}),
};

const counterSchema = section({
  type: v.literal('counter'),
  ...metricEntries,
  /** A field; unless given, each record counts one. */
  increment_by: v.optional(text()),
});

const gaugeSchema = section({ type: v.literal('gauge'), ...metricEntries, field: text() });

const BUCKETS_EXPECTED = 'upper bounds, each above the one before';

const histogramSchema = section({
  type: v.literal('histogram'),
  ...metricEntries,
  field: text(),
  /** Default: that of Prometheus' client libraries, for seconds. */
  buckets: v.optional(
    v.pipe(
      v.array(v.pipe(v.number(), v.finite(BUCKETS_EXPECTED))),
      v.minLength(1, BUCKETS_EXPECTED),
      v.maxLength(100, 'at most 100 buckets'),
      v.check((bounds) => bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!), BUCKETS_EXPECTED),
    ),
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ),
});

const logMetricSchema = v.variant(
  'type',
  [counterSchema, gaugeSchema, histogramSchema],
  'metrics of type counter, gauge or histogram',
);

export type LogMetricConfig = v.InferOutput<typeof logMetricSchema>;

/** Samples wait in memory for so little that nothing of it needs to be configured, and they are never refused. */
const DELIVERY = {
  batch: { max_bytes: 1024 * 1024, timeout: 200 },
  max_in_flight: 1,
  retry: { initial: 500, max: 30_000 },
  buffer: undefined as BufferConfig | undefined,
  dead_letter: undefined,
};

export const logToMetricSchema = v.pipe(
  section({
    type: v.literal('log_to_metric'),
    inputs: sinkEntries.inputs,
    metrics: v.pipe(
      v.array(logMetricSchema),
      v.minLength(1, 'at least one metric'),
      v.maxLength(100, 'at most 100 metrics'),
    ),
    /** Of each metric. */
    max_series: v.optional(integer({ min: 1, max: 100_000 }), 2000),
    /** The least is more than a request may wait. */
    expire: v.optional(duration({ min: 60_000 }), '10m'),
  }),
  v.transform((config) => ({ ...config, ...DELIVERY })),
);

export type LogToMetricConfig = v.InferOutput<typeof logToMetricSchema>;

interface MetricSinks {
  readonly sinks: Readonly<Record<string, { readonly type: string } | LogToMetricConfig>>;
}

/** All sinks share one page, where a name can stand for one metric only. */
export function logMetricProblems({ sinks }: MetricSinks): {
  readonly path: ConfigPath;
  readonly expected: string;
}[] {
  const problems: { readonly path: ConfigPath; readonly expected: string }[] = [];
  const owners = new Map<string, string>();
  for (const [sink, config] of Object.entries(sinks)) {
    if (!isLogToMetric(config)) continue;
    for (const [index, metric] of config.metrics.entries()) {
      const names = namesOnPage(metric);
      const taken = names.find((name) => owners.has(name));
      if (taken !== undefined) {
        const expected = `a name whose series are its own: sink ${owners.get(taken)} has ${taken}`;
        problems.push({ path: ['sinks', sink, 'metrics', index, 'name'], expected });
      }
      for (const name of names) owners.set(name, owners.get(name) ?? sink);
    }
  }
  return problems;
}

function isLogToMetric(config: { readonly type: string }): config is LogToMetricConfig {
  return config.type === 'log_to_metric';
}

function namesOnPage({ name, type }: LogMetricConfig): string[] {
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}
