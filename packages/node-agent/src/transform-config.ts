import { multilineSchema } from '@vigie/log-pipeline/multiline/multiline-section';
import { filterSchema } from '@vigie/log-pipeline/transforms/filter';
import { parseJsonSchema } from '@vigie/log-pipeline/transforms/parse-json';
import { routeSchema } from '@vigie/log-pipeline/transforms/route';
import { severitySchema } from '@vigie/log-pipeline/transforms/severity';
import * as v from 'valibot';

/** A section of `transforms`. */
export const transformSchema = v.variant('type', [
  filterSchema,
  multilineSchema,
  parseJsonSchema,
  routeSchema,
  severitySchema,
]);

export type TransformConfig = v.InferOutput<typeof transformSchema>;
