import { multilineSchema } from '@vigie/log-pipeline/multiline/multiline-section';
import { dedupeSchema } from '@vigie/log-pipeline/transforms/dedupe';
import { filterSchema } from '@vigie/log-pipeline/transforms/filter';
import { parseAutoSchema } from '@vigie/log-pipeline/transforms/parse-auto';
import { parseJsonSchema } from '@vigie/log-pipeline/transforms/parse-json';
import { parseLogfmtSchema } from '@vigie/log-pipeline/transforms/parse-logfmt';
import { parseRegexSchema } from '@vigie/log-pipeline/transforms/parse-regex/parse-regex';
import { redactSchema } from '@vigie/log-pipeline/transforms/redact';
import { remapSchema } from '@vigie/log-pipeline/transforms/remap';
import { routeSchema } from '@vigie/log-pipeline/transforms/route';
import { sampleSchema } from '@vigie/log-pipeline/transforms/sample';
import { severitySchema } from '@vigie/log-pipeline/transforms/severity';
import { throttleSchema } from '@vigie/log-pipeline/transforms/throttle';
import { timestampSchema } from '@vigie/log-pipeline/transforms/timestamp';
import { traceSchema } from '@vigie/log-pipeline/transforms/trace';
import * as v from 'valibot';

/** A section of `transforms`. */
export const transformSchema = v.variant('type', [
  dedupeSchema,
  filterSchema,
  multilineSchema,
  parseAutoSchema,
  parseJsonSchema,
  parseLogfmtSchema,
  parseRegexSchema,
  redactSchema,
  routeSchema,
  severitySchema,
  remapSchema,
  sampleSchema,
  throttleSchema,
  timestampSchema,
  traceSchema,
]);

export type TransformConfig = v.InferOutput<typeof transformSchema>;
