import * as v from 'valibot';
import { multilineSchema } from '../multiline/multiline-section.ts';
import { dedupeSchema } from '../transforms/dedupe.ts';
import { filterSchema } from '../transforms/filter.ts';
import { parseAutoSchema } from '../transforms/parse-auto.ts';
import { parseJsonSchema } from '../transforms/parse-json.ts';
import { parseLogfmtSchema } from '../transforms/parse-logfmt.ts';
import { parseRegexSchema } from '../transforms/parse-regex/parse-regex.ts';
import { redactSchema } from '../transforms/redact.ts';
import { remapSchema } from '../transforms/remap.ts';
import { routeSchema } from '../transforms/route.ts';
import { sampleSchema } from '../transforms/sample.ts';
import { severitySchema } from '../transforms/severity.ts';
import { throttleSchema } from '../transforms/throttle.ts';
import { timestampSchema } from '../transforms/timestamp.ts';
import { traceSchema } from '../transforms/trace.ts';

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
