import { filterSchema } from '@vigie/log-pipeline/transforms/filter';
import { parseJsonSchema } from '@vigie/log-pipeline/transforms/parse-json';
import * as v from 'valibot';

/** A section of `transforms`. */
export const transformSchema = v.variant('type', [filterSchema, parseJsonSchema]);

export type TransformConfig = v.InferOutput<typeof transformSchema>;
