/** `tests:` in agent.yaml: records that go in, and what is to come out. */
import { integer, section, text } from '@vigie/core/config/fields';
import { conditionSchema } from '@vigie/log-pipeline/transforms/conditions/condition-schema';
import * as v from 'valibot';

const objectName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a name as Kubernetes has them'),
);
const time = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, 'a time such as 2026-11-21T10:00:00.5Z'),
);

const inputSchema = section({
  /** The transform that it goes into. */
  insert_at: text(),
  /** What the container wrote; each line is one of its log's. */
  message: v.optional(v.string(), ''),
  stream: v.optional(v.picklist(['stdout', 'stderr']), 'stdout'),
  /** When it was written. */
  time: v.optional(time, '2026-01-01T00:00:00Z'),
  kubernetes: v.optional(
    section({
      namespace: v.optional(objectName, 'default'),
      pod: v.optional(objectName, 'test-pod'),
      container: v.optional(objectName, 'test'),
      labels: v.optional(v.record(text(), v.string()), {}),
    }),
    {},
  ),
  /** What earlier transforms would have parsed. */
  fields: v.optional(v.record(text(), v.unknown()), {}),
});

const outputSchema = section({
  /** A transform, or an output of a route. */
  extract_from: text(),
  /** Each is met by one record at least. */
  conditions: v.optional(v.array(conditionSchema), []),
  /** Records that come out in all. */
  count: v.optional(integer({ min: 0 })),
});

const names = v.optional(v.array(text()), []);

export const testSchema = v.pipe(
  section({
    name: text(),
    inputs: v.pipe(v.array(inputSchema), v.minLength(1, 'at least one input')),
    outputs: v.optional(v.array(outputSchema), []),
    no_outputs_from: names,
  }),
  v.check(
    ({ outputs, no_outputs_from: none }) => outputs.length + none.length > 0,
    'something to expect: outputs or no_outputs_from',
  ),
);

export type ConfigTest = v.InferOutput<typeof testSchema>;
export type ConfigTestInput = v.InferOutput<typeof inputSchema>;
