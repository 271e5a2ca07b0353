import { duration, integer, section, size, text } from '@vigie/core/config/fields';
import { isLabelName } from '@vigie/wire/loki/labels';
import * as v from 'valibot';
import { endpointUrl, httpEntries } from '../http-client/settings.ts';
import { type NameTemplate, parseNameTemplate } from '../name-template.ts';
import { batchEntry, sinkEntries } from '../sink-section.ts';

/** Beside the facts of the container: `stdout` or `stderr`. */
export const STREAM_FIELD = 'stream';
/** Added to the labels of records that come late. */
export const LATE_LABEL = 'late';
/** Loki's max_label_names_per_series is 15, and `late` is one. */
const MAX_LABELS = 14;

function template(more: readonly string[]) {
  return v.pipe(
    text(),
    v.rawTransform(({ dataset, addIssue, NEVER }): NameTemplate => {
      const parsed = parseNameTemplate(dataset.value, more);
      if (parsed.status === 'ok' && !parsed.template.dated) return parsed.template;
      addIssue({ message: parsed.status === 'invalid' ? parsed.reason : 'a value without a date' });
      return NEVER;
    }),
  );
}

const labelName = v.pipe(
  v.string(),
  v.check(isLabelName, 'a label name of letters, digits and _, not beginning with a digit'),
  v.check((name) => name !== LATE_LABEL, `another name: records that come late have the label ${LATE_LABEL}`),
  v.check((name) => !name.startsWith('__'), 'a name without __ before it: those are Loki’s own'),
);

const metadataName = v.pipe(v.string(), v.check(isLabelName, 'a name of letters, digits and _'));

const { compression: _compression, ...httpEntriesOfLoki } = httpEntries;

export const lokiSchema = section({
  type: v.literal('loki'),
  ...sinkEntries,
  /** Loki's components speak gRPC among each other, with messages of 4 MiB at most. */
  batch: batchEntry('1MiB'),
  endpoints: v.pipe(v.array(endpointUrl()), v.minLength(1, 'at least one URL, without /loki/api/v1/push')),
  /** One stream for each set of values, and every stream costs Loki memory: few values, that do not change. */
  labels: v.optional(
    v.pipe(
      v.record(labelName, template([STREAM_FIELD])),
      v.minEntries(1, 'at least one label'),
      v.maxEntries(MAX_LABELS, `at most ${MAX_LABELS} labels`),
    ),
    {
      namespace: '{{ kubernetes.namespace }}',
      container: '{{ kubernetes.container.name }}',
      node: '{{ kubernetes.node.name }}',
      stream: `{{ ${STREAM_FIELD} }}`,
    },
  ),
  structured_metadata: v.optional(v.record(metadataName, template([])), {
    pod: '{{ kubernetes.pod.name }}',
    pod_uid: '{{ kubernetes.pod.uid }}',
    container_id: '{{ container.id }}',
  }),
  /** What transforms added goes into structured metadata too. */
  fields: v.optional(v.boolean(), true),
  max_names: v.optional(integer({ min: 1, max: 100_000 }), 1000),
  /** X-Scope-OrgID */
  tenant: v.optional(template([])),
  /** Loki's max_line_size. */
  max_line_size: v.optional(size({ min: 16 }), '256KiB'),
  /** Half of Loki's max_chunk_age, with a margin: what is older than that beside the newest record of its stream is refused. */
  late_after: v.optional(duration({ min: 1000 }), '30m'),
  ...httpEntriesOfLoki,
});

export type LokiSinkConfig = v.InferOutput<typeof lokiSchema>;
