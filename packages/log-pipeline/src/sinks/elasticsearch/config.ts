import { duration, integer, section, size, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { endpointUrl, httpEntries } from '../http-client/settings.ts';
import { type NameTemplate, parseNameTemplate } from '../name-template.ts';
import { documentEntries, sinkEntries } from '../sink-section.ts';
import { isLegalName } from './target-names.ts';

/** Elastic's own templates roll over at these (docs: "logs" ILM policy); nothing is deleted unless asked for. */
const setupEntries = {
  rollover_size: v.optional(size({ min: 1 }), '50GiB'),
  rollover_age: v.optional(duration({ min: 1000 }), '30d'),
  delete_after: v.optional(duration({ min: 60_000 })),
  shards: v.optional(integer({ min: 1, max: 1024 })),
  replicas: v.optional(integer({ min: 0, max: 100 })),
};
const setupSection = section(setupEntries);

export type SetupOptions = v.InferOutput<typeof setupSection>;

const DEFAULT_DATA_STREAM = 'logs-kubernetes-default';

function nameTemplate() {
  return v.pipe(
    text(),
    v.rawTransform(({ dataset, addIssue, NEVER }): NameTemplate => {
      const parsed = parseNameTemplate(dataset.value);
      if (parsed.status === 'invalid') {
        addIssue({ message: parsed.reason });
        return NEVER;
      }
      const { template } = parsed;
      // A name written by hand is taken as it is or not at all: only what fields bring is made legal.
      const sample = template.parts.map((part) => (part.kind === 'text' ? part.text : '0')).join('');
      if (isLegalName(sample)) return template;
      addIssue({ message: 'a lower-case name without \\ / * ? " < > | , # : and spaces, not beginning with - _ +' });
      return NEVER;
    }),
  );
}

export const elasticsearchSchema = v.pipe(
  section({
    type: v.literal('elasticsearch'),
    ...sinkEntries,
    ...documentEntries,
    endpoints: v.pipe(v.array(endpointUrl()), v.minLength(1, 'at least one URL')),
    data_stream: v.optional(nameTemplate()),
    index: v.optional(nameTemplate()),
    id: v.optional(v.picklist(['none', 'deterministic']), 'deterministic'),
    data_stream_fields: v.optional(v.boolean(), false),
    max_names: v.optional(integer({ min: 1, max: 100_000 }), 200),
    pipeline: v.optional(text()),
    setup: v.optional(v.union([v.boolean(), setupSection]), false),
    ...httpEntries,
  }),
  v.check(({ data_stream, index }) => data_stream === undefined || index === undefined, 'either data_stream or index'),
  v.check(({ data_stream }) => data_stream?.dated !== true, 'a data_stream without a date: it rolls over by itself'),
  v.check(
    ({ index, data_stream_fields }) => index === undefined || !data_stream_fields,
    'data_stream_fields only with data_stream',
  ),
);

export type ElasticsearchSinkConfig = v.InferOutput<typeof elasticsearchSchema>;

/** Where records go. */
export interface Target {
  readonly kind: 'data_stream' | 'index';
  readonly template: NameTemplate;
}

export function targetOf(config: ElasticsearchSinkConfig): Target {
  if (config.index !== undefined) return { kind: 'index', template: config.index };
  if (config.data_stream !== undefined) return { kind: 'data_stream', template: config.data_stream };
  const parts = [{ kind: 'text', text: DEFAULT_DATA_STREAM }] as const;
  return { kind: 'data_stream', template: { source: DEFAULT_DATA_STREAM, parts, dated: false, hasFields: false } };
}

/** @returns undefined where nothing is to be installed */
export function setupOptionsOf(config: ElasticsearchSinkConfig): SetupOptions | undefined {
  if (config.setup === false) return undefined;
  return config.setup === true ? v.parse(setupSection, {}) : config.setup;
}
