import { integer, section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { endpointUrl, httpEntries } from '../http-client/settings.ts';
import { sinkEntries } from '../sink-section.ts';

/** The collector's receiver takes 20 MiB by default; a megabyte or so is where its own batches are cheapest. */
export const otlpSchema = v.pipe(
  section({
    type: v.literal('otlp'),
    ...sinkEntries,
    endpoints: v.pipe(v.array(endpointUrl()), v.minLength(1, 'at least one URL, without /v1/logs')),
    encoding: v.optional(v.picklist(['proto', 'json']), 'proto'),
    /** Attributes of one record; those beyond are counted in dropped_attributes_count. The specification's own default. */
    max_attributes: v.optional(integer({ min: 1, max: 10_000 }), 128),
    ...httpEntries,
  }),
  v.check(({ compression }) => compression?.algorithm !== 'deflate', 'compression none or gzip'),
);

export type OtlpSinkConfig = v.InferOutput<typeof otlpSchema>;
